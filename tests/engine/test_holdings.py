"""What an address holds by its node and by our rows, those of less than nothing among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from db.attempts import Outflow
from engine.chain import BlockRef, ByBalance
from engine.errors import NodeDown
from engine.holdings import holdings
from engine.outflows import Mined
from tests.engine.test_outflows import CAVE, HOT, came, note, sent

pytestmark = pytest.mark.usefixtures("database")

TIP = BlockRef(9, "0x09")


class Purse:
    """The balances of one block; None for whom it does not know."""

    def __init__(self, **units: int | None) -> None:
        self.units = {f"0x{name.title()}": each for name, each in units.items()}

    def balances(self, asked: Sequence[tuple[str, str]], *, at: str) -> list[int | None]:
        assert at == TIP.hash
        return [self.units.get(address) for _, address in asked]


def test_what_left_is_a_coin_of_less_than_nothing() -> None:
    came(1, 1000)
    came(2, 5, height=12)  # after the block that is asked for
    note(Mined(sent(), BlockRef(7, "0x07"), fee=21, left=50))
    (found,) = holdings(cast("ByBalance", Purse(hot=929)), "ETH", ["ETH"], [HOT], TIP)
    assert {coin.index: coin.units for coin in found.coins} == {
        "tx": 1000,
        "value": -50,
        "gas": -21,
    }
    assert (found.more, found.key) == (0, ("ETH", HOT))


def test_what_was_folded_and_what_moved_nothing_is_in_no_sum() -> None:
    came(1, 1000)
    note(Mined(sent(), BlockRef(7, "0x07"), fee=21, left=0))
    Outflow.update(folded_height=8).where(Outflow.idx == "gas").execute()
    (found,) = holdings(cast("ByBalance", Purse(hot=1000)), "ETH", ["ETH"], [HOT], TIP)
    assert [coin.units for coin in found.coins] == [1000]


def test_a_balance_that_is_not_told_ends_the_look() -> None:
    purse = cast("ByBalance", Purse(hot=1, cave=None))
    with pytest.raises(NodeDown):
        holdings(purse, "ETH", ["ETH"], [HOT, CAVE], TIP)
