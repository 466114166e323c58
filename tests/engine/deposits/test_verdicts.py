"""Credit, hold or refuse: what stands against a coin, and in which order it is asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from db.models import Payment
from engine.chain import Arrival, BlockRef
from engine.config import Config
from engine.deposits import rules
from engine.deposits.cases import Case, Owner, fact_of
from engine.deposits.verdicts import ACCUMULATING, judge
from engine.risk import NOT_ALLOWED, RiskHook
from tests.engine.house import add_deposit, house, new_batch

OWNER = Owner(
    address_id=1, address="rltc1q", created_height=5, used=False, client="ann", blocked=False
)
MINIMUM = 100
COINS = "0.000001"  # the same in whole coins


class Hook(RiskHook):
    """A hook of the site that refuses some amounts and holds others, and keeps what it was
    asked."""

    def __init__(self, *, refuse: Iterable[str] = (), hold: Iterable[str] = ()) -> None:
        self.asked: list[str] = []
        answers = dict.fromkeys(refuse, "refuse") | dict.fromkeys(hold, "hold")

        def decide(question: Any) -> str:
            self.asked.append(question["amount"])
            return answers.get(question["amount"], "allow")

        super().__init__(decide, timeout_s=30)


@pytest.fixture
def config(database: str, tmp_path: Path) -> Config:
    assert database
    return house(tmp_path, deposit_minimum=COINS, below_minimum="accumulate")


@pytest.fixture
def strict(database: str, tmp_path: Path) -> Config:
    assert database
    return house(tmp_path, deposit_minimum=COINS)


def case(config: Config, units: int, *, height: int = 9, **changes: Any) -> Case:
    """An arrival of `units` that has its confirmations."""
    arrival = Arrival(f"{units:064x}", "vout:0", "LTC", "rltc1q", units, BlockRef(height, "bb"))
    owner = changes.pop("owner", OWNER)
    events = changes.pop("events", ("see", "confirm"))
    currency = config.currencies["LTC"]
    return Case(currency, fact_of(arrival), arrival=arrival, owner=owner, events=events, **changes)


def verdicts(cases: list[Case], hook: RiskHook | None = None) -> list[tuple[str, str] | None]:
    """Event and reason for each case."""
    found = judge(cases, hook)
    return [
        (found[at].event, found[at].reason) if at in found else None for at in range(len(cases))
    ]


CREDIT = ("credit", "")
SMALL = ("hold", rules.HELD_BELOW_MINIMUM)


def waiting(config: Config, units: int, *, address: str = "rltc1q", **columns: Any) -> Payment:
    """A small coin that is held until its sum is complete."""
    payment = add_deposit(config, "ann", state="held", units=units, address=address)
    with new_batch(config) as batch:
        batch.touch(payment, sub_state=ACCUMULATING, **columns)
    return payment


def test_a_coin_with_nothing_against_it_is_credited(strict: Config) -> None:
    assert verdicts([case(strict, MINIMUM), case(strict, 2**70)]) == [CREDIT, CREDIT]


def test_only_what_confirms_now_is_judged(strict: Config) -> None:
    confirmed = add_deposit(strict, "ann", state="confirmed", units=MINIMUM)
    pending = add_deposit(strict, "bob", state="pending", units=MINIMUM)
    cases = [
        case(strict, MINIMUM, events=("see",)),
        case(strict, MINIMUM, events=("unconfirm",), payment=confirmed),
        case(strict, MINIMUM, events=(), payment=confirmed),
        case(strict, MINIMUM, events=(), payment=pending),
        case(strict, MINIMUM, events=()),
    ]
    assert verdicts(cases) == [None, None, CREDIT, None, None]


def test_facts_hold_before_anybody_is_asked(strict: Config) -> None:
    hook = Hook()
    cases = [
        case(strict, 500, owner=None),
        case(strict, 501, owner=dataclasses.replace(OWNER, client=None)),
        case(strict, 502, owner=dataclasses.replace(OWNER, blocked=True)),
        case(strict, 503, height=4),
        case(strict, MINIMUM - 1),
    ]
    assert verdicts(cases, hook) == [
        ("hold", rules.HELD_NOBODY),
        ("hold", rules.HELD_NOBODY),
        ("hold", rules.HELD_BLOCKED),
        ("hold", rules.HELD_OLD_COIN),
        SMALL,
    ]
    assert hook.asked == []


def test_a_coin_in_the_block_of_its_address_is_not_old(strict: Config) -> None:
    assert verdicts([case(strict, MINIMUM, height=OWNER.created_height)]) == [CREDIT]


def test_the_hook_is_asked_about_each_coin_once_and_obeyed(strict: Config) -> None:
    hook = Hook(refuse=["0.000002"], hold=["0.000003"])
    assert verdicts([case(strict, units) for units in (100, 200, 300)], hook) == [
        CREDIT,
        ("refuse", NOT_ALLOWED),
        ("hold", "the risk check said hold"),
    ]
    assert hook.asked == [COINS, "0.000002", "0.000003"]


def test_small_coins_wait_until_their_sum_is_enough(config: Config) -> None:
    assert verdicts([case(config, 60)]) == [SMALL]
    assert judge([case(config, 60)], None)[0].sub_state == ACCUMULATING
    assert verdicts([case(config, 60), case(config, 39)]) == [SMALL, SMALL]
    assert verdicts([case(config, 60), case(config, 40)]) == [CREDIT, CREDIT]


def test_a_sum_takes_those_that_waited_with_it_once(config: Config) -> None:
    held = {waiting(config, 30).id, waiting(config, 30).id}
    cases = [case(config, 39), case(config, 1)]
    assert verdicts(cases) == [CREDIT, CREDIT]
    assert {payment.id for payment in cases[0].siblings} == held
    assert cases[1].siblings == []


def test_a_sum_is_of_one_address(config: Config) -> None:
    waiting(config, 99, address="another")
    other = dataclasses.replace(OWNER, address="third")
    assert verdicts([case(config, 60), case(config, 50, owner=other)]) == [SMALL, SMALL]


def test_what_is_held_for_another_reason_is_in_no_sum(config: Config) -> None:
    add_deposit(config, "ann", state="held", units=99, address="rltc1q")
    waiting(config, 99, unsettled=True)
    assert verdicts([case(config, 60)]) == [SMALL]


def test_what_the_hook_does_not_allow_completes_no_sum(config: Config) -> None:
    waiting(config, 50)
    hook = Hook(refuse=["0.0000006"], hold=["0.0000007"])
    cases = [case(config, 60), case(config, 70), case(config, 10)]
    assert verdicts(cases, hook) == [
        ("refuse", NOT_ALLOWED),
        ("hold", "the risk check said hold"),
        SMALL,
    ]
    assert not any(each.siblings for each in cases)
    assert len(hook.asked) == 3


def test_a_waiting_coin_that_leaves_its_block_now_is_in_no_sum(config: Config) -> None:
    for event in ("unsettle", "reverse"):
        held = waiting(config, 60)
        moving = case(config, 60, payment=held, events=(event,))
        assert verdicts([case(config, 50), moving]) == [SMALL, None]
        with new_batch(config) as batch:
            batch.touch(held, sub_state="")


def test_a_waiting_coin_that_is_judged_itself_is_released_as_the_same_object(
    config: Config,
) -> None:
    held = waiting(config, 60)
    moving = case(config, 60, payment=Payment.get_by_id(held.id), events=("settle",))
    cases = [moving, case(config, 50)]
    assert verdicts(cases) == [None, CREDIT]
    [sibling] = cases[1].siblings
    assert sibling is moving.payment


def ruled(folder: Path, *rules: dict[str, Any]) -> Config:
    given = [
        {"name": f"r{at}", "kind": "deposit", "currency": "LTC", **rule}
        for at, rule in enumerate(rules)
    ]
    return house(folder, tables={"rule": given}, deposit_minimum=COINS)


@pytest.mark.usefixtures("database")
def test_a_rule_holds_or_refuses_by_amount_and_client(tmp_path: Path) -> None:
    config = ruled(
        tmp_path,
        {"clients": ["ann"], "above": "0.00001", "then": "refuse", "reason": "Too much"},
        {"above": "0.000005", "then": "hold"},
    )
    bob = dataclasses.replace(OWNER, client="bob")
    cases = [case(config, 1001), case(config, 1001, owner=bob), case(config, 500)]
    assert verdicts(cases) == [("refuse", "Too much"), ("hold", rules.HELD_BY_RULE), CREDIT]


@pytest.mark.usefixtures("database")
def test_an_allow_ends_the_rules_and_passes_over_nothing_else(tmp_path: Path) -> None:
    config = ruled(tmp_path, {"clients": ["ann"], "then": "allow"}, {"then": "refuse"})
    hook = Hook(hold=["0.000002"])
    cases = [case(config, 200), case(config, 300), case(config, MINIMUM - 1)]
    assert verdicts(cases, hook) == [("hold", "the risk check said hold"), CREDIT, SMALL]
