"""Rows of a list: read exactly or set aside with a reason, never guessed at, never a lost round."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.chain import Oddity, Scan
from engine.errors import NodeDown
from engine.families.bitcoin.rows import RowReader

TIP = "ab" * 32
TXID = "cd" * 32
BLOCK = "ef" * 32
GOOD: dict[str, Any] = {
    "address": "rltc1qexample",
    "category": "receive",
    "amount": Decimal("1.50000000"),
    "vout": 1,
    "confirmations": 1,
    "blockhash": BLOCK,
    "blockheight": 7,
    "txid": TXID,
}


def _read(*rows: object) -> Scan:
    reader = RowReader("LTC", 8, height_of=lambda _: 99)
    return reader.scan({"transactions": list(rows), "removed": [], "lastblock": TIP})


def _odd(**changes: object) -> Oddity:
    """The one oddity that the good row with these changes becomes; None removes a key."""
    row = {key: value for key, value in {**GOOD, **changes}.items() if value is not None}
    good = {**GOOD, "txid": "11" * 32}
    scan = _read(good, row, good)
    assert [arrival.txid for arrival in scan.arrivals] == ["11" * 32]
    (oddity,) = scan.oddities
    return oddity


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"vout": None}, "it names no output"),
        ({"vout": True}, "a number in it is none"),
        ({"vout": -1}, "a number in it is none"),
        ({"vout": "0"}, "a number in it is none"),
        ({"vout": Decimal("1.0")}, "a number in it is none"),
        ({"amount": None}, "its amount is no number"),
        ({"amount": "1.5"}, "its amount is no number"),
        ({"amount": True}, "its amount is no number"),
        ({"amount": float("nan")}, "its amount is no number"),
        ({"amount": Decimal("NaN")}, "its amount is no amount of coins"),
        ({"amount": Decimal("1E+400")}, "its amount is no amount of coins"),
        ({"amount": Decimal("0.123456789")}, "its amount has more than 8 decimals"),
        ({"amount": Decimal("-0.5")}, "it receives a negative amount"),
        ({"address": None}, "its address is no address"),
        ({"address": "[bold]"}, "its address is no address"),
        ({"txid": "CD" * 32}, "a hash in it is no hash"),
        ({"txid": None}, "a hash in it is no hash"),
        ({"blockhash": None}, "a hash in it is no hash"),
        ({"blockheight": "7"}, "a number in it is none"),
        ({"confirmations": None}, "a number in it is none"),
        ({"confirmations": False}, "a number in it is none"),
        ({"category": "gift"}, "its category is unknown"),
        ({"category": ["receive"]}, "its category is unknown"),
    ],
)
def test_an_odd_row_is_set_aside_and_the_others_are_read(
    changes: dict[str, object], reason: str
) -> None:
    assert _odd(**changes).reason.startswith(reason)


@pytest.mark.parametrize("row", [None, 5, "text", ["a"], [{"txid": TXID}]])
def test_a_row_that_is_no_object_is_set_aside(row: object) -> None:
    assert [oddity.reason for oddity in _read(row).oddities] == ["a row of the list is no object"]


def test_an_odd_row_keeps_its_name_as_it_gets_deeper() -> None:
    shallow = _odd(vout=None, confirmations=1)
    deep = _odd(vout=None, confirmations=9, blockhash=TIP)
    assert shallow.key == deep.key
    assert _odd(vout=None, address="other").key != shallow.key


@pytest.mark.parametrize(
    ("amount", "units"),
    [
        (Decimal("1.50000000"), 150_000_000),
        (Decimal("0E-8"), 0),
        (Decimal("1E-8"), 1),
        (Decimal("1.5000000000"), 150_000_000),
        (21, 2_100_000_000),
        (Decimal("92233720368.54775807"), 9_223_372_036_854_775_807),
        (Decimal("123456789012345678901.12345678"), 12_345_678_901_234_567_890_112_345_678),
    ],
)
def test_amounts_are_exact(amount: object, units: int) -> None:
    (arrival,) = _read({**GOOD, "amount": amount}).arrivals
    assert arrival.units == units


def test_one_coin_listed_twice_is_one_arrival() -> None:
    assert len(_read(GOOD, {**GOOD, "label": "other"}).arrivals) == 1


def test_one_coin_listed_with_two_amounts_is_no_arrival() -> None:
    scan = _read(GOOD, {**GOOD, "amount": Decimal(2)})
    assert scan.arrivals == ()
    assert [oddity.reason for oddity in scan.oddities] == ["listed twice with different figures"]


def test_a_send_row_marks_all_that_its_chain_tx_pays_us() -> None:
    scan = _read(GOOD, {**GOOD, "category": "send", "amount": Decimal("-1.5")})
    assert [arrival.own for arrival in scan.arrivals] == [True]
    assert scan.oddities == ()


def test_dead_and_orphaned_rows_are_no_arrivals() -> None:
    dead = {**GOOD, "confirmations": -3}
    orphan = {**GOOD, "category": "orphan", "confirmations": 0}
    scan = _read(dead, orphan)
    assert (scan.arrivals, scan.oddities, scan.unconfirmed) == ((), (), frozenset())


def test_rows_outside_of_a_block_that_conflict_with_others_are_named() -> None:
    waiting = {**GOOD, "confirmations": 0, "walletconflicts": []}
    rival = {**waiting, "txid": "11" * 32, "walletconflicts": [TXID]}
    scan = _read(waiting, rival, {**rival, "txid": "22" * 32, "confirmations": 1})
    assert scan.unconfirmed == {TXID, "11" * 32}
    assert scan.contested == {"11" * 32}


def test_a_row_without_a_height_has_its_block_asked() -> None:
    row = {key: value for key, value in GOOD.items() if key != "blockheight"}
    (arrival,) = _read(row).arrivals
    assert arrival.block is not None
    assert arrival.block.height == 99


@pytest.mark.parametrize(
    "reply",
    [
        None,
        [],
        "text",
        {},
        {"transactions": None, "lastblock": TIP},
        {"transactions": {}, "lastblock": TIP},
        {"transactions": []},
        {"transactions": [], "lastblock": "zz"},
        {"transactions": [], "lastblock": None},
    ],
)
def test_a_reply_of_another_shape_is_no_list(reply: object) -> None:
    with pytest.raises(NodeDown, match="malformed"):
        RowReader("LTC", 8, height_of=lambda _: 0).scan(reply)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=5,
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(GOOD, _json)))
@example({"confirmations": Decimal("sNaN")})
def test_no_row_at_all_loses_the_round(changes: dict[str, object]) -> None:
    scan = _read({**GOOD, "txid": "11" * 32}, {**GOOD, **changes})
    assert scan.tip_hash == TIP
    assert "11" * 32 in {arrival.txid for arrival in scan.arrivals}


@given(_json)
def test_whatever_the_list_holds_the_round_goes_on(row: object) -> None:
    assert len(_read(GOOD, row).arrivals) == 1
