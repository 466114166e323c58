"""A request is debited and stored as one, or not at all; however many come at once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from db.models import Address, Client, History, Payment
from engine.clock import rfc3339
from engine.config import Config
from engine.errors import BalanceInsufficient, CashierError, WithdrawalRefused
from engine.history import row_hash, row_of
from engine.ledger import balance
from engine.queries import balances
from engine.risk import RiskHook
from engine.rules import DAY
from engine.sender.entries import IN_TRANSIT
from engine.withdrawals.decide import HELD_AMOUNT
from engine.withdrawals.quote import Quote, quote
from engine.withdrawals.request import place
from tests.engine.house import NOW, house
from tests.engine.withdrawals.purse import (
    COIN,
    LIMITS,
    PUBKEY,
    SEGWIT,
    ask,
    events,
    fund,
    has,
    states,
)
from tests.nodes.ports import PATIENCE_S
from tests.together import end, start_module

FEE = 100_000


@pytest.fixture
def config(database: str, tmp_path: Path) -> Config:
    fund("ann")
    tables = {"cashier": {"database": database}}
    return house(tmp_path, withdrawal={**LIMITS, "approve_above": "5"}, tables=tables)


def test_a_request_debits_amount_and_fee_at_once(config: Config) -> None:
    payment = ask(config)
    assert (payment.kind, payment.state, payment.amount) == ("withdrawal", "requested", "1")
    assert (payment.units, payment.fee_units, payment.address) == (COIN, FEE, SEGWIT)
    assert payment.uri is None
    assert has() == 9 * COIN - FEE
    assert balance(IN_TRANSIT, "LTC") == -(COIN + FEE)
    [shown] = balances(config, "ann")
    assert (shown.available, shown.in_transit) == (9 * COIN - FEE, COIN + FEE)


def test_its_first_row_proves_what_is_to_be_paid(config: Config) -> None:
    payment = ask(config, address=SEGWIT.upper())
    row = row_of(History.get(History.payment == payment.id))
    assert (row["event"], row["actor"], row["units"]) == ("request", "client:ann", str(COIN))
    assert row["evidence"]["address"] == SEGWIT
    assert row["evidence"]["fee_units"] == str(FEE)
    assert row["hash"] == row_hash(row)
    assert row["rule"] == config.currencies["LTC"].rule_version
    assert Payment.get_by_id(payment.id).required == 12


def test_what_a_rule_holds_is_debited_and_waits_for_persons(config: Config) -> None:
    payment = ask(config, amount="5.00000001")
    assert (payment.state, payment.reason) == ("held", HELD_AMOUNT)
    assert has() == 5 * COIN - FEE - 1
    assert events(payment.id) == [("request", "client:ann"), ("hold", "engine")]
    row = Payment.get_by_id(payment.id)
    assert row.approvals_required == 1
    held = row_of(History.get(History.seq == row.last_seq))
    assert held["evidence"] == {"rule": "approve_above", "rule_version": row.rule}


def test_what_a_rule_refuses_is_on_record_and_returned(database: str, tmp_path: Path) -> None:
    assert database
    fund("ann")
    rule = {"name": "no", "kind": "withdrawal", "then": "refuse", "reason": "Not from here"}
    payment = ask(house(tmp_path, tables={"rule": [rule]}))
    assert (payment.state, payment.reason) == ("refused", "Not from here")
    assert (has(), balance(IN_TRANSIT, "LTC")) == (10 * COIN, 0)


@pytest.mark.parametrize(
    ("answer", "state"), [("allow", "requested"), ("hold", "held"), ("refuse", "refused")]
)
def test_the_risk_hook_is_asked_and_obeyed(config: Config, answer: str, state: str) -> None:
    asked: list[Any] = []

    def hook(question: Any) -> str:
        asked.append(question)
        return answer

    assert ask(config, hook=RiskHook(hook, timeout_s=PATIENCE_S)).state == state
    assert asked == [
        {
            "kind": "withdrawal",
            "client": "ann",
            "currency": "LTC",
            "network": "regtest",
            "amount": "1",
            "address": SEGWIT,
            "txid": None,
        }
    ]


def test_a_hook_that_fails_holds(config: Config) -> None:
    def hook(_: Any) -> str:
        raise RuntimeError("down")

    assert ask(config, hook=RiskHook(hook, timeout_s=PATIENCE_S)).state == "held"


WRONG: list[dict[str, Any]] = [
    {"amount": 1},
    {"amount": "0.001"},
    {"amount": "9.9991"},
    {"address": "nowhere"},
    {"address": None},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_refused_request_leaves_no_trace(config: Config, wrong: dict[str, Any]) -> None:
    rows = History.select().count()
    with pytest.raises(CashierError):
        ask(config, **wrong)
    assert (states(), has(), History.select().count()) == ([], 10 * COIN, rows)


def wish(config: Config, amount: str = "1") -> Quote:
    """What was quoted before something changed."""
    return quote(config, client="ann", currency="LTC", address=SEGWIT, amount=amount, now=NOW)


def test_what_changed_after_the_quote_is_seen_by_the_debit(config: Config) -> None:
    quoted = wish(config, "9")
    ask(config, amount="4")
    with pytest.raises(BalanceInsufficient):
        place(config, quoted, risk=None, now=NOW)
    quoted = wish(config)
    Client.create(id="ann", created_at=rfc3339(NOW), blocked=True)
    with pytest.raises(WithdrawalRefused):
        place(config, quoted, risk=None, now=NOW)
    assert (states(), has()) == (["requested"], 6 * COIN - FEE)


def test_the_limit_of_a_day_rolls(database: str, tmp_path: Path) -> None:
    assert database
    fund("ann", 100 * COIN)
    config = house(tmp_path, withdrawal={"daily_limit": "5"})
    ask(config, amount="5")
    quoted = quote(config, client="ann", currency="LTC", address=SEGWIT, amount="5", now=NOW + DAY)
    with pytest.raises(WithdrawalRefused, match="24 hours"):
        place(config, quoted, risk=None, now=NOW)
    assert ask(config, amount="5", now=NOW + DAY).state == "requested"


def run_askers(config: Config, *, processes: int, each: int, amount: str) -> Counter[str]:
    """Ask from several processes at the same moment; how often each outcome was printed."""
    module = "tests.engine.withdrawals.parallel_asker"
    started = [start_module(module, str(config.path), str(each), amount) for _ in range(processes)]
    try:
        for process in started:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in started:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        words = [line.strip() for p in started for line in (p.stdout or ())]
    finally:
        end(started)
    return Counter(words)


def test_fifty_at_once_in_two_processes_never_overdraw(config: Config) -> None:
    # 10 coins, each withdrawal 0.7 and its fee: exactly floor(10 / 0.701) = 14 fit.
    outcomes = run_askers(config, processes=2, each=25, amount="0.7")
    assert outcomes == {"requested": 14, "balance_insufficient": 36}
    assert has() == 10 * COIN - 14 * (70_000_000 + FEE)
    assert balance(IN_TRANSIT, "LTC") == has() - 10 * COIN
    assert states() == ["requested"] * 14


def test_parallel_requests_do_not_pass_the_limit_of_a_day(database: str, tmp_path: Path) -> None:
    fund("ann", 100 * COIN)
    config = house(
        tmp_path,
        withdrawal={"daily_limit": "5", "total_daily": "3"},
        tables={"cashier": {"database": database}},
    )
    outcomes = run_askers(config, processes=2, each=10, amount="1")
    assert outcomes == {"requested": 3, "held": 2, "limit_exceeded": 15}
    assert has() == 95 * COIN


def test_an_address_that_became_ours_is_refused(config: Config) -> None:
    Address.create(
        chain="LTC",
        address=PUBKEY,
        script="00",
        purpose="deposit",
        created_at=rfc3339(NOW),
        created_height=0,
    )
    with pytest.raises(WithdrawalRefused, match="belongs to this cashier"):
        ask(config, address=PUBKEY)
