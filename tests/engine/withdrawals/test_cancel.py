"""A client takes a withdrawal back: once, all of it, and never after something was signed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from db.models import Payment
from engine import queries
from engine.config import Config
from engine.errors import PaymentNotFound, StaleState, TooLate
from engine.ledger import balance
from engine.sender.entries import IN_TRANSIT
from engine.withdrawals.cancel import cancel_withdrawal, is_cancellable
from tests.engine.house import NOW, add_deposit, house, new_batch
from tests.engine.withdrawals.purse import COIN, LIMITS, ask, events, fund, has
from tests.together import at_once


@pytest.fixture
def config(database: str, tmp_path: Path) -> Config:
    assert database
    fund("ann")
    return house(tmp_path, withdrawal={**LIMITS, "approve_above": "5"})


def cancel(config: Config, payment: str, client: str = "ann") -> queries.PaymentView:
    return cancel_withdrawal(config, payment, client=client, now=NOW)


def sign(config: Config, payment: str) -> None:
    """The sender stores an attempt."""
    with new_batch(config) as batch:
        row = Payment.get_by_id(payment)
        batch.move(row, "sign", evidence={}, attempt="a" * 32, sub_state="sending")


@pytest.mark.parametrize("amount", ["1", "6"])
def test_all_of_it_comes_back(config: Config, amount: str) -> None:
    payment = ask(config, amount=amount)
    assert is_cancellable(payment)
    cancelled = cancel(config, payment.id)
    assert cancelled.state == "cancelled"
    assert not is_cancellable(cancelled)
    assert (has(), balance(IN_TRANSIT, "LTC")) == (10 * COIN, 0)
    assert events(payment.id)[-1] == ("cancel", "client:ann")


def test_twice_is_the_same_as_once(config: Config) -> None:
    payment = ask(config).id
    assert cancel(config, payment) == cancel(config, payment)
    assert has() == 10 * COIN
    assert [event for event, _ in events(payment)] == ["request", "cancel"]


@pytest.mark.parametrize("change", [{"units": 3 * COIN}, {"fee_units": 2 * COIN}])
def test_no_more_comes_back_than_was_debited(config: Config, change: dict[str, int]) -> None:
    """A row that was raised would give back what others have in transit."""
    fund("bob")
    ask(config, client="bob", amount="5")
    payment = ask(config, amount="1").id
    before = has()
    Payment.update(**change).where(Payment.id == payment).execute()
    with pytest.raises(TooLate, match="support"):
        cancel(config, payment)
    assert has() == before


def test_a_stored_attempt_is_too_late(config: Config) -> None:
    payment = ask(config).id
    sign(config, payment)
    assert not is_cancellable(queries.find_payment(config, payment))
    with pytest.raises(TooLate):
        cancel(config, payment)
    assert queries.find_payment(config, payment).state == "requested"
    assert has() == 9 * COIN - 100_000


def test_what_ended_cannot_be_cancelled(config: Config) -> None:
    payment = ask(config).id
    with new_batch(config) as batch:
        batch.move(Payment.get_by_id(payment), "send", evidence={})
    with pytest.raises(TooLate):
        cancel(config, payment)


def test_only_the_clients_own_withdrawals_are_there(config: Config) -> None:
    payment = ask(config).id
    for foreign in (payment, "0" * 32, "x", "", "\0", payment.upper()):
        with pytest.raises(PaymentNotFound):
            cancel(config, foreign, client="bob")
    deposit = add_deposit(config, "ann", address="rltc1q000001").id
    with pytest.raises(PaymentNotFound):
        cancel(config, deposit)


def test_what_staff_asked_for_is_not_the_clients_to_cancel(config: Config) -> None:
    payment = ask(config).id
    Payment.update(asked_by="ann from staff").where(Payment.id == payment).execute()
    with pytest.raises(TooLate, match="not asked for"):
        cancel(config, payment)


@pytest.mark.parametrize("round_", range(5))
def test_against_a_sender_one_of_both_wins(config: Config, round_: int) -> None:
    payment = ask(config).id
    works: list[Callable[[], object]] = [
        lambda: cancel(config, payment),
        lambda: sign(config, payment),
    ]
    outcomes = at_once(2, lambda number: works[(number + round_) % 2]())
    cancelled, signed = outcomes if round_ % 2 == 0 else outcomes[::-1]
    row = Payment.get_by_id(payment)
    if row.state == "cancelled":
        assert isinstance(signed, Exception)
        assert (row.attempt, has()) == (None, 10 * COIN)
    else:
        assert isinstance(cancelled, TooLate)
        assert (row.state, row.attempt, has()) == ("requested", "a" * 32, 9 * COIN - 100_000)


def test_many_clicks_give_back_once(config: Config) -> None:
    payment = ask(config).id
    outcomes = at_once(8, lambda _: cancel(config, payment).state)
    assert {str(each) for each in outcomes if not isinstance(each, StaleState)} == {"cancelled"}
    assert has() == 10 * COIN
