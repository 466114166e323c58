"""A database that is a copy of before a payment was signed does not pay it again by itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.attempts import Nonce
from db.models import Payment
from engine.sender.judged import PAID_BEFORE
from engine.sending import Offer, Send
from tests.engine.approvals.conftest import people
from tests.engine.approvals.people import Bench, People
from tests.engine.sender.by_nonce.fake_desk import ETHER, FakeDesk

__all__ = ["people"]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def desk(database: str, tmp_path: Path, people: People) -> FakeDesk:
    desk = FakeDesk.open(tmp_path, database)
    desk.config = people.join(desk.config)
    desk.restart()
    desk.credit("ann", 5 * ETHER)
    desk.exact = False
    return desk


def _sent_and_forgotten(desk: FakeDesk, payee: str, units: int = ETHER) -> None:
    """As an engine did that no row remembers."""
    send = Send(desk.node.hot, "ETH", payee, units)
    number = desk.node.newest.numbers.get(desk.node.hot, 0)
    offer = Offer(21_000, 10 * desk.node.base, desk.node.tip)
    desk.node.send(desk.node.sign(send, nonce=number, offer=offer).raw)
    desk.mine(3)


def _paid(desk: FakeDesk, payment: Payment) -> list[int]:
    return desk.node.paid_to(str(payment.address))


@pytest.mark.parametrize("after", [0, 1])
def test_what_was_paid_is_held_until_a_person_has_looked(
    desk: FakeDesk, people: People, after: int
) -> None:
    for _ in range(after):  # sends that the rows know, before those that they forgot
        desk.withdraw("ann", ETHER // 10)
        desk.settle()
        desk.mine(3)
    payee = desk.node.somebody()
    _sent_and_forgotten(desk, payee)
    paid = desk.withdraw("ann", ETHER, to=payee)
    other = desk.withdraw("ann", ETHER, to=desk.node.somebody())
    desk.settle()
    desk.mine(3)
    assert desk.shown(paid) == ("held", "", PAID_BEFORE)
    assert desk.state_of(other) == "credited", "nobody else is held up"
    assert _paid(desk, paid) == [ETHER]
    bench = Bench(desk.config, people, guard=desk.lease.guard)
    state, said = bench.do("approve", by="ben", payment=paid.id, now=desk.now)
    assert state == "done", said
    desk.step()
    assert desk.state_of(paid) == "pending", "their word counts"


def test_another_amount_is_another_payment(desk: FakeDesk) -> None:
    payee = desk.node.somebody()
    _sent_and_forgotten(desk, payee, ETHER // 2)
    paid = desk.withdraw("ann", ETHER, to=payee)
    desk.sender.pay(desk.tip(), desk.now)
    assert desk.state_of(paid) == "pending"


def test_nothing_is_asked_while_rows_know_every_number(desk: FakeDesk) -> None:
    desk.withdraw("ann", ETHER)
    desk.settle()
    desk.mine(3)
    assert Nonce.select().count() == 1
    desk.node.pruned = True  # nobody could tell who took a number
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    assert desk.state_of(paid) == "pending"
