"""Each entry of sending sums to zero, and undoes what it must undo."""

from __future__ import annotations

from collections import Counter

import pytest

from db.models import Payment
from engine.ledger import NewEntry
from engine.sender import entries


def payment(kind: str = "withdrawal", fee: int = 7) -> Payment:
    return Payment(kind=kind, client="CR1", currency="LTC", units=1_000, fee_units=fee)


def sums(*posted: NewEntry) -> dict[str, int]:
    total: Counter[str] = Counter()
    for entry in posted:
        assert sum(line.units for line in entry.lines) == 0
        total.update({line.account: 0 for line in entry.lines})
        for line in entry.lines:
            assert line.currency == "LTC"
            total[line.account] += line.units
    return {account: units for account, units in total.items() if units}


DEBIT = entries.debit("CR1", "LTC", units=1_000, fee=7)


def test_a_debit_takes_amount_and_fee_together() -> None:
    assert sums(DEBIT) == {"client:CR1": 1_007, "in_transit": -1_007}


@pytest.mark.parametrize("event", ["refuse", "cancel"])
def test_what_is_given_back_is_all_of_the_debit(event: str) -> None:
    assert sums(DEBIT, entries.give_back(payment(), event)) == {}


def test_a_settled_withdrawal_leaves_the_hot_wallet_and_its_fee_to_the_house() -> None:
    booked = sums(DEBIT, entries.settled(payment(), "credit"))
    assert booked == {"client:CR1": 1_007, "wallet:hot": -1_000, "fees:service": -7}


def test_a_settlement_can_be_taken_back_whole() -> None:
    there, back = (entries.settled(payment(), "credit", sign=sign) for sign in (1, -1))
    assert sums(there, back) == {}


def test_without_a_fee_there_is_no_line_of_it() -> None:
    accounts = {line.account for line in entries.settled(payment(fee=0), "credit").lines}
    assert accounts == {"in_transit", "wallet:hot"}


def test_a_transfer_only_changes_its_wallet_account() -> None:
    booked = sums(entries.settled(payment("transfer", fee=0), "credit"))
    assert booked == {"wallet:cold": 1_000, "wallet:hot": -1_000}


def test_the_attempts_own_entry_pays_the_chain_and_moves_deposit_coins() -> None:
    own = entries.of_attempt("LTC", fee=50, from_deposits=3_000, event="chain_fee")
    assert sums(own) == {"fees:network": 50, "wallet:hot": 2_950, "wallet:deposits": -3_000}
    plain = entries.of_attempt("LTC", fee=50, from_deposits=0, event="chain_fee")
    assert sums(plain) == {"fees:network": 50, "wallet:hot": -50}
