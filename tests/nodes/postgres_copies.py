"""Databases of one PostgreSQL server, each as the migrated one was, used again and again.

Making one costs hundreds of files each time, and there are thousands of tests. So what a test wrote
is taken out again; a database that grew, or whose schema or settings it changed, is thrown away.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

from tests.nodes.ports import wait_until
from tests.nodes.postgres import Postgres

SMALL_MAX_BYTES = 1 << 18  # of a table that is worth emptying; deleted rows keep their place

_TABLES = (
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)
_LARGEST = """SELECT max(pg_relation_size(oid)) FROM pg_class
WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"""
_SEQUENCES = "SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"
_OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_USERS_FIRST = 16_384  # oids below it are the server's own
_CATALOGS = ("pg_class", "pg_constraint", "pg_trigger", "pg_proc", "pg_type", "pg_attrdef")
_SHAPE = " UNION ALL ".join(
    [
        *(
            f"SELECT '{name}', count(*), coalesce(sum(hashtext(xmin::text || ctid::text)), 0)"
            f" FROM {name} WHERE oid >= {_USERS_FIRST}"
            for name in _CATALOGS
        ),
        (
            "SELECT 'columns', count(*), coalesce(sum(hashtext(xmin::text || ctid::text)), 0)"
            f" FROM pg_attribute WHERE attrelid >= {_USERS_FIRST}"
        ),
        "SELECT 'settings', count(*), 0 FROM pg_db_role_setting",
    ]
)


@dataclass(frozen=True, slots=True)
class _Content:
    """What a migrated database has from the beginning."""

    tables: tuple[str, ...]
    rows: dict[str, list[tuple[Any, ...]]]
    sequences: dict[str, int | None]


class Copies:
    """Copies of the database `template`, which must not be written to any more."""

    def __init__(self, server: Postgres, template: str) -> None:
        self._server = server
        self._template = template
        self._numbers = itertools.count()
        self._free: list[str] = []
        self._shapes: dict[str, Any] = {}
        self._content: _Content | None = None

    def take(self) -> str:
        """Name of a copy that nobody uses."""
        if self._free:
            return self._free.pop()
        name = f"{self._template}_{next(self._numbers)}"
        self._server.create(name, template=self._template)
        with self._server.opened(name) as cursor:
            self._shapes[name] = _shape(cursor)
            if self._content is None:
                self._content = _read(cursor)
        return name

    def give_back(self, name: str) -> None:
        """Whoever is still connected is thrown out, and what was written taken out."""
        with self._server.opened(name) as cursor:
            _throw_out(cursor)
            fits = _shape(cursor) == self._shapes[name] and _largest(cursor) <= SMALL_MAX_BYTES
            if fits:
                self._clean(cursor)
                self._shapes[name] = _shape(cursor)
        if fits:
            self._free.append(name)
        else:
            self._server.drop(name)

    def _clean(self, cursor: Any) -> None:
        assert self._content is not None
        cursor.execute("SET session_replication_role = replica")  # past our own triggers
        for table in self._written(cursor, self._content.tables):
            cursor.execute(f'DELETE FROM "{table}"')
            for row in self._content.rows.get(table, ()):
                places = ", ".join(["%s"] * len(row))
                cursor.execute(f'INSERT INTO "{table}" VALUES ({places})', row)
        for sequence, last in self._content.sequences.items():
            cursor.execute("SELECT setval(%s, %s, %s)", (sequence, last or 1, last is not None))

    def _written(self, cursor: Any, tables: tuple[str, ...]) -> list[str]:
        """Tables that hold anything, or what they held from the beginning."""
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM \"{table}\")" for table in tables
            )
        )
        full = {row[0] for row in cursor.fetchall()}
        assert self._content is not None
        return sorted(full | self._content.rows.keys())


def _shape(cursor: Any) -> Any:
    cursor.execute(_SHAPE)
    return sorted(cursor.fetchall())


def _largest(cursor: Any) -> int:
    cursor.execute(_LARGEST)
    return int(cursor.fetchone()[0])


def _read(cursor: Any) -> _Content:
    cursor.execute(_TABLES)
    tables = tuple(sorted(row[0] for row in cursor.fetchall()))
    rows = {}
    for table in tables:
        cursor.execute(f'SELECT * FROM "{table}"')
        found = cursor.fetchall()
        if found:
            rows[table] = found
    cursor.execute(_SEQUENCES)
    return _Content(tables, rows, dict(cursor.fetchall()))


def _throw_out(cursor: Any) -> None:
    def is_alone() -> bool:
        cursor.execute(f"SELECT pg_terminate_backend(pid) {_OTHERS}")
        return not cursor.fetchall()

    wait_until(is_alone, what="everybody to leave the database")
