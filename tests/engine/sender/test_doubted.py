"""Rows of payments that somebody changed after they were signed: nothing follows for that chain tx,
staff are told, and nobody else is held up or credited by it."""

from __future__ import annotations

import pytest

from db.attempts import AttemptOutput
from db.models import Parked, Payment
from engine.sender.doubted import NO_PAYMENT, NOT_ASKED, doubted
from tests.engine.deposits.worlds import on_the_fake
from tests.engine.sender.desk import COIN, Desk


@pytest.fixture
def paid(desk: Desk) -> list[Payment]:
    """Two withdrawals, each in a chain tx of its own."""
    desk.fund("ann", 3 * COIN, 3 * COIN)
    made = []
    for _ in range(2):
        made.append(desk.withdraw("ann", COIN))
        desk.settle()
    assert len(desk.attempts()) == 2
    return made


@on_the_fake
@pytest.mark.parametrize("change", [{"units": 5 * COIN}, {"address": "other1thief"}])
def test_a_row_that_was_changed_settles_nothing_and_holds_up_nobody(
    desk: Desk, paid: list[Payment], change: dict[str, object]
) -> None:
    first, second = paid
    Payment.update(**change).where(Payment.id == first.id).execute()
    desk.rounds(blocks=1)
    assert (desk.state_of(first), desk.state_of(second)) == ("pending", "credited")
    (attempt,) = doubted(desk.symbol)
    assert doubted(desk.symbol) == {attempt: NOT_ASKED}
    assert attempt == desk.now_of(first).attempt
    Payment.update(units=first.units, address=first.address).where(Payment.id == first.id).execute()
    desk.rounds(blocks=1)
    desk.finish(first, second)
    assert not Parked.select().exists()


@on_the_fake
def test_a_payment_is_not_done_by_another_one_s_chain_tx(desk: Desk, paid: list[Payment]) -> None:
    """It asks for the same amount to the same address, and was never sent."""
    first, second = paid
    desk.paused = "a person's brake"
    never = desk.withdraw("ann", COIN, to=str(first.address))
    AttemptOutput.update(payment=never.id).where(AttemptOutput.payment == first.id).execute()
    desk.rounds(blocks=1)
    assert (desk.state_of(never), desk.state_of(second)) == ("requested", "credited")
    assert list(doubted(desk.symbol).values()) == [NOT_ASKED]


@on_the_fake
def test_a_row_that_is_gone_is_told(desk: Desk, paid: list[Payment]) -> None:
    first, second = paid
    Payment.delete().where(Payment.id == first.id).execute()
    desk.rounds(blocks=1)
    assert desk.state_of(second) == "credited"
    assert list(doubted(desk.symbol).values()) == [NO_PAYMENT]
