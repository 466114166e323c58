"""What deposit addresses hold by our rows, exactly, on both databases."""

from __future__ import annotations

import pytest

from db.attempts import Attempt, Outflow
from db.models import Coin
from engine.sweeps.holdings import LISTED_MAX, Holding, largest

pytestmark = pytest.mark.usefixtures("database")

WHALE = 10**30


def _coin(number: int, address: str, units: int, *, height: int = 5, **more: object) -> None:
    row = {"chain": "ETH", "txid": f"0x{number}", "idx": "tx", "currency": "ETH"}
    row |= {"address": address, "account": "wallet:deposits"}
    given = {"units": units, "height": height, "hash": f"h{height}", **more}
    Coin.insert({**row, **given}).execute()


def _outflow(address: str, units: int, *, height: int | None, folded: int | None = None) -> None:
    attempt = {"id": "a", "family": "a", "number": 1, "chain": "ETH", "currency": "ETH"}
    attempt |= {"txid": "0xa", "signed": "", "state": "mined", "fee_units": 1, "size": 1}
    Attempt.insert({**attempt, "created_at": "", "updated_at": ""}).execute()
    row = {"chain": "ETH", "txid": "0xa", "idx": "value", "currency": "ETH", "attempt": "a"}
    place = {"height": height, "hash": height and "h", "folded_height": folded}
    more = {"address": address, "account": "wallet:deposits", "units": units}
    Outflow.insert({**row, **place, **more}).execute()


def _largest(above: int = 0) -> list[Holding]:
    return largest("ETH", "ETH", tip=9, above=above)


def test_the_largest_come_first_whatever_their_length() -> None:
    for number, units in enumerate((9, WHALE, 80, 700)):
        _coin(number, f"a{number}", units)
    assert [each.units for each in _largest()] == [WHALE, 700, 80, 9]
    assert [each.units for each in _largest(above=80)] == [WHALE, 700]


def test_coins_of_an_address_add_up_and_what_left_is_taken_off() -> None:
    _coin(1, "a", 600)
    _coin(2, "a", 500)
    _outflow("a", 1_000, height=9)
    assert _largest() == [Holding("a", 100)]
    assert _largest(above=100) == []


@pytest.mark.parametrize(("height", "folded"), [(None, None), (10, None), (7, 8)])
def test_what_is_in_no_block_yet_or_folded_is_not_taken_off(
    height: int | None, folded: int | None
) -> None:
    _coin(1, "a", 600)
    _outflow("a", 100, height=height, folded=folded)
    assert _largest() == [Holding("a", 600)]


def test_other_accounts_and_spent_and_later_coins_are_left_out() -> None:
    _coin(1, "hot", 1, account="wallet:hot")
    _coin(2, "spent", 1, spent_txid="0x9")
    _coin(3, "late", 1, height=10)
    _coin(4, "other", 1, currency="USDT")
    assert _largest() == []


def test_a_list_is_bounded() -> None:
    for number in range(LISTED_MAX + 5):
        _coin(number, f"a{number}", 1 + number)
    assert len(_largest()) == LISTED_MAX
    assert _largest()[0].units == LISTED_MAX + 5
