"""Rows of attempts that somebody changed or lost: they hold up that one payment, staff are told,
and nobody is paid, credited or given back by them."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.attempts import Attempt, AttemptInput, AttemptOutput
from db.models import Parked, Payment
from engine.sender.by_nonce.settle import PAID_UNKNOWN
from engine.sender.doubted import (
    INCOMPLETE,
    NO_PAYMENT,
    NOT_ASKED,
    NOT_ITS_BYTES,
    NOT_SIGNED,
    doubted,
)
from engine.sending import Offer
from tests.engine.sender.by_nonce.fake_desk import ETHER, FakeDesk

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def desk(database: str, tmp_path: Path) -> FakeDesk:
    desk = FakeDesk.open(tmp_path, database)
    desk.credit("ann", 5 * ETHER)
    return desk


def _told() -> list[tuple[str, str]]:
    return [(row.key, row.reason) for row in Parked.select()]


def _sent(desk: FakeDesk, *, to: str | None = None) -> tuple[Payment, Attempt]:
    payment = desk.withdraw("ann", ETHER // 10, to=to)
    desk.settle()
    return payment, Attempt.get(Attempt.id == desk.now_of(payment).attempt)


def _rounds(desk: FakeDesk, blocks: int) -> None:
    """Rounds over rows that no auditor would find in order."""
    desk.exact = False
    for _ in range(blocks):
        desk.node.mine()
        for _ in range(3):
            desk.step()


def _assert_others_are_paid(desk: FakeDesk) -> None:
    other = desk.withdraw("ann", ETHER // 5)
    desk.step()
    _rounds(desk, 3)
    assert desk.state_of(other) == "credited"


@pytest.mark.parametrize(
    ("lost", "reason"),
    [
        (Payment, NO_PAYMENT),
        (AttemptInput, INCOMPLETE),
        (AttemptOutput, INCOMPLETE),
    ],
)
def test_a_lost_row_holds_up_one_payment_and_staff_are_told(
    desk: FakeDesk, lost: type[Payment | AttemptInput | AttemptOutput], reason: str
) -> None:
    payment, attempt = _sent(desk)
    name = lost.id == payment.id if lost is Payment else lost.attempt == attempt.id
    row = lost.get(name)
    lost.delete().where(name).execute()
    _assert_others_are_paid(desk)
    assert _told() == [(f"attempt {attempt.id}", reason)]
    type(row).insert(row.__data__).execute()
    desk.exact = True
    desk.restart()
    desk.mine()
    assert (desk.state_of(payment), doubted("ETH")) == ("credited", {})


def test_rows_that_are_not_the_bytes_are_told_until_they_are(desk: FakeDesk) -> None:
    payment, attempt = _sent(desk)
    Attempt.update(nonce=9).where(Attempt.id == attempt.id).execute()
    _rounds(desk, 1)
    assert doubted("ETH") == {attempt.id: NOT_ITS_BYTES}
    Attempt.update(nonce=attempt.nonce).where(Attempt.id == attempt.id).execute()
    desk.exact = True
    desk.mine(3)
    assert (desk.state_of(payment), doubted("ETH")) == ("credited", {})


def test_a_payment_is_not_credited_by_what_was_signed_for_another_one(desk: FakeDesk) -> None:
    """Both pay one address the same, so that only its history knows of whom it was."""
    payee = desk.node.somebody()
    first, attempt = _sent(desk, to=payee)
    desk.paused["ETH"] = "a person stopped it"
    waiting = desk.withdraw("ann", ETHER // 10, to=payee)
    AttemptOutput.update(payment=waiting.id).execute()
    _rounds(desk, 4)
    assert (desk.state_of(waiting), doubted("ETH")) == ("requested", {attempt.id: NOT_ASKED})
    Payment.update(attempt=attempt.id).where(Payment.id == waiting.id).execute()
    _rounds(desk, 9)
    assert (desk.state_of(waiting), doubted("ETH")) == ("pending", {attempt.id: NOT_SIGNED})
    assert desk.state_of(first) == "pending"


@pytest.mark.parametrize("currency", ["ETH", "USDT"])
def test_what_a_replacement_paid_that_no_row_knows_is_not_paid_again(
    desk: FakeDesk, currency: str
) -> None:
    """The database is a copy of before the replacement was stored."""
    desk.credit("ann", ETHER, "USDT")
    payment = desk.withdraw("ann", ETHER // 10, currency=currency)
    desk.settle()
    (attempt,) = desk.attempts()
    read = desk.node.read(attempt.signed)
    more = Offer(read.offer.gas, 2 * read.offer.fee_cap, 2 * read.offer.tip_cap)
    desk.node.send(desk.node.sign(read.send, nonce=read.nonce, offer=more).raw)
    desk.exact = False
    _rounds(desk, 12)
    assert desk.shown(payment) == ("pending", "", PAID_UNKNOWN)
    assert doubted("ETH") == {attempt.id: PAID_UNKNOWN}
    _assert_others_are_paid(desk)
