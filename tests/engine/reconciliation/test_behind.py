"""Behind each timing item stand just the payments that it counts."""

from __future__ import annotations

from engine.reconciliation import timing
from engine.reconciliation.behind import payments_behind
from engine.views import PaymentView
from tests.engine.deposits.life import COIN, House
from tests.engine.deposits.worlds import on_the_fake
from tests.engine.reconciliation.against import last_sum, reconcile
from tests.engine.sender.desk import Desk


def _behind(house: House, item: str) -> list[PaymentView]:
    return list(payments_behind(house.config, house.symbol, item))


def _assert_counts_agree(house: House) -> None:
    for item in last_sum(house).timing:
        assert len(_behind(house, item.name)) == item.count, item


@on_the_fake
def test_young_deposits_are_behind_their_item_oldest_first(house: House) -> None:
    house.on.pay(house.address("ann"), 2 * COIN)
    house.on.mine()
    house.on.pay(house.address("bob"), COIN)
    house.on.mine()
    house.settle()
    reconcile(house)
    assert [view.client for view in _behind(house, timing.NOT_DEEP)] == ["ann", "bob"]
    assert _behind(house, timing.DUE) == []
    _assert_counts_agree(house)
    house.on.mine(2)
    house.settle()
    assert _behind(house, timing.NOT_DEEP) == []


@on_the_fake
def test_mined_sends_are_behind_their_item_and_that_of_their_fees(desk: Desk) -> None:
    desk.fund("ann", 5 * COIN)
    payments = [desk.withdraw("ann", COIN), desk.withdraw("ann", COIN // 2)]
    desk.settle()
    desk.mine(1)
    reconcile(desk)
    for item in (timing.SENDS, timing.SEND_FEES):
        assert {view.id for view in _behind(desk, item)} == {each.id for each in payments}
    assert _behind(desk, timing.SENDS_OUT) == []
    desk.finish(*payments)
    assert _behind(desk, timing.SENDS) == []


@on_the_fake
def test_what_nobody_knows_has_nothing_behind_it(house: House) -> None:
    assert payments_behind(house.config, "NIX", timing.SENDS) == ()
    assert _behind(house, timing.COLD_FEES) == _behind(house, timing.COLD_FEES_OUT) == []
