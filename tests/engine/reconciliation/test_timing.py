"""An honest world leaves no unit unexplained: what is on its way has a name."""

from __future__ import annotations

import pytest

from engine.reconciliation import timing
from tests.engine.deposits.conftest import OpenHouse
from tests.engine.deposits.life import COIN, House
from tests.engine.deposits.worlds import everywhere, on_the_fake
from tests.engine.reconciliation.against import reconcile
from tests.nodes.fake import FakeChain


def named(house: House) -> dict[str, tuple[int, int]]:
    """Every timing item as (units, count); nothing may be unexplained beside them."""
    found, _ = reconcile(house)
    assert found.residual == 0
    assert found.node == found.books + sum(item.units for item in found.timing)
    return {item.name: (item.units, item.count) for item in found.timing}


@everywhere
def test_a_deposit_is_no_timing_item_before_its_block_nor_after_its_credit(house: House) -> None:
    house.on.pay(house.address("ann"), 2 * COIN)
    house.settle()
    assert named(house) == {}
    house.on.mine()
    house.settle()
    assert named(house) == {timing.NOT_DEEP: (2 * COIN, 1)}
    house.on.mine(2)
    house.settle()
    assert named(house) == {}
    found, _ = reconcile(house)
    assert (found.node, found.books) == (2 * COIN, 2 * COIN)
    assert found.accounts == {"wallet:deposits": 2 * COIN}


@everywhere
def test_several_deposits_add_up_in_one_item(house: House) -> None:
    house.on.pay(house.address("ann"), COIN)
    house.on.mine()
    house.on.pay(house.address("bob"), 2 * COIN)
    house.on.mine()
    house.settle()
    assert named(house) == {timing.NOT_DEEP: (3 * COIN, 2)}
    house.on.mine()
    house.settle()
    assert named(house) == {timing.NOT_DEEP: (2 * COIN, 1)}


@everywhere
def test_a_young_reward_is_a_coin_that_waits_to_mature(house: House) -> None:
    house.on.coinbase(house.address("ann"))
    house.on.mine(5)
    house.settle()
    units = int(house.deposit("ann").units or 0)
    assert named(house) == {timing.IMMATURE: (units, 1)}


@on_the_fake
def test_a_reward_that_matured_is_booked_like_any_coin(house: House) -> None:
    house.on.coinbase(house.address("ann"))
    house.on.mine(100)
    house.settle()
    assert named(house) == {}
    assert house.owed("ann") == 50 * COIN


@everywhere
def test_a_credited_coin_out_of_its_block_is_named_and_comes_back(open_house: OpenHouse) -> None:
    house = open_house(confirmations=1)
    house.on.pay(house.address("ann"), COIN)
    house.on.mine()
    house.settle()
    house.on.reorg(1)
    house.settle()
    found, opened = reconcile(house)
    assert (found.node, found.books, found.residual) == (0, COIN, 0)
    assert named(house) == {timing.OUT_OF_BLOCK: (-COIN, 1)}
    (reorged,) = opened
    assert (reorged.kind, reorged.owner, reorged.units) == ("reorged", "engine", -COIN)
    house.on.mine()
    house.settle()
    found, opened = reconcile(house)
    assert (found.node, found.residual, opened) == (COIN, 0, [])


@everywhere
def test_a_reversal_leaves_both_sides_equal(house: House) -> None:
    txid = house.on.pay(house.address("ann"), COIN)
    house.on.mine(3)
    house.settle()
    house.on.reorg(3, first=[house.on.double_spend(txid)])
    house.settle()
    assert house.states("ann") == ["reversed"]
    assert named(house) == {}


@on_the_fake
@pytest.mark.parametrize("count", [0, 1, 40])
def test_many_coins_add_up_to_the_last_unit(house: House, fake: FakeChain, count: int) -> None:
    addresses = [house.address(f"c{number % 7}") for number in range(count)]
    for number, address in enumerate(addresses):
        fake.pay(address, COIN + number)
        fake.mine()
    house.settle()
    found, opened = reconcile(house)
    assert (found.residual, opened) == (0, [])
    assert found.node == sum(COIN + number for number in range(count))
