"""Migrations are applied whole or not at all, and what does not fit is named."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import peewee
import pytest

from db import bulk, connection, migrate
from db.connection import connected
from db.connection import database as opened
from db.models import History, Payment
from tests.db.test_bulk import payment
from tests.nodes.postgres import Postgres

GOOD = """
def up(migrator, db):
    db.execute_sql("CREATE TABLE first (id INTEGER)")
"""
FAILING = """
def up(migrator, db):
    db.execute_sql("CREATE TABLE second (id INTEGER)")
    db.execute_sql("INSERT INTO first VALUES (7)")
    db.execute_sql("CREATE TABLE second (id INTEGER)")
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A new database with nothing in it, connected."""
    name = f"empty_{tmp_path.name}"[:60]
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/empty.db"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.create(name)
        request.addfinalizer(lambda: server.drop(name))
    connection.open_database(url)
    with connected():
        yield url


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Migrations of the test's own."""
    place = tmp_path / "migrations"
    place.mkdir()
    monkeypatch.setattr(migrate, "DIRECTORY", place)
    return place


def test_a_new_database_is_empty_and_lacks_everything(empty: str) -> None:
    assert empty
    assert migrate.is_empty()
    assert migrate.pending()[0] == "0001_initial"
    assert migrate.unknown() == []


def test_what_is_applied_is_not_applied_again(empty: str) -> None:
    assert empty
    assert migrate.apply()[0] == "0001_initial"
    assert (migrate.pending(), migrate.unknown(), migrate.is_empty()) == ([], [], False)
    assert migrate.apply() == []
    assert opened.execute_sql("SELECT value FROM counter WHERE name = 'seq'").fetchone()[0] == 0


def test_a_failing_migration_leaves_nothing_and_the_ones_before_stay(
    empty: str, folder: Path
) -> None:
    assert empty
    (folder / "0001_good.py").write_text(GOOD)
    (folder / "0002_failing.py").write_text(FAILING)
    with pytest.raises(peewee.DatabaseError, match="already exists"):
        migrate.apply()
    assert set(opened.get_tables()) == {"first", migrate.LIST}
    assert opened.execute_sql("SELECT count(*) FROM first").fetchone()[0] == 0
    assert migrate.pending() == ["0002_failing"]
    (folder / "0002_failing.py").write_text(FAILING.replace("TABLE second", "TABLE third", 1))
    assert migrate.apply() == ["0002_failing"]
    assert {"second", "third"} < set(opened.get_tables())


def test_a_database_whose_first_migration_failed_is_still_empty(empty: str, folder: Path) -> None:
    assert empty
    (folder / "0001_failing.py").write_text(FAILING)
    with pytest.raises(peewee.DatabaseError):
        migrate.apply()
    assert migrate.is_empty()
    assert migrate.pending() == ["0001_failing"]


def test_what_a_newer_program_applied_is_named(empty: str, folder: Path) -> None:
    assert empty
    for name in ("0001_good", "0002_newer"):
        (folder / f"{name}.py").write_text(GOOD.replace("first", f"t_{name}"))
    migrate.apply()
    (folder / "0002_newer.py").unlink()
    assert migrate.unknown() == ["0002_newer"]
    assert migrate.pending() == []


def test_migrations_are_applied_in_the_order_of_their_numbers(empty: str, folder: Path) -> None:
    assert empty
    names = ["0010_c", "0002_b", "0001_a"]
    for name in names:
        (folder / f"{name}.py").write_text(GOOD.replace("first", f"t_{name}"))
    assert migrate.apply() == sorted(names)


def test_deposits_seen_before_doubts_were_kept_have_theirs(empty: str) -> None:
    assert empty
    migrate.apply()
    old = "the coin is older than its address"
    for number, reason in ((1, old), (2, "")):
        bulk.insert_rows(Payment, [payment(number, reason="its block left the chain")])
        row: dict[str, Any] = dict.fromkeys(History._meta.fields, "x") | {"seq": number, "units": 1}
        row |= {"payment": f"{number:032x}", "event": "see", "reason": reason, "hash": f"{number}"}
        bulk.insert_rows(History, [row])
    fill = runpy.run_path(str(migrate.DIRECTORY / "0011_doubts.py"))["CHANGES"][1]
    opened.execute_sql(fill)
    assert [row.doubt for row in Payment.select().order_by(Payment.id)] == [old, ""]
