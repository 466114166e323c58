"""Deposits that nothing but a balance showed bear withdrawals by what two persons signed."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.models import Payment
from engine import ledger
from engine.deposits.rules import HELD_DOUBTED
from engine.lifecycle import Batch
from engine.sender.proof import UNPROVED_BALANCE
from tests.engine.approvals.conftest import people
from tests.engine.approvals.people import Bench, People
from tests.engine.sender.by_nonce.fake_desk import ETHER, FakeDesk

__all__ = ["people"]

OF_TWO = {"act": "approve", "done": False, "signed": 1, "of": 2}


@pytest.fixture
def desk(database: str, tmp_path: Path, people: People) -> FakeDesk:
    desk = FakeDesk.open(tmp_path, database)
    desk.config = people.join(desk.config)
    desk.restart()
    return desk


@pytest.fixture
def held(desk: FakeDesk) -> Payment:
    """Two coins of ann's, held because only the balance of her address shows them."""
    address = desk.address("ann")
    desk.exact = False  # until the surplus is found
    desk.node.newest.held["ETH", address] = 2 * ETHER
    desk.mine()
    desk.mine(3)
    desk.exact = True
    payment: Payment = Payment.get(Payment.txid.startswith("block:"))
    assert (payment.state, payment.reason, payment.client) == ("held", HELD_DOUBTED, "ann")
    return payment


def _bench(desk: FakeDesk, people: People) -> Bench:
    return Bench(desk.config, people, guard=desk.lease.guard)


def _release(desk: FakeDesk, people: People, held: Payment) -> None:
    bench = _bench(desk, people)
    done = bench.do("approve", by="ben", payment=held.id, now=desk.now)
    assert done == ("done", OF_TWO)
    assert desk.state_of(held) == "held"
    bench.do("approve", by="cleo", payment=held.id, now=desk.now)
    desk.mine(3)
    assert desk.state_of(held) == "credited"
    assert desk.owed("ann") == 2 * ETHER


def test_what_two_persons_released_can_be_withdrawn(
    desk: FakeDesk, people: People, held: Payment
) -> None:
    _release(desk, people, held)
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    desk.mine(3)
    assert desk.shown(paid) == ("credited", "", "")
    more = desk.withdraw("ann", ETHER - 3 * ETHER // 100)
    desk.settle()
    desk.mine(8)
    assert desk.state_of(more) == "credited"
    desk.assert_books_are_the_chain()


def test_a_release_that_nobody_signed_bears_nothing(desk: FakeDesk, held: Payment) -> None:
    entry = ledger.shift(
        "release",
        "ETH",
        2 * ETHER,
        to=ledger.suspense_account(held.id),
        out_of=ledger.client_account("ann"),
    )
    with Batch(desk.config, actor="staff:ben", now=desk.now) as batch:
        batch.move(desk.now_of(held), "release", evidence={}, entry=entry, sub_state="")
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    assert desk.shown(paid) == ("held", "", UNPROVED_BALANCE)
    assert desk.attempts() == []


@pytest.mark.parametrize("gone", ["ben", "cleo"])
def test_without_one_of_the_persons_it_bears_nothing(
    desk: FakeDesk, people: People, held: Payment, gone: str
) -> None:
    _release(desk, people, held)
    desk.config = people.join(desk.config, *({"ann", "ben", "cleo"} - {gone}))
    desk.restart()
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    assert desk.shown(paid) == ("held", "", UNPROVED_BALANCE)
    assert desk.attempts() == []


@pytest.mark.parametrize("currency", ["ETH", "USDT"])
def test_a_coin_under_another_name_is_the_same_coin(desk: FakeDesk, currency: str) -> None:
    desk.credit("ann", ETHER, currency)
    coin = Payment.get(
        Payment.client == "ann", Payment.currency == currency, Payment.state == "credited"
    )
    copy = {**coin.__data__, "id": "ab" * 16, "client": "eve", "first_seq": 10_000}
    copy |= {"txid": "block:0xaa", "idx": f"{coin.txid}:{coin.idx}"}
    Payment.insert(copy).execute()
    paid = desk.withdraw("ann", ETHER // 2, currency=currency)
    desk.step()
    assert desk.shown(paid) == ("held", "", UNPROVED_BALANCE)
