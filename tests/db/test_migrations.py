"""The tables that the migrations make: what is written stays, and the database itself refuses what
must not be."""

from __future__ import annotations

from typing import Any

import peewee
import pytest

from db.connection import database as opened
from db.models import Address, Approval, Coin, Entry, History, Payment, Posting, Seal
from db.row import Row
from tests.db.test_bulk import coin, payment

APPEND_ONLY = (History, Entry, Posting, Seal, Approval)


def fill(model: type[Row]) -> None:
    """One row in an append-only table, with what it refers to."""
    history = dict.fromkeys(History._meta.fields, "x") | {"seq": 1, "units": 1}
    History.insert(history).execute()
    if model in {Entry, Posting}:
        Entry.create(id=1, at="", event="credit")
    if model is Posting:
        Posting.create(entry=1, line=0, account="house", currency="LTC", units=1)
    if model is Approval:
        Approval.insert(dict.fromkeys(Approval._meta.fields, "0" * 32)).execute()
    if model is Seal:
        numbers = {"number": 1, "first_seq": 1, "last_seq": 1, "count": 1}
        Seal.insert(dict.fromkeys(Seal._meta.fields, "x") | numbers).execute()


VERBS = {
    "sqlite": (
        "UPDATE {table} SET {key} = {key}",
        "DELETE FROM {table}",
        "REPLACE INTO {table} SELECT * FROM {table}",  # deletes, too
    ),
    "postgresql": (
        "UPDATE {table} SET {key} = {key}",
        "DELETE FROM {table}",
        "TRUNCATE {table} CASCADE",
    ),
}


@pytest.mark.parametrize("model", APPEND_ONLY, ids=lambda model: model.__name__)
def test_what_is_written_stays(database: str, model: type[Row]) -> None:
    table, key = model._meta.table_name, model._meta.sorted_fields[0].column_name
    fill(model)
    before = list(model.select().dicts())
    for statement in VERBS[database.partition(":")[0]]:
        with pytest.raises(peewee.DatabaseError, match="append-only"), opened.atomic():
            opened.execute_sql(statement.format(table=table, key=key))
        assert list(model.select().dicts()) == before


BAD_UNITS = ("", "-", "-0", "00", "01", "1.5", "1e3", " 1", "1 ", "+1", "0x1", "٣", "1\n", "--1")
NEVER_UNITS = ("abc", "NaN", "Infinity", None)


def stored_as(text: str | None) -> str | None:
    """What the database makes of `text` as units; None when it refuses."""
    insert = "INSERT INTO balance (account, currency, units) VALUES ('house', 'LTC', {})"
    try:
        with opened.atomic():
            opened.execute_sql(insert.format(opened.param), [text])
    except peewee.DatabaseError:
        return None
    cursor = opened.execute_sql("SELECT units FROM balance")
    units = str(cursor.fetchone()[0])
    opened.execute_sql("DELETE FROM balance")
    return units


def test_the_database_refuses_units_that_are_no_exact_integer(database: str) -> None:
    for text in NEVER_UNITS:
        assert stored_as(text) is None, text
    for text in BAD_UNITS:
        units = stored_as(text)
        # PostgreSQL makes an integer of what it can read; SQLite keeps text, and takes one form.
        allowed = units is not None and not database.startswith("sqlite")
        assert units is None or (allowed and str(int(units)) == units), text
    assert stored_as("-12") == "-12"


REFUSED: list[tuple[type[Row], dict[str, Any]]] = [
    (Payment, payment(1, state="paid")),
    (Payment, payment(1, kind="gift")),
    (Payment, payment(1, id="short")),
    (Payment, payment(1, block_hash="a")),
    (Payment, payment(1, block_height=1)),
    (Payment, payment(1, txid="a")),
    (Payment, payment(1, idx="vout:0")),
    (Payment, payment(1, state="credited", units=None)),
    (Payment, payment(1, state="confirmed", units=None)),
    (Coin, coin(1, height=1)),
    (Coin, coin(1, hash="a")),
]


def test_a_row_that_contradicts_itself_is_refused(database: str) -> None:
    assert database
    for model, row in REFUSED:
        with pytest.raises(peewee.IntegrityError), opened.atomic():
            model.insert(row).execute()
        assert model.select().count() == 0


def address(number: int, **changes: Any) -> dict[str, Any]:
    row = {"chain": "LTC", "address": f"a{number}", "script": f"s{number}", "purpose": "deposit"}
    return row | {"created_at": "", "created_height": 0, **changes}


ISSUED = {"client": "ann", "issued_at": "t"}
TWICE: list[tuple[type[Row], dict[str, Any], dict[str, Any]]] = [
    (Address, address(1), address(2, script="s1")),
    (Address, address(1), address(2, address="a1")),
    (Address, address(1, **ISSUED), address(2, **ISSUED)),
    (Payment, payment(1, txid="t", idx="vout:0"), payment(2, txid="t", idx="vout:0")),
    (Payment, payment(1, client="a", state="requested"), payment(2, client="a", state="requested")),
    (Coin, coin(1), coin(1, units=5)),
]


def test_what_must_be_one_is_one(database: str) -> None:
    assert database
    for model, first, second in TWICE:
        model.insert(first).execute()
        with pytest.raises(peewee.IntegrityError), opened.atomic():
            model.insert(second).execute()
        assert model.select().count() == 1
        model.delete().execute()


def test_a_used_address_leaves_room_for_the_next(database: str) -> None:
    assert database
    Address.insert(address(1, **ISSUED, used_at="t")).execute()
    Address.insert(address(2, **ISSUED)).execute()
    assert Address.select().count() == 2
