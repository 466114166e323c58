"""What a round costs, what it leaves for the next, and that a fenced engine is silent."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from engine import chains
from engine.errors import LeaseLost
from engine.follower import ASKED_PER_ROUND
from engine.health import CHECK_EVERY
from tests.engine.deposits.life import COIN, House, rows_written
from tests.nodes.harness import FakeHarness


@pytest.fixture
def house(database: str, tmp_path: Path) -> House:
    """A house on the chain in memory."""
    return House.open(tmp_path, database, FakeHarness(), confirmations=2)


def _calls(house: House) -> int:
    """What one more round asks of the node."""
    before = house.node.calls()
    house.step(after=timedelta(milliseconds=10))
    return house.node.calls() - before


def test_a_round_without_news_is_one_call_however_many_addresses_are_watched(
    house: House,
) -> None:
    house.settle()
    house.step()
    assert _calls(house) == 1
    for number in range(30):
        house.address(f"client{number}")
    assert _calls(house) == 1


def test_health_is_asked_on_a_slow_clock_and_when_the_tip_moves(house: House) -> None:
    house.settle()
    house.step()
    house.now += CHECK_EVERY
    assert _calls(house) > 1
    assert _calls(house) == 1
    house.on.mine()
    assert _calls(house) > 1


def test_more_than_a_round_may_ask_is_left_for_the_next_at_once(house: House) -> None:
    address = house.address("ann")
    house.on.pay(address, COIN)
    fake = house.on
    assert isinstance(fake, FakeHarness)
    fake.fake.pay([(address, COIN)] * (ASKED_PER_ROUND + 100))
    house.step()
    house.on.mine(1)
    house.step()
    house.on.mine(1)
    first = house.step()
    assert first.busy
    assert first.moved == ASKED_PER_ROUND
    assert house.owed("ann") == ASKED_PER_ROUND * COIN
    house.settle()
    assert house.owed("ann") == (ASKED_PER_ROUND + 101) * COIN


def test_an_engine_that_lost_its_chain_writes_nothing_and_says_nothing(house: House) -> None:
    house.settle()
    follower = house.follower
    house.take_over("second engine")
    house.settle()
    house.on.pay(house.address("ann"), COIN)
    house.on.mine(2)
    before, row = rows_written(), chains.state("LTC")
    with pytest.raises(LeaseLost):
        follower.step(house.now + CHECK_EVERY)
    after = chains.state("LTC")
    assert rows_written() == before
    assert (after.hash, after.checked_at, after.state) == (row.hash, row.checked_at, row.state)


def test_a_standing_round_tells_what_it_did(house: House) -> None:
    house.on.pay(house.address("ann"), COIN)
    house.on.mine(2)
    done = house.step()
    assert (done.moved, done.tip_height, done.well, done.busy) == (
        1,
        house.on.height(),
        True,
        False,
    )
