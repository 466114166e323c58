"""Without a policy deposits are swept when withdrawals wait for them, as much as they need."""

from __future__ import annotations

import pytest

from tests.engine.sweeps.conftest import OpenSweeping
from tests.engine.sweeps.life import DEEP, ETHER, USDT
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import deploy

pytestmark = pytest.mark.node


def test_nothing_is_swept_while_nobody_waits(open_sweeping: OpenSweeping) -> None:
    house = open_sweeping()
    house.fund()
    house.pay_in("ann", 50 * ETHER)
    house.mine(DEEP + 1)
    assert house.moves() == []


def test_a_withdrawal_is_paid_from_the_largest_deposits(open_sweeping: OpenSweeping) -> None:
    house = open_sweeping()
    house.fund()
    largest = house.pay_in("ann", 3 * ETHER)
    house.pay_in("bob", ETHER)
    house.mine(DEEP)
    wish = house.withdraw("ann", 2 * ETHER)
    house.mine(3 * DEEP)
    (sweep,) = house.moves()
    assert sweep.source == largest
    assert house.row(wish).state == "credited"


def test_several_deposits_pay_several_withdrawals_and_the_rest_stays(
    open_sweeping: OpenSweeping,
) -> None:
    house = open_sweeping()
    house.fund(ETHER // 10)
    for name, coins in (("ann", 3), ("bob", 2), ("cid", 1)):
        house.pay_in(name, coins * ETHER)
    house.mine(DEEP)
    wishes = [house.withdraw("ann", 3 * ETHER), house.withdraw("bob", 2 * ETHER)]
    house.mine(4 * DEEP)
    assert len(house.moves()) == 2
    assert [house.row(wish).state for wish in wishes] == ["credited", "credited"]
    assert house.node.balance(house.address("cid")) == ETHER


def test_a_token_withdrawal_needs_two_currencies_and_gets_both(
    open_sweeping: OpenSweeping, anvil: Anvil
) -> None:
    token = deploy(anvil, "Good")
    house = open_sweeping(tokens={"USDT": token})
    house.fund(ETHER // 100)
    house.pay_in("ann", 10 * USDT, token)
    house.pay_in("bob", ETHER)
    house.mine(DEEP)
    wish = house.withdraw("ann", 7 * USDT, "USDT")
    house.mine(4 * DEEP)
    assert house.row(wish).state == "credited"
    assert token.read("balanceOf", str(wish.address)) == 7 * USDT
    assert house.on_books("wallet:hot", "USDT") == 3 * USDT


def test_coins_that_wait_for_a_person_are_not_swept(open_sweeping: OpenSweeping) -> None:
    house = open_sweeping(deposit_minimum="1", sweep={"above": "0"})
    house.fund()
    address = house.pay_in("ann", ETHER // 2)
    house.mine(DEEP)
    assert house.deposit("ann").state == "held"
    assert house.moves() == []
    house.pay_in("ann", ETHER)
    house.mine(3 * DEEP)
    (sweep,) = house.moves()
    assert (sweep.state, sweep.source) == ("credited", address)
    assert house.node.balance(address) >= ETHER // 2
