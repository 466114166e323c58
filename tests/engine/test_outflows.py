"""What left by our own chain txs: noted once, taken out by a reorganisation, counted anywhere."""

from __future__ import annotations

import random

import pytest

from db.attempts import Attempt, AttemptInput, AttemptOutput, Outflow
from db.connection import database as db
from db.models import Coin
from engine import outflows
from engine.chain import BlockRef
from engine.ledger import WALLET_DEPOSITS, WALLET_HOT
from engine.outflows import Landed, Mined
from engine.sender.attempts import Stored, store

pytestmark = pytest.mark.usefixtures("database")

HOT, CAVE, PAYEE = "0xHot", "0xCave", "0xPayee"
AT = BlockRef(7, "0x07")
LATER = BlockRef(9, "0x09")
WEI = 10**30  # more than any integer of the databases


def sent(
    number: int = 1,
    *,
    currency: str = "ETH",
    source: str = HOT,
    payment: str = "p1",
    units: int = WEI,
) -> Stored:
    """An attempt with its rows."""
    name = f"a{number}"
    row = Attempt(
        id=name,
        family=name,
        number=1,
        chain="ETH",
        currency=currency,
        txid=f"0xtx{number}",
        signed="0x",
        state="sent",
        fee_units=500,
        size=21_000,
        created_at="2026",
        updated_at="2026",
        address=source,
        nonce=number,
    )
    account = WALLET_HOT if source == HOT else WALLET_DEPOSITS
    inputs = AttemptInput(
        attempt=name, txid=source, idx=f"nonce:{number}", units=0, account=account
    )
    outputs = AttemptOutput(attempt=name, line=0, address=PAYEE, units=units, payment=payment)
    stored = Stored(row, (inputs,), (outputs,))
    store([stored])
    return stored


def came(number: int, units: int, *, address: str = HOT, height: int = 1, **more: object) -> Coin:
    """A coin of an address."""
    columns: dict[str, object] = {
        "chain": "ETH",
        "txid": f"0xcame{number}",
        "idx": "tx",
        "currency": "ETH",
        "address": address,
        "account": WALLET_HOT,
        "units": units,
        "height": height,
        "hash": f"0x{height:02}",
        **more,
    }
    return Coin.create(**columns)


def note(*places: Mined) -> None:
    with db.atomic():
        outflows.note(places)


def held(address: str = HOT, currency: str = "ETH", height: int | None = None) -> int:
    return outflows.held("ETH", addresses=[address], height=height).get((currency, address), 0)


def test_value_and_fee_leave_the_address_from_their_block_on() -> None:
    came(1, 5 * WEI)
    note(Mined(sent(), AT, fee=21, left=WEI))
    assert held() == 4 * WEI - 21
    assert held(height=AT.height) == 4 * WEI - 21
    assert held(height=AT.height - 1) == 5 * WEI


def test_a_token_costs_its_fee_in_the_coin_of_the_chain() -> None:
    came(1, 1000)
    came(2, 70, currency="USDT")
    note(Mined(sent(currency="USDT"), AT, fee=21, left=50))
    assert (held(), held(currency="USDT")) == (979, 20)
    assert {(row.idx, row.currency) for row in Outflow.select()} == {
        ("value", "USDT"),
        ("gas", "ETH"),
    }


def test_a_chain_tx_that_moved_nothing_costs_its_fee_alone() -> None:
    came(1, 1000)
    note(Mined(sent(), AT, fee=21, left=None))
    assert held() == 979


def test_the_same_noted_again_changes_nothing() -> None:
    came(1, 1000)
    stored = sent(units=50)
    landed = Landed(CAVE, "tx", 50, WALLET_DEPOSITS)
    for _ in range(3):
        note(Mined(stored, AT, fee=21, left=50, landed=landed))
    assert (held(), held(CAVE)) == (929, 50)
    assert (Outflow.select().count(), Coin.select().count()) == (2, 2)


