"""A database that forgot what was paid does not pay it again, whatever staff book of it."""

from __future__ import annotations

import pytest

from db.models import Payment
from engine.sender.judged import PAID_BEFORE
from tests.engine.approvals.people import Bench
from tests.engine.deposits.worlds import everywhere
from tests.engine.reconciliation.against import reconcile
from tests.engine.sender.desk import COIN, FEE, Desk


@pytest.fixture
def forgotten(desk: Desk, bench: Bench) -> Payment:
    """A withdrawal that is still to be paid by the rows, and was paid by a chain tx that they do
    not know; two persons booked that one as a loss."""
    txid, *_ = desk.fund("ann", 5 * COIN, 6 * COIN)
    desk.fund("bob", 3 * COIN)
    desk.paused = "a copy was restored"
    payment = desk.withdraw("ann", COIN)
    desk.on.spend_ours(txid, str(payment.address), COIN)
    desk.on.mine(3)
    desk.step()
    (broken,) = [each for each in reconcile(desk)[1] if each.kind == "unknown_spend"]
    for name in ("ann", "ben"):
        assert bench.do("cure", by=name, now=desk.now, payment=broken.id)[0] == "done"
    desk.paused = ""
    return payment


@everywhere
def test_what_a_booked_loss_paid_is_not_paid_again(desk: Desk, forgotten: Payment) -> None:
    other = desk.withdraw("bob", COIN)
    desk.rounds(blocks=1)  # a theft was booked that was none
    row = desk.now_of(forgotten)
    assert (row.state, row.reason) == ("held", PAID_BEFORE)
    desk.assert_paid_once(forgotten, other)


@everywhere
def test_what_a_person_looked_at_and_released_is_paid(
    desk: Desk, bench: Bench, forgotten: Payment
) -> None:
    """The client asks for the same sum to the same address twice, and the second one is owed."""
    desk.rounds(blocks=1)  # a theft was booked that was none
    assert bench.do("approve", by="cleo", now=desk.now, payment=forgotten.id)[0] == "done"
    desk.rounds(blocks=1)  # a theft was booked that was none
    assert desk.on.paid_to(str(forgotten.address)) == [COIN, COIN]
    assert desk.owed("ann") == 10 * COIN - FEE
