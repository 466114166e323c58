"""A node that has forgotten the states of old blocks: a log alone pays nobody."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from db.models import History, Payment
from engine.sender.by_nonce.settle import UNCLEAR
from tests.engine.deposits.life import events_of
from tests.engine.sender.by_nonce.fake_desk import ETHER, FakeDesk

SOON = timedelta(seconds=31)


@pytest.fixture
def desk(database: str, tmp_path: Path) -> FakeDesk:
    desk = FakeDesk.open(tmp_path, database)
    desk.credit("ann", 5 * ETHER, "USDT")
    desk.node.forgets = True
    return desk


def _is_marked(payment: Payment) -> bool:
    (row,) = History.select().where((History.payment == payment.id) & (History.event == "credit"))
    return json.loads(row.evidence).get("proved") is False


def test_a_log_that_balances_of_now_bear_out_pays_at_once_and_is_marked(desk: FakeDesk) -> None:
    paid = [desk.withdraw("ann", ETHER, currency="USDT", fee=0) for _ in range(2)]
    desk.settle()
    desk.mine(3)
    assert [desk.state_of(each) for each in paid] == ["credited"] * 2
    assert all(_is_marked(each) for each in paid)
    desk.mine(6)
    assert all(desk.now_of(each).final for each in paid)
    desk.assert_books_are_the_chain()


def test_a_log_of_what_never_happened_is_no_payment_though_its_states_are_forgotten(
    desk: FakeDesk,
) -> None:
    desk.exact = False
    desk.node.false.add("USDT")
    paid = desk.withdraw("ann", 4 * ETHER, currency="USDT", fee=0)
    desk.settle()
    desk.mine(8)
    assert desk.shown(paid) == ("pending", "", UNCLEAR)
    assert desk.owed("ann", "USDT") == ETHER
    desk.settle(after=SOON)
    assert desk.shown(paid) == ("pending", "", UNCLEAR), "what never left bears out no log"
    desk.node.forgets = False
    desk.settle(after=SOON)
    assert desk.state_of(paid) == "failed"
    assert desk.owed("ann", "USDT") == 5 * ETHER
    desk.assert_books_are_the_chain()


def test_what_was_booked_while_the_states_were_known_stays_booked(desk: FakeDesk) -> None:
    desk.node.forgets = False
    paid = desk.withdraw("ann", ETHER, currency="USDT", fee=0)
    desk.settle()
    desk.mine(3)
    desk.node.forgets, desk.exact = True, False
    desk.node.newest.held["USDT", desk.node.hot] -= 1  # rows and chain differ from here on
    desk.restart()
    desk.mine()
    row = desk.now_of(paid)
    assert (row.state, row.unsettled, row.reason) == ("credited", False, "")
    assert events_of(paid)[-2:] == ["credit", "chain_fee"]