def test_a_reorganisation_takes_out_what_left_and_what_landed() -> None:
    came(1, 1000)
    stored = sent(units=50)
    note(Mined(stored, AT, fee=21, left=50, landed=Landed(CAVE, "tx", 50, WALLET_DEPOSITS)))
    note(Mined(stored, None))
    assert (held(), held(CAVE)) == (1000, 0)
    assert sorted(row.units for row in Outflow.select()) == [21, 50]  # what was booked is known


def test_mined_again_elsewhere_it_has_the_block_and_the_fee_of_there() -> None:
    came(1, 1000)
    stored = sent(units=50)
    note(Mined(stored, AT, fee=21, left=50, landed=Landed(CAVE, "tx", 50, WALLET_DEPOSITS)))
    note(Mined(stored, None))
    note(Mined(stored, LATER, fee=30, left=50, landed=Landed(CAVE, "tx", 49, WALLET_DEPOSITS)))
    assert (held(), held(CAVE)) == (920, 49)
    assert (held(height=8), held(CAVE, height=8)) == (1000, 0)


def test_mined_again_and_failed_it_brings_nothing() -> None:
    came(1, 1000)
    stored = sent(units=50)
    note(Mined(stored, AT, fee=21, left=50, landed=Landed(CAVE, "tx", 50, WALLET_DEPOSITS)))
    note(Mined(stored, LATER, fee=30, left=0))
    assert (held(), held(CAVE)) == (970, 0)


def test_a_coin_that_landed_is_one_of_its_payment() -> None:
    stored = sent(currency="USDT", source=CAVE, payment="sweep")
    note(Mined(stored, AT, fee=21, left=50, landed=Landed(HOT, "log:0", 50, WALLET_HOT)))
    (coin,) = Coin.select()
    assert (coin.txid, coin.idx, coin.currency, coin.payment) == (
        stored.row.txid,
        "log:0",
        "USDT",
        "sweep",
    )
    assert (coin.address, coin.account, coin.height) == (HOT, WALLET_HOT, AT.height)
    assert {row.account for row in Outflow.select()} == {WALLET_DEPOSITS}


def test_what_was_folded_does_not_change_any_more() -> None:
    stored = sent(units=50)
    note(Mined(stored, AT, fee=21, left=50))
    Outflow.update(folded_height=8).execute()
    note(Mined(stored, None))
    note(Mined(stored, LATER, fee=30, left=50))
    assert {(row.height, row.folded_height) for row in Outflow.select()} == {(7, 8)}


def test_hundreds_are_noted_at_once() -> None:
    rng = random.Random(5)
    places = [
        Mined(sent(number), AT, fee=rng.randrange(100), left=rng.randrange(WEI))
        for number in range(300)
    ]
    came(1, 300 * WEI)
    note(*places)
    assert held() == 300 * WEI - sum(each.fee + int(each.left or 0) for each in places)


def test_what_is_signed_and_in_no_block_is_promised_once_for_each_number() -> None:
    sent(1, units=50)
    sent(2, currency="USDT", units=7)
    bumped = sent(3, units=50)
    Attempt.update(family="a1", number=2, fee_units=900).where(
        Attempt.id == bumped.row.id
    ).execute()
    assert outflows.promised("ETH", "ETH") == 50 + 900 + 500
    assert outflows.promised("ETH", "USDT") == 7
    mined = {"state": "mined", "block_hash": "0x07", "block_height": 7}
    Attempt.update(**mined).where(Attempt.id == bumped.row.id).execute()
    assert outflows.promised("ETH", "ETH") == 500  # the gas of the token's


def test_only_asked_addresses_are_told_and_others_have_nothing() -> None:
    came(1, 5)
    came(2, 6, address=CAVE, height=3)
    assert outflows.held("ETH", addresses=[CAVE, PAYEE]) == {("ETH", CAVE): 6}
    assert outflows.held("ETH", addresses=[]) == {}
    assert outflows.held("BTC", addresses=[CAVE]) == {}
