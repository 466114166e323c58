"""What a cure gave a client is paid out when two persons signed it, one of them an approver; a row
that only says so pays nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from db.models import History, Payment
from engine import ledger
from engine.ledger import shift
from engine.lifecycle import Batch
from engine.sender import proof
from engine.sender.mended import mends_of
from tests.engine.approvals.people import Bench, People
from tests.engine.deposits.worlds import everywhere, on_the_fake
from tests.engine.reconciliation.against import assert_reconciles, reconcile
from tests.engine.sender.desk import COIN, Desk


@pytest.fixture
def uncredited(desk: Desk) -> Payment:
    """A deposit that is credited by its state, and was never posted."""
    desk.on.pay(desk.address("ann"), 3 * COIN)
    desk.on.mine(2)
    desk.settle()
    payment = desk.deposit("ann")
    with Batch(desk.config, actor="engine", now=desk.now) as batch:
        batch.move(payment, "confirm", evidence={})
        batch.move(payment, "credit", evidence={})
    desk.on.mine(2)
    desk.rounds(1)
    return payment


def _cured(desk: Desk, bench: Bench) -> None:
    found, (broken,) = reconcile(desk)
    assert (broken.kind, found.residual) == ("amount_differs", 3 * COIN)
    for name in ("ann", "ben"):
        state, words = bench.do("cure", by=name, now=desk.now, payment=broken.id)
        assert state == "done", words
    assert desk.owed("ann") == 3 * COIN


@everywhere
def test_what_a_signed_cure_gave_is_paid_out(desk: Desk, bench: Bench, uncredited: Payment) -> None:
    assert desk.now_of(uncredited).state == "credited"
    _cured(desk, bench)
    assert_reconciles(desk)
    desk.finish(desk.withdraw("ann", 2 * COIN))
    assert_reconciles(desk)


@on_the_fake
def test_a_cure_that_nobody_signed_pays_nobody(
    desk: Desk, bench: Bench, uncredited: Payment
) -> None:
    """The same row, as somebody writes it who has the database and no keys."""
    assert bench.config.staff
    entry = shift("mend", "LTC", 3 * COIN, to="wallet:deposits", out_of="client:ann")
    with Batch(desk.config, actor="staff:ben", now=desk.now) as batch:
        batch.move(desk.now_of(uncredited), "mend", evidence={}, entry=entry)
    assert ledger.balance("client:ann", "LTC") == -3 * COIN
    forged = desk.withdraw("ann", 2 * COIN)
    desk.settle()
    row = desk.now_of(forged)
    assert (row.state, row.reason) == ("held", proof.UNPROVED_BALANCE)
    assert desk.attempts() == []


@on_the_fake
def test_a_debit_that_a_forged_cure_gave_back_pays_nobody(desk: Desk, bench: Bench) -> None:
    """What was paid out is not there again because a row says that it was put right."""
    assert bench.config.staff
    desk.fund("ann", 3 * COIN)
    paid = desk.withdraw("ann", 2 * COIN)
    desk.finish(paid)
    entry = shift("mend", "LTC", 2 * COIN, to="loss", out_of="client:ann")
    with Batch(desk.config, actor="staff:ben", now=desk.now) as batch:
        batch.move(desk.now_of(paid), "mend", evidence={}, entry=entry)
    forged = desk.withdraw("ann", 2 * COIN)
    desk.rounds()
    row = desk.now_of(forged)
    assert (row.state, row.reason) == ("held", proof.UNPROVED_BALANCE)
    assert len(desk.attempts()) == 1


@on_the_fake
@pytest.mark.parametrize("change", ["ben is gone", "ben is no approver any more"])
def test_a_cure_counts_while_its_signers_may_sign(
    desk: Desk, people: People, bench: Bench, uncredited: Payment, change: str
) -> None:
    assert uncredited.state
    _cured(desk, bench)
    left = [row for row in desk.config.staff if row.name != "ben"]
    if change != "ben is gone":
        left.append(people.row("ben", role="payments"))
    desk.config = replace(desk.config, staff=tuple(left))
    desk.restart()
    asked = desk.withdraw("ann", 2 * COIN)
    desk.settle()
    assert (desk.state_of(asked), desk.attempts()) == ("held", [])


@on_the_fake
def test_a_mend_is_read_with_what_it_gave(desk: Desk, bench: Bench, uncredited: Payment) -> None:
    _cured(desk, bench)
    rows = list(History.select().where(History.payment == uncredited.id).order_by(History.seq))
    (mend,) = mends_of(rows)
    assert (mend.payment, mend.prev) == (uncredited.id, rows[-1].prev)
    assert (mend.given("ann", "LTC"), mend.given("ann", "BTC"), mend.given("bob", "LTC")) == (
        3 * COIN,
        0,
        0,
    )


@on_the_fake
def test_keys_that_ended_vouch_for_what_was_carried_out_before(
    desk: Desk, bench: Bench, uncredited: Payment
) -> None:
    """Keys are rotated: what the old ones signed, and was carried out, stays good."""
    assert uncredited.state
    _cured(desk, bench)
    ended = desk.now + timedelta(seconds=1)
    staff = tuple(row.model_copy(update={"until": ended}) for row in desk.config.staff)
    desk.config = replace(desk.config, staff=staff)
    desk.restart()
    desk.now = ended
    desk.finish(desk.withdraw("ann", 2 * COIN))
