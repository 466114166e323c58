"""What is offered is what the engine would do; what it would not, says why."""

from __future__ import annotations

import pytest

from engine.approvals.acts import ACTS, plan_of
from engine.approvals.offers import NEEDS, may, offers_on
from engine.approvals.plan import Proposal
from engine.approvals.rights import RIGHTS
from engine.config import Config
from engine.deposits import rules
from engine.errors import CashierError
from tests.engine.house import add_client, add_deposit
from tests.web.till import Till


@pytest.fixture
def held(bench_config: Config) -> str:
    Till(bench_config)
    add_client("CR1")
    return str(add_deposit(bench_config, "CR1", state="held", units=5).id)


def _offered(config: Config, payment: str, role: str) -> dict[str, str]:
    return {offer.act: offer.why_not for offer in offers_on(config, payment, role=role)}


def test_a_role_sees_only_what_it_may_do(bench_config: Config, held: str) -> None:
    assert set(_offered(bench_config, held, "approver")) == {
        *("approve", "refuse", "book", "refund", "note")
    }
    assert set(_offered(bench_config, held, "payments")) == {"refuse", "book", "refund", "note"}
    assert [_offered(bench_config, held, role) for role in ("support", "auditor", "")] == [{}] * 3


def test_what_cannot_be_done_now_says_why(bench_config: Config, held: str) -> None:
    offered = _offered(bench_config, held, "approver")
    assert (offered["approve"], offered["refuse"], offered["note"]) == ("", "", "")
    assert "belongs to client CR1" in offered["book"]
    assert "not final yet" in offered["refund"]


def test_a_coin_of_nobody_is_booked_and_not_approved(bench_config: Config) -> None:
    Till(bench_config)
    nobodys = add_deposit(bench_config, None, state="held", units=5, reason=rules.HELD_NOBODY)
    offered = _offered(bench_config, nobodys.id, "approver")
    assert offered["book"] == ""
    assert "belongs to nobody" in offered["approve"]


def test_a_payment_at_its_end_offers_nothing_but_a_note(bench_config: Config) -> None:
    Till(bench_config)
    add_client("CR1")
    done = add_deposit(bench_config, "CR1", state="credited", units=5)
    offered = _offered(bench_config, done.id, "approver")
    assert [act for act, why_not in offered.items() if not why_not] == ["note"]
    assert offers_on(bench_config, "0" * 32, role="approver") == ()


def test_roles_and_needs_are_of_acts_that_there_are() -> None:
    assert set(RIGHTS) <= ACTS
    assert set(NEEDS) <= ACTS
    assert may("approver", "approve")
    assert not may("payments", "approve")
    assert not may("approver", "dance")


@pytest.mark.parametrize("act", [act for act, what in NEEDS.items() if what == "reason"])
def test_an_act_that_needs_a_reason_is_refused_without_one(
    bench_config: Config, held: str, act: str
) -> None:
    subject = {
        "pause": {"currency": "LTC"},
        "resume": {"currency": "LTC"},
        "block": {"client": "CR1"},
        "unblock": {"client": "CR1"},
        "adjust": {"currency": "LTC", "units": "1", "account": "+client:CR1|house"},
    }.get(act, {"payment": held})
    with pytest.raises(CashierError, match=r"reason|not blocked|nobody paused"):
        plan_of(bench_config, Proposal(act=act, **subject))
