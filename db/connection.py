"""Opening the database: SQLite with WAL and full durability, or PostgreSQL with time-outs.

One process uses one database; connections are per thread and opened on purpose (`connected`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import peewee

from db import exact

LOCK_WAIT_S = 15
STATEMENT_TIMEOUT_MS = 30_000

database = peewee.DatabaseProxy()


def open_database(url: str) -> peewee.Database:
    """The database that `url` names (`sqlite:///path`, `postgresql://user:password@host/name`),
    bound to the models. Nothing is connected yet. Raises ValueError for another scheme."""
    scheme = url.partition(":")[0]
    if scheme == "sqlite":
        opened: peewee.Database = _open_sqlite(url)
    elif scheme in {"postgresql", "postgres"}:
        opened = _open_postgresql(url)
    else:
        raise ValueError(f"database must be sqlite:///… or postgresql://…, not {scheme}:…")
    database.initialize(opened)
    return opened


class _Sqlite(peewee.SqliteDatabase):
    """Lets the true error through: SQLite itself rolls back when a disk is full, and a roll-back
    after that would fail with another word and hide it."""

    def rollback(self) -> None:
        if not self._rolled_back():
            super().rollback()

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        if sql.startswith("ROLLBACK TO") and self._rolled_back():
            return None
        execute: Any = super().execute_sql
        return execute(sql, params)

    def _rolled_back(self) -> bool:
        connection: Any = self.connection
        return not connection().in_transaction


def _open_sqlite(url: str) -> peewee.SqliteDatabase:
    path = url.removeprefix("sqlite:///")
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    opened = _Sqlite(
        path,
        pragmas={
            "journal_mode": "wal",
            "synchronous": "full",
            "foreign_keys": 1,
            "recursive_triggers": 1,  # else REPLACE deletes append-only rows unseen
        },
        timeout=LOCK_WAIT_S,
        # A deferred BEGIN that upgrades later fails at once under contention; IMMEDIATE waits.
        lock_type="IMMEDIATE",
        autoconnect=False,
    )
    exact.register(opened)
    return opened


def _open_postgresql(url: str) -> peewee.PostgresqlDatabase:
    parts = urlsplit(url)
    options: dict[str, Any] = {
        "host": parts.hostname,
        "port": parts.port,
        "user": unquote(parts.username) if parts.username else None,
        "password": unquote(parts.password) if parts.password else None,
        # A half-open socket has no default time-out: without these a round hangs for ever.
        "connect_timeout": LOCK_WAIT_S,
        "keepalives_idle": LOCK_WAIT_S,
        "tcp_user_timeout": STATEMENT_TIMEOUT_MS,
        "options": f"-c statement_timeout={STATEMENT_TIMEOUT_MS}"
        f" -c idle_in_transaction_session_timeout={STATEMENT_TIMEOUT_MS}",
    }
    options.update(parse_qsl(parts.query))
    given = {key: value for key, value in options.items() if value is not None}
    return peewee.PostgresqlDatabase(unquote(parts.path.lstrip("/")), autoconnect=False, **given)


@contextmanager
def connected() -> Iterator[None]:
    """A connection for this thread for the length of the block (re-entrant).

    After any database error the connection is dropped, because a broken PostgreSQL connection
    says that it is open and fails for ever.
    """
    if not database.is_closed():
        yield
        return
    database.connect()
    try:
        yield
    finally:
        if not database.is_closed():
            database.close()
