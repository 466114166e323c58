"""A top-up brings just what a sweep lacks, once, and counts when it is settled."""

from __future__ import annotations

import peewee
import pytest

from engine.lifecycle import Batch
from engine.sending import Offer
from engine.sweeps.opening import open_sweep, open_top_up
from tests.engine.sweeps.conftest import OpenSweeping
from tests.engine.sweeps.life import DEEP, ETHER, USDT, SweepingHouse
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import deploy

pytestmark = pytest.mark.node

TOKEN_ABOVE = {"sweep": {"above": "5"}}
CHEAP = Offer(21_000, 2, 1)


@pytest.fixture
def house(open_sweeping: OpenSweeping, anvil: Anvil) -> SweepingHouse:
    opened = open_sweeping(tokens={"USDT": deploy(anvil, "Good")}, for_tokens=TOKEN_ABOVE)
    opened.fund()
    return opened


def _pay_in(house: SweepingHouse, client: str = "ann") -> str:
    address = house.address(client)
    token = house.token("USDT")
    token.send("transfer", address, 10 * USDT)
    return address


def test_a_top_up_out_of_its_block_is_waited_for_again(house: SweepingHouse) -> None:
    _pay_in(house)
    house.mine(DEEP + 1)
    assert house.states("gas") == ["pending"]
    house.node.reorg(1)
    house.settle()
    assert house.moves() == []
    assert len(house.moves("gas")) == 1
    house.mine(2 * DEEP)
    assert house.states("gas") == ["credited"]
    assert house.states() == ["credited"]


def test_an_address_with_coins_of_its_own_needs_no_top_up(house: SweepingHouse) -> None:
    address = _pay_in(house)
    house.node.pay(address, ETHER // 100)
    house.mine(3 * DEEP)
    assert house.moves("gas") == []
    assert [row.currency for row in house.moves()] == ["USDT"]


def test_what_a_top_up_left_over_serves_the_next_sweep(house: SweepingHouse) -> None:
    for _ in range(2):
        _pay_in(house)
        house.mine(4 * DEEP)
    first, second = house.moves("gas")
    assert house.states() == ["credited", "credited"]
    assert int(second.units or 0) < int(first.units or 0)


def test_the_database_lets_one_top_up_and_one_sweep_of_an_address_be_open(
    house: SweepingHouse,
) -> None:
    ether, usdt = (house.config.currencies[symbol] for symbol in ("ETH", "USDT"))
    place = house.address("ann")

    def top_up() -> None:
        with Batch(house.config, actor="engine", now=house.now) as batch:
            open_top_up(batch, ether, usdt, to=place, units=1, offer=CHEAP)

    def sweep() -> None:
        with Batch(house.config, actor="engine", now=house.now) as batch:
            open_sweep(batch, usdt, source=place, hot=house.hot, units=1, offer=CHEAP, tip=1)

    for act in (top_up, sweep):
        act()
        with pytest.raises(peewee.IntegrityError):
            act()
