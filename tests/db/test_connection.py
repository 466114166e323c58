"""Opening, dropping and losing the database; what is not committed is not there."""

from __future__ import annotations

from pathlib import Path

import peewee
import pytest

from db import connection
from db.connection import connected
from db.connection import database as opened
from db.models import Client
from tests.db.kinds import on_postgresql, on_sqlite
from tests.together import at_once

BIG = "x" * 50_000


def add(name: str, reason: str = "") -> None:
    Client.create(id=name, created_at="", blocked_reason=reason)


@pytest.mark.parametrize(
    "url", ["mysql://host/name", "cashier.db", "", "http://x/y", "SQLITE:///x"]
)
def test_another_kind_of_database_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must be sqlite"):
        connection.open_database(url)


def test_the_folder_of_a_new_sqlite_file_is_made(tmp_path: Path) -> None:
    path = tmp_path / "var" / "deep" / "cashier.db"
    connection.open_database(f"sqlite:///{path}")
    with connected():
        opened.execute_sql("SELECT 1")
    assert path.exists()


@on_sqlite
def test_sqlite_is_durable_and_strict(database: str) -> None:
    assert database
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1}
    for name, value in wanted.items():
        assert opened.execute_sql(f"PRAGMA {name}").fetchone()[0] == value


@on_postgresql
def test_postgresql_gives_up_what_hangs(database: str) -> None:
    assert database
    for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
        assert opened.execute_sql(f"SHOW {name}").fetchone()[0] == "30s"
    given = opened.connection().get_dsn_parameters()
    assert given["connect_timeout"] == "15"
    assert given["tcp_user_timeout"] == "30000"
    assert given["keepalives_idle"] == "15"
    opened.execute_sql("SET statement_timeout = 50")
    with pytest.raises(peewee.OperationalError, match="statement timeout"):
        opened.execute_sql("SELECT pg_sleep(20)")


@on_postgresql
def test_options_in_the_address_are_handed_to_postgresql(database_url: str) -> None:
    connection.open_database(f"{database_url}?application_name=a%20name&connect_timeout=3")
    with connected():
        assert opened.execute_sql("SHOW application_name").fetchone()[0] == "a name"
        assert opened.connection().get_dsn_parameters()["connect_timeout"] == "3"


def test_connected_is_re_entrant_and_ends_with_the_outermost(database_url: str) -> None:
    connection.open_database(database_url)
    with connected():
        with connected():
            add("ann")
        assert not opened.is_closed()
    assert opened.is_closed()


def test_every_thread_has_a_connection_of_its_own(database: str) -> None:
    assert database
    mine = id(opened.connection())
    found = at_once(4, lambda _: id(opened.connection()))
    assert len({mine, *found}) == 5


def test_a_failed_database_transaction_leaves_nothing(database: str) -> None:
    assert database
    with pytest.raises(RuntimeError, match="enough"), opened.atomic():
        add("ann")
        raise RuntimeError("enough")
    assert Client.select().count() == 0
    add("bob")
    assert Client.select().count() == 1


def test_a_failed_inner_part_leaves_the_outer_usable(database: str) -> None:
    assert database
    with opened.atomic():
        add("ann")
        with pytest.raises(peewee.IntegrityError), opened.atomic():
            add("bob")
            add("ann")
        add("cid")
    assert {row.id for row in Client.select()} == {"ann", "cid"}


def test_twenty_writers_at_once_all_get_their_turn(database: str) -> None:
    assert database

    def write(number: int) -> int:
        with opened.atomic():
            # A read first: what would make a deferred lock of SQLite fail at once.
            count = Client.select().count()
            add(f"client-{number}")
            return count

    outcomes = at_once(20, write)
    assert not [each for each in outcomes if isinstance(each, Exception)]
    assert Client.select().count() == 20


@on_postgresql
def test_a_killed_connection_is_replaced_by_the_next(database: str) -> None:
    assert database
    opened.close()
    with pytest.raises(peewee.PeeweeException), connected(), opened.atomic():
        add("ann")
        kill_own_backend()
        add("bob")
    assert opened.is_closed()
    with connected():
        assert Client.select().count() == 0
        add("cid")
    with connected():
        assert [row.id for row in Client.select()] == ["cid"]
        kill_own_backend()
        with pytest.raises(peewee.PeeweeException):
            Client.select().count()
    with connected():
        assert Client.select().count() == 1


def kill_own_backend() -> None:
    """As an administrator would, from another session."""
    number = opened.execute_sql("SELECT pg_backend_pid()").fetchone()[0]

    def kill(_: int) -> bool:
        row = opened.execute_sql("SELECT pg_terminate_backend(%s)", [number]).fetchone()
        return bool(row[0])

    assert at_once(1, kill) == [True]


@on_sqlite
@pytest.mark.parametrize("nested", [False, True])
def test_a_full_disk_says_so_and_loses_nothing(database: str, *, nested: bool) -> None:
    assert database
    add("ann", BIG)
    fill_up_to = opened.execute_sql("PRAGMA page_count").fetchone()[0] + 20
    opened.execute_sql(f"PRAGMA max_page_count = {fill_up_to}")
    with pytest.raises(peewee.OperationalError, match="disk is full"), opened.atomic():
        add("bob")
        if nested:
            with opened.atomic():
                add("cid", BIG * 10)
        add("dan", BIG * 10)
    assert [row.id for row in Client.select()] == ["ann"]
    opened.execute_sql("PRAGMA max_page_count = 1000000")
    add("eve", BIG * 10)
    assert opened.execute_sql("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert {row.id for row in Client.select()} == {"ann", "eve"}
