"""Folding: the sums stay at every height, held coins stay untouched, and few rows are left."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from db.attempts import Attempt, Outflow
from db.models import Coin, Payment
from engine import outflows
from engine.chain import BlockRef
from engine.folding import fold
from engine.holdings import REST
from engine.ledger import WALLET_HOT
from engine.outflows import Landed, Mined
from tests.engine.house import add_client, add_deposit, house
from tests.engine.test_outflows import CAVE, HOT, came, note, sent

pytestmark = pytest.mark.usefixtures("database")


def left(number: int, height: int, units: int, *, fee: int = 1, final: bool = True) -> None:
    """A send of the hot address, in a block."""
    stored = sent(number, units=units)
    note(Mined(stored, BlockRef(height, f"0x{height:02}"), fee=fee, left=units))
    if final:
        Attempt.update(final=True).where(Attempt.id == stored.row.id).execute()


def sums(top: int) -> list[dict[tuple[str, str], int]]:
    """What our rows say at every height."""
    found = [outflows.held("ETH", addresses=[HOT, CAVE], height=h) for h in range(top + 1)]
    return [{key: units for key, units in each.items() if units} for each in found]


def folded(deepest: int = 50) -> int:
    return fold("ETH", deepest, lambda: None)


def unspent() -> list[tuple[str, int]]:
    rows = Coin.select().where(Coin.spent_txid.is_null()).order_by(Coin.height, Coin.txid)
    return [(row.idx, row.units) for row in rows]


def test_what_left_is_taken_from_the_oldest_coins_and_the_rest_is_one() -> None:
    for number, units in enumerate((100, 200, 400)):
        came(number, units, height=number + 1)
    left(1, 10, 150, fee=5)
    assert folded() == 2
    assert unspent() == [("tx", 400), (f"{REST}{HOT}", 145)]
    assert {row.folded_height for row in Outflow.select()} == {10}
    assert {(c.spent_txid, c.spent_height) for c in Coin.select() if c.spent_txid} == {
        ("0xtx1", 10)
    }


def test_nothing_is_left_of_an_address_that_was_emptied() -> None:
    came(1, 100)
    left(1, 10, 95, fee=5)
    folded()
    assert unspent() == []
    assert outflows.held("ETH", addresses=[HOT]) == {}


@pytest.mark.parametrize("seed", range(8))
def test_the_sum_of_the_rows_is_the_same_at_every_height(seed: int) -> None:
    rng = random.Random(seed)
    top, there = 60, 0
    for height in range(1, top):
        if rng.random() < 0.5:
            came(height, coin := rng.randrange(1, 10**24), height=height)
            there += coin
        elif there:
            units = rng.randrange(there)
            left(height, height, units, fee=rng.randrange(there - units), final=height < 50)
            there -= units + int(Outflow.get(idx="gas", txid=f"0xtx{height}").units)
    before = sums(top)
    for deepest in (20, 35, 50):
        folded(deepest)
        assert sums(top) == before
    assert not Outflow.select().where(Outflow.folded_height.is_null() & (Outflow.height < 50))


def test_what_is_not_final_stays_open() -> None:
    came(1, 1000)
    left(1, 10, 10)
    left(2, 20, 10, final=False)
    left(3, 30, 10)
    assert folded(25) == 2
    assert {row.txid for row in Outflow.select() if row.folded_height is None} == {
        "0xtx2",
        "0xtx3",
    }


@pytest.mark.parametrize("state", ["held", "pending", "refused"])
def test_coins_that_are_somebodys_question_are_never_taken(tmp_path: Path, state: str) -> None:
    add_client("ann")
    config = house(tmp_path)
    asked = add_deposit(config, state=state, units=500, txid="0xcame1", idx="tx")
    came(1, 500, payment=asked.id)
    came(2, 300, height=2)
    left(1, 10, 200)
    folded()
    assert unspent() == [("tx", 500), (f"{REST}{HOT}", 99)]
    left(2, 20, 300)  # more than may be taken: nothing is folded, and nothing is lost
    assert folded() == 0
    assert outflows.held("ETH", addresses=[HOT]) == {("ETH", HOT): 500 + 99 - 301}


def test_coins_of_deposits_are_taken_once_they_are_final(tmp_path: Path) -> None:
    add_client("ann")
    paid = add_deposit(house(tmp_path), state="credited", units=500, txid="0xcame1", idx="tx")
    came(1, 500, payment=paid.id)
    left(1, 10, 200)
    assert folded() == 0
    Payment.update(final=True).execute()
    assert folded() == 2
    assert unspent() == [(f"{REST}{HOT}", 299)]


def test_a_coin_that_came_later_does_not_pay_for_what_left_before() -> None:
    came(1, 100)
    came(2, 100, height=15)
    left(1, 10, 50)
    folded()
    assert unspent() == [(f"{REST}{HOT}", 49), ("tx", 100)]


def test_every_currency_and_address_is_folded_for_itself() -> None:
    came(1, 100)
    came(2, 70, currency="USDT")
    came(3, 10, address=CAVE)
    stored = sent(currency="USDT", source=CAVE, payment="sweep")
    came(4, 30, address=CAVE, currency="USDT", account="wallet:deposits")
    landed = Landed(HOT, "log:0", 30, WALLET_HOT)
    note(Mined(stored, BlockRef(10, "0x10"), fee=4, left=30, landed=landed))
    Attempt.update(final=True).execute()
    before = sums(20)
    assert folded() == 2
    assert sums(20) == before
    rest = [(row.currency, row.address, row.units) for row in Coin.select() if REST in row.idx]
    assert rest == [("ETH", CAVE, 6)]


def test_thousands_of_sends_leave_few_open_rows() -> None:
    came(1, 10**30)
    places = [
        Mined(sent(number), BlockRef(10 + number, f"0x{number}"), fee=21, left=10**20 + number)
        for number in range(2000)
    ]
    note(*places)
    Attempt.update(final=True).execute()
    before = outflows.held("ETH", addresses=[HOT])
    assert folded(10_000) == 4000
    assert outflows.held("ETH", addresses=[HOT]) == before
    assert len(unspent()) == 1
    assert not Outflow.select().where(Outflow.folded_height.is_null())


def test_a_guard_that_fails_leaves_everything_as_it_is() -> None:
    came(1, 100)
    left(1, 10, 50)

    def lost() -> None:
        raise RuntimeError("somebody else follows the chain")

    with pytest.raises(RuntimeError):
        fold("ETH", 50, lost)
    assert unspent() == [("tx", 100)]
