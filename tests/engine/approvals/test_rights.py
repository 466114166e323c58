"""Every act has its row in the table of rights, and every role does just what that says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine.approvals.acts import ACTS, plan_of
from engine.approvals.plan import Proposal
from engine.approvals.rights import RIGHTS, are_enough, check_right, keys_in_force
from engine.config import Config
from engine.errors import ActRefused
from tests.engine.approvals.people import ROLES, People

NOW = datetime(2026, 11, 22, tzinfo=UTC)
DAY = timedelta(days=1)
LOOKS_ONLY = {"support", "auditor"}


def test_every_act_has_rights_and_every_right_an_act() -> None:
    assert set(RIGHTS) == set(ACTS)
    assert all(RIGHTS.values())
    assert not LOOKS_ONLY & {role for roles in RIGHTS.values() for role in roles}


def test_a_person_may_what_the_role_may(people: People) -> None:
    staff = [people.row(name) for name in ROLES]
    for act, roles in RIGHTS.items():
        for name, role in ROLES.items():
            if role in roles:
                assert check_right(staff, name, act) == role
            else:
                with pytest.raises(ActRefused, match=f"{name} is {role}: to {act} is for "):
                    check_right(staff, name, act)


def test_nobody_may_what_nobody_named(people: People) -> None:
    with pytest.raises(ActRefused, match="is for nobody"):
        check_right([people.row("ben")], "ben", "close")
    with pytest.raises(ActRefused, match="names no staff zoe"):
        check_right([people.row("ben")], "zoe", "approve")


def test_keys_are_in_force_from_their_first_moment_until_before_their_last(people: People) -> None:
    staff = [
        people.row("ann", until=NOW),
        people.row("ben", **{"from": NOW}),
        people.row("cleo", **{"from": NOW - DAY, "until": NOW + DAY}),
    ]
    found = {name: bool(keys_in_force(staff, name, NOW)) for name in ("ann", "ben", "cleo", "sue")}
    assert found == {"ann": False, "ben": True, "cleo": True, "sue": False}


@pytest.mark.parametrize(
    ("names", "persons", "enough"),
    [
        ({"ann"}, 1, True),
        ({"ann"}, 2, False),
        ({"ben", "cleo"}, 2, True),
        ({"ann", "ben"}, 2, True),
        ({"ann", "pat"}, 2, False),
        ({"ann", "pat"}, 3, False),
        ({"ann", "pat", "ben"}, 3, True),
        ({"ben"}, 2, False),
    ],
)
def test_where_two_must_sign_one_of_them_is_an_approver(
    people: People, names: set[str], persons: int, enough: bool
) -> None:
    pat = people.row("sue").model_copy(update={"name": "pat", "role": "payments"})
    staff = [*(people.row(name) for name in ROLES), pat]
    assert are_enough(staff, names, persons) is enough


def test_an_act_that_does_not_exist_plans_nothing(bench_config: Config) -> None:
    with pytest.raises(ActRefused, match="there is no act close"):
        plan_of(bench_config, Proposal(act="close"))
