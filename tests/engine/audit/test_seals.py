"""Seals hold every row since the last one, link to it, and never sign what was touched."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from db import connection
from db.connection import connected
from db.models import Seal
from engine.audit import merkle, seals
from engine.audit.form import check_seal
from engine.errors import AuditError
from tests.engine.audit.histories import INSTALLATION, KEY, START, make_rows, store, store_more
from tests.engine.audit.tampering import tamper

pytestmark = pytest.mark.usefixtures("database")

LATER = START + timedelta(days=1)


def _seal(**options: Any) -> list[dict[str, Any]]:
    return seals.seal(now=LATER, key=KEY, **options)


def test_a_seal_holds_all_rows_since_the_last() -> None:
    rows = make_rows(6)
    store(rows[:7])
    (first,) = _seal()
    store_more(rows[7:])
    (second,) = _seal()
    assert (first["number"], first["first_seq"], first["last_seq"], first["count"]) == (1, 1, 7, 7)
    assert first["prev"] == first["installation"] == INSTALLATION
    leaves = [bytes.fromhex(row["hash"]) for row in rows[7:]]
    assert second["root"] == merkle.root(leaves).hex()
    assert (second["number"], second["first_seq"], second["last_seq"]) == (2, 8, 24)
    assert second["prev"] == first["hash"]
    for line in (first, second):
        check_seal(line)
    assert [first, second] == list(seals.read_seals())
    assert seals.head() == second


def test_nothing_new_makes_no_seal_unless_asked() -> None:
    store([])
    assert seals.head() is None
    assert _seal() == []
    (empty,) = _seal(even_if_empty=True)
    assert (empty["first_seq"], empty["last_seq"], empty["count"]) == (1, 0, 0)
    check_seal(empty)
    store_more(make_rows(1))
    (next_seal,) = _seal()
    assert (next_seal["first_seq"], next_seal["prev"]) == (1, empty["hash"])


def test_many_rows_are_split_into_seals_of_bounded_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seals, "SEAL_ROWS_MAX", 10)
    monkeypatch.setattr(seals, "_BATCH", 4)
    store(make_rows(6))
    made = _seal()
    assert [(line["first_seq"], line["last_seq"]) for line in made] == [(1, 10), (11, 20), (21, 24)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE history SET amount = '9' WHERE seq = 5",
        "UPDATE history SET evidence = 'nonsense' WHERE seq = 5",
        "UPDATE history SET hash = 'nonsense' WHERE seq = 5",
        "DELETE FROM entry; DELETE FROM history WHERE seq = 5",
        "UPDATE history SET seq = 99 WHERE seq = 24",
    ],
)
def test_what_was_touched_before_its_seal_is_never_signed(statement: str) -> None:
    store(make_rows(6))
    tamper(*statement.split("; "))
    with pytest.raises(AuditError, match=r"history row (5|24) .*nothing is sealed over it"):
        _seal()
    assert Seal.select().count() == 0


def test_seals_cannot_be_changed_through_the_database() -> None:
    store(make_rows(1))
    _seal()
    with pytest.raises(Exception, match="append-only"):
        Seal.update(root="ab" * 32).execute()
    connection.database.close()
    connection.database.connect()
    assert seals.head() is not None


def test_two_engines_that_seal_together_leave_one_chain() -> None:
    store(make_rows(6))
    numbers: list[int] = []

    def run() -> None:
        with connected():
            numbers.extend(line["number"] for line in _seal())

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert numbers == [1]
    assert [line["count"] for line in seals.read_seals()] == [24]


def test_without_an_installation_nothing_is_sealed() -> None:
    with pytest.raises(AuditError, match="has no id yet"):
        _seal()


def test_seals_can_be_read_up_to_a_number() -> None:
    rows = make_rows(2)
    store(rows[:4])
    _seal()
    store_more(rows[4:])
    _seal()
    assert [line["number"] for line in seals.read_seals(up_to=1)] == [1]
