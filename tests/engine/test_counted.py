"""A balance as the coins of our rows: what is more has a name, what is less is missing."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from engine.chain import BlockRef, Unspent
from engine.counted import _shown
from engine.holdings import Holding, surplus_name

AT = BlockRef(9, "0x0b")


def _holding(units: int, coins: Sequence[int]) -> Holding:
    rows = (Unspent(f"tx{n}", "tx", "ETH", "0xA", each, n) for n, each in enumerate(coins))
    return Holding("ETH", "0xA", units, tuple(rows))


@pytest.mark.parametrize(
    ("units", "coins", "shown"),
    [
        (0, [], []),
        (7, [3, 4], [3, 4]),
        (9, [3, 4], [3, 4, 2]),
        (5, [3, 4], [3, 2]),
        (3, [3, 4], [3]),
        (2, [3, 4], [2]),
        (0, [3, 4], []),
        (5, [], [5]),
    ],
)
def test_the_coins_that_are_shown_are_together_the_balance(
    units: int, coins: list[int], shown: list[int]
) -> None:
    holding = _holding(units, coins)
    assert [coin.units for coin in _shown(holding, AT)] == shown
    assert holding.more == units - sum(coins)


def test_what_is_more_is_named_for_its_address_and_block() -> None:
    (coin,) = _shown(_holding(5, []), AT)
    assert coin.coin == surplus_name("0xA", AT.hash) == ("block:0x0b", "balance:0xA@0x0b")
    assert (coin.height, coin.currency, coin.address) == (9, "ETH", "0xA")
