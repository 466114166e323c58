"""Many rows in few statements: exact values, NULLs, conflicts, and how many were changed."""

from __future__ import annotations

from typing import Any

import peewee
import pytest

from db import bulk
from db.connection import database as opened
from db.models import Balance, Chain, Client, Coin, Payment
from tests.db.kinds import on_sqlite


def coin(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "chain": "LTC",
        "txid": f"{number:064x}",
        "idx": "vout:0",
        "currency": "LTC",
        "address": "rltc1q",
        "account": "wallet:deposits",
        "units": 10**30 + number,
        "payment": None,
        "height": None,
        "hash": None,
        **changes,
    }


def payment(number: int, **changes: Any) -> dict[str, Any]:
    row = dict.fromkeys(Payment._meta.fields)
    return row | {
        "id": f"{number:032x}",
        "kind": "deposit",
        "currency": "LTC",
        "chain": "LTC",
        "state": "pending",
        "sub_state": "",
        "unsettled": False,
        "reason": "",
        "doubt": "",
        "generated": False,
        "rule": "r",
        "created_at": "a",
        "updated_at": "a",
        "final": False,
        "first_seq": number,
        "last_seq": number,
        "last_hash": f"{number}",
        **changes,
    }


def test_nothing_is_inserted_or_updated_for_no_rows(database: str) -> None:
    assert database
    bulk.insert_rows(Coin, [])
    assert bulk.update_rows(Coin, [], match=("txid",), changes=("height",)) == 0
    assert Coin.select().count() == 0


def test_more_rows_than_one_statement_holds_all_arrive(database: str) -> None:
    assert database
    count = bulk.PARAMETERS_MAX // len(coin(0)) + 7
    bulk.insert_rows(Coin, [coin(number) for number in range(count)])
    assert Coin.select().count() == count
    assert Coin.select().where(Coin.units == 10**30 + count - 1).count() == 1


def test_rows_with_and_without_nulls_share_a_statement(database: str) -> None:
    assert database
    mixed = [coin(0), coin(1, height=5, hash="aa", payment="p")]
    bulk.insert_rows(Coin, mixed)
    bulk.insert_rows(Coin, [coin(3, height=2**40, hash="bb"), coin(2)])
    rows = Coin.select(Coin.height, Coin.hash).order_by(Coin.txid).tuples()
    assert list(rows) == [(None, None), (5, "aa"), (None, None), (2**40, "bb")]


def test_a_conflict_clause_decides_what_becomes_of_a_known_row(database: str) -> None:
    assert database
    bulk.insert_rows(Coin, [coin(0)])
    on = "ON CONFLICT (chain, txid, idx, currency) DO UPDATE SET height = excluded.height,"
    bulk.insert_rows(Coin, [coin(0, height=9, hash="cc", units=1)], on=f"{on} hash = excluded.hash")
    row = Coin.get()
    assert (row.height, row.hash, row.units) == (9, "cc", 10**30)


def test_a_conflict_without_a_clause_stores_nothing(database: str) -> None:
    assert database
    bulk.insert_rows(Coin, [coin(0)])
    with pytest.raises(peewee.IntegrityError), opened.atomic():
        bulk.insert_rows(Coin, [coin(1), coin(0)])
    assert Coin.select().count() == 1


def test_an_update_touches_only_rows_that_match_in_every_column(database: str) -> None:
    assert database
    bulk.insert_rows(Payment, [payment(number) for number in (1, 2, 3)])
    rows = [
        {"match.id": f"{1:032x}", "match.last_seq": 1, "units": 2**200, "unsettled": True},
        {"match.id": f"{2:032x}", "match.last_seq": 7, "units": 5, "unsettled": True},
        {"match.id": f"{3:032x}", "match.last_seq": 3, "units": None, "unsettled": False},
    ]
    changed = bulk.update_rows(
        Payment, rows, match=("id", "last_seq"), changes=("units", "unsettled")
    )
    assert changed == 2
    found = Payment.select(Payment.units, Payment.unsettled).order_by(Payment.first_seq).tuples()
    assert list(found) == [(2**200, True), (None, False), (None, False)]


def test_a_column_of_nothing_but_nulls_can_be_set(database: str) -> None:
    assert database
    bulk.insert_rows(
        Payment, [payment(n, units=4, required=3, block_height=5, block_hash="h") for n in (1, 2)]
    )
    rows = [
        {"match.id": f"{n:032x}", **dict.fromkeys(("units", "required", "block_height"))}
        | {"block_hash": None}
        for n in (1, 2)
    ]
    changes = ("units", "required", "block_height", "block_hash")
    assert bulk.update_rows(Payment, rows, match=("id",), changes=changes) == 2
    assert Payment.select().where(Payment.units.is_null() & Payment.required.is_null()).count() == 2


def test_more_updates_than_one_statement_holds_are_all_counted(database: str) -> None:
    assert database
    count = bulk.PARAMETERS_MAX // 2 + 3
    names = [f"client-{number}" for number in range(count)]
    bulk.insert_rows(
        Client,
        [{"id": name, "created_at": "", "blocked": False, "blocked_reason": ""} for name in names],
    )
    rows = [{"match.id": name, "blocked": True} for name in names]
    assert bulk.update_rows(Client, rows, match=("id",), changes=("blocked",)) == count
    assert Client.select().where(Client.blocked == 0).count() == 0


