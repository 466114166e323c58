"""What staff must know is found, and only then; and a flood of it stays a few lines."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from db.findings import Break
from db.models import Brake, Chain, Parked, Payment
from engine import chains
from engine.alerts.facts import ALONE_MAX, FLAWS, Fact, find
from engine.audit import seals
from engine.audit.keys import load_or_create
from engine.clock import rfc3339
from engine.config import Config
from engine.installation import ensure_id
from engine.sender.by_nonce.settle import FAILED
from engine.withdrawals.decide import HELD_AMOUNT
from tests.engine.house import NOW, add_client, add_deposit, house, new_batch

COIN = 10**8


@pytest.fixture
def config(database: str, tmp_path: Path) -> Config:
    """A house on which all is well."""
    assert database
    config = house(tmp_path, withdrawal={"total_hourly": "5", "total_daily": "20"})
    chains.ensure(config, NOW - timedelta(days=1))
    Chain.update(state="well", reason="").execute()
    add_client("ann")
    return config


def beside_seals(config: Config, *, after: timedelta) -> list[Fact]:
    """Every fact but one: nobody seals in these tests."""
    return [fact for fact in find(config, NOW + after) if fact.kind != "sealing_stopped"]


def kinds(config: Config, *, after: timedelta = timedelta()) -> list[str]:
    return [fact.kind for fact in beside_seals(config, after=after)]


def the_one(config: Config, *, after: timedelta = timedelta()) -> Fact:
    (fact,) = beside_seals(config, after=after)
    return fact


def withdrawal(config: Config, *, units: int = COIN, hold: str = "") -> Payment:
    with new_batch(config) as batch:
        payment = batch.open(
            kind="withdrawal",
            client="ann",
            currency="LTC",
            chain="LTC",
            address="rltc1q",
            units=units,
            fee_units=0,
            evidence={},
        )
        if hold:
            batch.move(payment, "hold", evidence={}, reason=hold)
    return payment


def add_break(kind: str = "unknown_spend", *, subject: str = "x", owner: str = "staff") -> None:
    Break.create(
        id=subject.rjust(32, "0"),
        currency="LTC",
        chain="LTC",
        kind=kind,
        subject=subject,
        units=-COIN,
        evidence=json.dumps({}),
        owner=owner,
        cure="look",
        first_seen=rfc3339(NOW),
        last_seen=rfc3339(NOW),
    )


def test_a_normal_day_has_nothing_to_tell(config: Config) -> None:
    add_deposit(config, "ann", state="credited", units=COIN)
    withdrawal(config)
    assert find(config, NOW) == []


def test_a_node_is_told_of_after_minutes_and_not_before(config: Config) -> None:
    chains.note_trouble("LTC", "connection refused", NOW)
    assert kinds(config, after=timedelta(minutes=4)) == []
    fact = the_one(config, after=timedelta(minutes=5))
    assert (fact.kind, fact.currency) == ("node_unwell", "LTC")
    assert "connection refused; cashier check LTC" in fact.text


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("unknown_spend", "unknown_spend"),
        ("own_funds_negative", "own_funds_negative"),
        ("missing_on_chain", "break_opened"),
        ("a_kind_of_a_newer_program", "break_opened"),
    ],
)
def test_a_break_for_staff_is_told_at_once(config: Config, kind: str, expected: str) -> None:
    add_break(kind)
    fact = the_one(config)
    assert (fact.kind, fact.subject) == (expected, f"{kind}/x")
    assert fact.details["amount"] == "-1"
    assert "-1 about x; look" in fact.text


def test_what_the_engine_cures_is_told_only_when_it_does_not(config: Config) -> None:
    add_break("state_lags", owner="engine")
    assert kinds(config) == []
    assert kinds(config, after=timedelta(minutes=31)) == ["break_opened"]


def test_a_node_that_is_unwell_is_not_told_twice(config: Config) -> None:
    add_break("node_unwell")
    assert kinds(config) == []


def test_a_reversed_deposit_is_told(config: Config) -> None:
    payment = add_deposit(config, "ann", state="reversed", units=COIN)
    fact = the_one(config)
    assert (fact.kind, fact.subject) == ("deposit_reversed", payment.id)
    assert fact.details == {"payment": payment.id, "client": "ann"}


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_payment_that_the_database_does_not_prove_is_told_at_once(
    config: Config, flaw: str
) -> None:
    withdrawal(config, hold=flaw)
    assert kinds(config) == ["payment_unproved"]
    assert kinds(config, after=timedelta(hours=2)) == ["payment_unproved"]


def test_what_is_held_is_told_after_an_hour(config: Config) -> None:
    payment = withdrawal(config, hold=HELD_AMOUNT)
    assert kinds(config, after=timedelta(minutes=59)) == []
    fact = the_one(config, after=timedelta(hours=1))
    assert (fact.kind, fact.subject) == ("held_too_long", payment.id)
    assert HELD_AMOUNT in fact.text


def test_more_than_all_clients_may_withdraw_is_told_until_the_window_has_passed(
    config: Config,
) -> None:
    for _ in range(3):
        withdrawal(config, units=2 * COIN, hold=HELD_AMOUNT)
    fact = the_one(config)
    assert (fact.kind, fact.subject) == ("total_passed", "total_hourly")
    assert "6 were asked for, more than total_hourly of 5" in fact.text
    later = kinds(config, after=timedelta(hours=1, seconds=1))
    assert "total_passed" not in later


def test_sweeps_that_the_engine_halted_are_told_and_those_of_a_person_are_not(
    config: Config,
) -> None:
    Brake.create(currency="LTC", kind="sweep", reason="a look", staff="ann", since="2026")
    assert kinds(config) == []
    Brake.update(staff="engine", reason="0.5 LTC did not arrive").execute()
    fact = the_one(config)
    assert (fact.kind, fact.subject) == ("sweeps_halted", "2026")
    assert "0.5 LTC did not arrive" in fact.text
    assert "cashier resume LTC sweeps" in fact.text


def test_sending_that_stopped_is_told_with_its_reason_once_a_currency(config: Config) -> None:
    for _ in range(3):
        withdrawal(config)
    Payment.update(sub_state="waiting", reason="waiting: the wallet is locked").execute()
    assert kinds(config, after=timedelta(minutes=15)) == []
    fact = the_one(config, after=timedelta(minutes=16))
    assert (fact.kind, fact.subject) == ("sending_stopped", "LTC")
    assert fact.text.endswith(": the wallet is locked")
    Brake.create(currency="LTC", kind="withdrawal", reason="x", staff="ann", since=rfc3339(NOW))
    assert kinds(config, after=timedelta(minutes=16)) == []


def test_what_was_signed_and_is_stuck_is_told_with_its_reason(config: Config) -> None:
    row = withdrawal(config)
    Payment.update(state="pending", attempt="a", reason="waiting: too dear").execute()
    assert kinds(config, after=timedelta(minutes=14)) == []
    fact = the_one(config, after=timedelta(minutes=15))
    assert (fact.kind, fact.subject) == ("send_stuck", row.id)
    assert fact.text.endswith(f": too dear; cashier show {row.id}")
    Payment.update(reason=FAILED).execute()
    assert kinds(config, after=timedelta(minutes=15)) == []


def test_what_nobody_can_read_is_told(config: Config) -> None:
    Parked.create(chain="LTC", key="tx/vout:0", reason="no amount", since=rfc3339(NOW))
    assert the_one(config).text == "LTC: tx/vout:0 cannot be used: no amount"


def test_histories_that_are_not_sealed_are_told(config: Config, tmp_path: Path) -> None:
    ensure_id()
    add_deposit(config, "ann", state="credited", units=COIN)
    assert find(config, NOW + timedelta(minutes=59)) == []
    assert [fact.kind for fact in find(config, NOW + timedelta(hours=1))] == ["sealing_stopped"]
    seals.seal(now=NOW, key=load_or_create(tmp_path / "audit-key"))
    assert find(config, NOW + timedelta(hours=1)) == []


@pytest.mark.parametrize("of", ["payments", "breaks"])
def test_a_flood_is_told_in_a_few_lines(config: Config, of: str) -> None:
    for number in range(ALONE_MAX + 20):
        if of == "payments":
            withdrawal(config, units=1, hold=FLAWS[0])
        else:
            add_break(subject=str(number))
    facts = find(config, NOW)
    assert len(facts) == ALONE_MAX + 1
    assert facts[-1].subject == "more"
    assert facts[-1].text.startswith("LTC: more than 10 of the kind ")
    assert len({fact.key for fact in facts}) == len(facts)


def test_a_fault_in_one_look_silences_no_other(
    config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    add_break("unknown_spend")
    payment = add_deposit(config, "ann", state="reversed", units=COIN)
    Break.update(first_seen="no time at all").execute()
    found = {fact.kind: fact for fact in find(config, NOW)}
    assert found["deposit_reversed"].subject == payment.id
    assert found["look_failed"].subject == "breaks"
    assert "one of the looks failed" in caplog.text
