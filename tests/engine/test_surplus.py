"""How much a look at balances asks for, whatever the number of addresses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest

from db.models import Address, Payment
from engine.chain import BlockRef, ByBalance
from engine.surplus import PAGE, SURE_AFTER, SurplusWatch
from tests.engine.deposits.life import COIN
from tests.engine.house import NOW, add_addresses, add_client, add_deposit, house

pytestmark = pytest.mark.usefixtures("database")


class Purse:
    """Balances by address; everything else holds nothing. Records what it was asked."""

    def __init__(self) -> None:
        self.units: dict[str, int] = {}
        self.asked: list[str] = []

    def balances(self, asked: Sequence[tuple[str, str]], *, at: str) -> list[int | None]:
        assert at.startswith("0x")
        self.asked = [address for _, address in asked]
        return [self.units.get(address, 0) for address in self.asked]


def _watch(folder: Path, purse: Purse) -> SurplusWatch:
    node = cast("ByBalance", purse)
    return SurplusWatch(house(folder), "LTC", node, guard=lambda: None)


def test_each_block_looks_at_one_page_until_all_were_looked_at(tmp_path: Path) -> None:
    purse = Purse()
    watch = _watch(tmp_path, purse)
    addresses = add_addresses(2 * PAGE + 5)
    seen: list[str] = []
    for height in range(3):
        watch.step(BlockRef(height, f"0x{height}"), NOW)
        assert len(purse.asked) <= PAGE
        seen += purse.asked
    assert seen == addresses
    watch.step(BlockRef(3, "0x3"), NOW)
    assert purse.asked == addresses[:PAGE]


def test_a_block_is_looked_at_once(tmp_path: Path) -> None:
    purse = Purse()
    watch = _watch(tmp_path, purse)
    add_addresses(1)
    watch.step(BlockRef(1, "0x1"), NOW)
    purse.asked = []
    assert watch.step(BlockRef(1, "0x1"), NOW) == 0
    assert purse.asked == []


def test_addresses_with_open_requests_are_looked_at_with_each_block(tmp_path: Path) -> None:
    purse = Purse()
    watch = _watch(tmp_path, purse)
    *_, last = add_addresses(2 * PAGE)
    add_client("ann")
    Address.update(client="ann", issued_at="2026").where(Address.address == last).execute()
    add_deposit(house(tmp_path), address=last)
    for height in range(3):
        watch.step(BlockRef(height, f"0x{height}"), NOW)
        assert last in purse.asked


def test_what_is_more_than_our_rows_becomes_a_deposit_once(tmp_path: Path) -> None:
    purse = Purse()
    watch = _watch(tmp_path, purse)
    (address,) = add_addresses(1)
    purse.units[address] = COIN
    assert watch.step(BlockRef(1, "0x1"), NOW) == 0
    assert watch.step(BlockRef(1, "0x1"), NOW + SURE_AFTER) == 1
    assert watch.step(BlockRef(2, "0x2"), NOW + 2 * SURE_AFTER) == 0
    assert watch.step(BlockRef(2, "0x2"), NOW + 3 * SURE_AFTER) == 0
    (payment,) = Payment.select()
    assert (payment.units, payment.block_hash, payment.state) == (COIN, "0x1", "pending")


def test_what_is_not_there_at_the_second_look_never_was(tmp_path: Path) -> None:
    """A node that makes a block tells its balances under the name of the one before."""
    purse = Purse()
    watch = _watch(tmp_path, purse)
    (address,) = add_addresses(1)
    purse.units[address] = COIN
    assert watch.step(BlockRef(1, "0x1"), NOW) == 0
    purse.units[address] = 0
    assert watch.step(BlockRef(1, "0x1"), NOW + SURE_AFTER) == 0
    assert purse.asked == [address], "it was not looked at again"
    purse.units[address] = COIN
    assert watch.step(BlockRef(2, "0x2"), NOW + 2 * SURE_AFTER) == 0, "what was gone counts anew"
    assert not Payment.select().exists()


def test_what_grows_between_two_looks_is_looked_at_again(tmp_path: Path) -> None:
    purse = Purse()
    watch = _watch(tmp_path, purse)
    (address,) = add_addresses(1)
    purse.units[address] = COIN
    assert watch.step(BlockRef(1, "0x1"), NOW) == 0
    purse.units[address] = 3 * COIN
    assert watch.step(BlockRef(2, "0x2"), NOW + SURE_AFTER) == 0
    assert watch.step(BlockRef(2, "0x2"), NOW + 1.5 * SURE_AFTER) == 0
    assert watch.step(BlockRef(2, "0x2"), NOW + 2 * SURE_AFTER) == 1
    (payment,) = Payment.select()
    assert (payment.units, payment.block_hash) == (3 * COIN, "0x2")