def test_text_that_looks_like_sql_stays_text(database: str) -> None:
    assert database
    nasty = "'; DROP TABLE balance; -- %s ? \\"
    bulk.insert_rows(Balance, [{"account": nasty, "currency": "%(x)s", "units": 1}])
    rows = [{"match.account": nasty, "units": 2}]
    assert bulk.update_rows(Balance, rows, match=("account",), changes=("units",)) == 1
    assert Balance.get().account == nasty


def test_an_update_can_set_large_and_small_numbers_together(database: str) -> None:
    assert database
    for symbol in ("A", "B"):
        Chain.create(symbol=symbol, since="")
    rows = [{"match.symbol": "A", "height": 1}, {"match.symbol": "B", "height": 2**50}]
    assert bulk.update_rows(Chain, rows, match=("symbol",), changes=("height",)) == 2
    assert [row.height for row in Chain.select().order_by(Chain.symbol)] == [1, 2**50]


def test_rows_are_read_as_the_orm_reads_them(database: str) -> None:
    assert database
    bulk.insert_rows(
        Payment,
        [payment(1, units=2**200, unsettled=True), payment(2, first_seq=2**40, generated=True)],
    )
    query = Payment.select().where(Payment.state == "pending").order_by(Payment.first_seq.desc())
    found = bulk.read_rows(query.limit(5))
    assert [row.__data__ for row in found] == [row.__data__ for row in query]
    assert [(row.first_seq, row.units, row.unsettled) for row in found] == [
        (2**40, None, False),
        (1, 2**200, True),
    ]


def test_a_column_is_one_of_hundreds_of_texts(database: str) -> None:
    assert database
    bulk.insert_rows(Payment, [payment(number) for number in range(1, 400)])
    wanted = [f"{number:032x}" for number in range(300, 900)]
    found = bulk.read_rows(Payment.select().where(bulk.one_of(Payment.id, wanted)))
    assert sorted(row.first_seq for row in found) == list(range(300, 400))


@pytest.mark.parametrize("listed", [[], ["nobody"], ["'); DROP TABLE payment; --", '"', "%s ?"]])
def test_a_list_without_a_match_finds_nothing(database: str, listed: list[str]) -> None:
    assert database
    bulk.insert_rows(Payment, [payment(1)])
    assert bulk.read_rows(Payment.select().where(bulk.one_of(Payment.id, listed))) == []
    assert Payment.select().count() == 1


def test_a_list_of_odd_texts_finds_just_these(database: str) -> None:
    assert database
    odd = ["a'b", 'a"b', "ä€😀", "a,b", "{a}", "a\\b", ""]
    bulk.insert_rows(Payment, [payment(at, address=text) for at, text in enumerate(odd, start=1)])
    for text in odd:
        rows = bulk.read_rows(Payment.select().where(bulk.one_of(Payment.address, [text])))
        assert [row.address for row in rows] == [text]


def test_rows_are_read_by_what_their_columns_hold(database: str) -> None:
    assert database
    odd = ["a'b", 'a"b', "ä€😀", "%s ?", "'); DROP TABLE payment; --"]
    bulk.insert_rows(
        Payment,
        [payment(at, address=text, units=2**200, unsettled=at == 1) for at, text in enumerate(odd)],
    )
    both = bulk.read_by(Payment, kind="deposit", address=[odd[4], "z", odd[1]], order="last_hash")
    assert [row.__data__ for row in both] == [
        Payment.get(Payment.address == text).__data__ for text in (odd[1], odd[4])
    ]
    for text in odd:
        (found,) = bulk.read_by(Payment, address=text, order="first_seq")
        assert found.address == text
    assert bulk.read_by(Payment, kind="transfer", address=odd, order="first_seq") == []
    assert bulk.read_by(Payment, address=[], order="first_seq") == []


@on_sqlite
def test_a_list_is_looked_up_in_an_index_not_searched_row_by_row(database: str) -> None:
    assert database
    sql, values = Payment.select().where(bulk.one_of(Payment.id, ["a", "b"])).sql()
    plan = " ".join(row[3] for row in opened.execute_sql(f"EXPLAIN QUERY PLAN {sql}", values))
    assert "SEARCH" in plan
    assert "SCAN t1" not in plan


def test_an_update_can_ask_for_more_than_equal_columns(database: str) -> None:
    assert database
    bulk.insert_rows(Coin, [coin(1), coin(2, height=5, hash="aa"), coin(3)])
    rows = [{"match.txid": f"{number:064x}", "reserved": "family"} for number in (1, 2, 2)]
    free = "coin.height IS NULL AND coin.reserved IS NULL"
    assert bulk.update_rows(Coin, rows, match=("txid",), changes=("reserved",), where=free) == 1
    assert [row.reserved for row in Coin.select().order_by(Coin.txid)] == ["family", None, None]
