"""What rows prove of each other, without a node: altered and lost ones, and whose they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from db.attempts import Attempt, AttemptOutput, Nonce, Outflow
from db.models import Coin
from engine.chain import BlockRef, Unspent
from engine.folding import fold
from engine.holdings import REST, Holding
from engine.outflows import Mined
from engine.own_rows import as_proved, booked_thefts, is_booked, is_ours, touching, used_up
from tests.engine.house import add_client, add_deposit, house
from tests.engine.test_outflows import CAVE, HOT, PAYEE, came, note, sent

pytestmark = pytest.mark.usefixtures("database")


def holding(units: int, *coins: Unspent, currency: str = "ETH") -> Holding:
    return Holding(currency, HOT, units, coins)


def coin(txid: str, units: int, index: str = "tx", currency: str = "ETH") -> Unspent:
    return Unspent(txid, index, currency, HOT, units, 1)


@pytest.fixture
def deposited(tmp_path: Path) -> str:
    """The txid of a credited deposit of 500 LTC units, whose coin has no row."""
    add_client("ann")
    place: dict[str, Any] = {
        "block_hash": "0x01",
        "block_height": 1,
        "address": HOT,
        "txid": "0xin",
        "idx": "tx",
    }
    add_deposit(house(tmp_path), state="credited", units=500, **place)
    return "0xin"


def test_a_coin_has_the_amount_of_its_deposit_where_this_is_the_balance(deposited: str) -> None:
    altered = coin(deposited, 700, currency="LTC")
    (right,) = as_proved("LTC", [holding(500, altered, currency="LTC")])
    assert [each.units for each in right.coins] == [500]
    other = holding(600, altered, currency="LTC")
    assert as_proved("LTC", [other]) == [other]


def test_a_coin_without_a_row_is_known_by_its_deposit(deposited: str) -> None:
    (right,) = as_proved("LTC", [holding(500, currency="LTC")])
    assert right.coins == (coin(deposited, 500, currency="LTC"),)
    (more,) = as_proved("LTC", [holding(501, currency="LTC")])
    assert more.coins == ()
    came(1, 500, chain="LTC", currency="LTC", txid=deposited)
    (there,) = as_proved("LTC", [holding(500, currency="LTC")])
    assert there.coins == ()


def test_what_folding_left_is_known_by_what_it_folded() -> None:
    came(1, 1000)
    stored = sent(units=50)
    note(Mined(stored, BlockRef(7, "0x07"), fee=21, left=50))
    Attempt.update(final=True).execute()
    assert fold("ETH", 10, lambda: None) == 2
    rest = f"{REST}{HOT}"
    altered = coin("0xtx1", 5000, rest)
    (right,) = as_proved("ETH", [holding(929, altered)])
    assert [each.units for each in right.coins] == [929]
    Coin.delete().where(Coin.idx == rest).execute()
    (found,) = as_proved("ETH", [holding(929)])
    assert [(each.coin, each.units) for each in found.coins] == [(("0xtx1", rest), 929)]
    (unproved,) = as_proved("ETH", [holding(930)])
    assert unproved.coins == ()


def test_the_sends_of_an_address_are_those_that_it_made_or_got() -> None:
    made, got, other = sent(1), sent(2, source=CAVE), sent(3, source=CAVE)
    for each in (other, made):
        AttemptOutput.update(address="0xElse").where(AttemptOutput.attempt == each.row.id).execute()
    assert {row.txid for row in touching("ETH", [HOT, PAYEE])} == {made.row.txid, got.row.txid}
    Attempt.update(state="dead").execute()
    assert touching("ETH", [HOT, PAYEE]) == []


def test_final_sends_are_among_them_while_their_rows_are_open_or_one_was_lost() -> None:
    stored = sent(1)
    at = {"block_hash": "0x07", "block_height": 7, "final": True}
    note(Mined(stored, BlockRef(7, "0x07"), fee=21, left=50))
    Attempt.update(**at).execute()
    Nonce.create(chain="ETH", address=HOT, nonce=1, family=stored.row.family)
    assert len(touching("ETH", [HOT])) == 1
    Outflow.update(folded_height=7).execute()
    assert touching("ETH", [HOT]) == []
    Outflow.delete().where(Outflow.idx == "gas").execute()
    assert len(touching("ETH", [HOT])) == 1


def test_what_is_spent_or_folded_is_used_up() -> None:
    stored = sent(1)
    note(Mined(stored, BlockRef(7, "0x07"), fee=21, left=50))
    came(1, 5, txid=stored.row.txid, idx="log:0")
    assert used_up("ETH", [stored.row.txid]) == frozenset()
    Outflow.update(folded_height=7).where(Outflow.idx == "gas").execute()
    Coin.update(spent_txid="0xother", spent_height=8, spent_hash="0x08").execute()
    txid = stored.row.txid
    assert used_up("ETH", [txid]) == {("ETH", txid, "gas"), ("ETH", txid, "log:0")}


def test_a_theft_is_whatever_spent_coins_and_is_no_send_of_ours() -> None:
    stored = sent(1)
    came(1, 5, spent_txid=stored.row.txid, spent_height=8, spent_hash="0x08")
    came(2, 6, spent_txid="0xthief", spent_height=8, spent_hash="0x08")
    assert {
        txid: [c.units for c in coins] for txid, coins in booked_thefts("ETH", [HOT]).items()
    } == {"0xthief": [6]}
    assert is_booked(holding(0), "0xthief")
    assert not is_booked(holding(0), "0xelse")
    assert is_ours(stored.row.txid)
    assert not is_ours("0xthief")
