"""What reconciliation found: the last sum of each currency, and every break with its evidence."""

from __future__ import annotations

from collections.abc import Iterator

from peewee import Database
from playhouse.migrate import SchemaMigrator, SqliteMigrator

UNITS_SQLITE = (
    "TEXT CHECK ({c} = '0' OR ({c} GLOB '[1-9]*' OR {c} GLOB '-[1-9]*')"
    " AND substr({c}, 2) NOT GLOB '*[^0-9]*') NOT NULL"
)
UNITS_POSTGRESQL = "NUMERIC(78, 0) CHECK ({c} <> 'NaN') NOT NULL"
UNITS_COLUMNS = ("units", "node_units", "books_units", "residual_units")

TABLES = """
CREATE TABLE reconciliation (
    currency TEXT NOT NULL PRIMARY KEY,
    chain TEXT NOT NULL,
    height {int} NOT NULL,
    hash TEXT NOT NULL,
    at TEXT NOT NULL,
    listed_at TEXT NOT NULL,
    node_units {units:node_units},
    books_units {units:books_units},
    accounts TEXT NOT NULL,
    timing TEXT NOT NULL,
    residual_units {units:residual_units}
);

CREATE TABLE break_ (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 32),
    currency TEXT NOT NULL,
    chain TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    units {units:units},
    evidence TEXT NOT NULL,
    owner TEXT NOT NULL CHECK (owner IN ('engine', 'staff')),
    cure TEXT NOT NULL,
    entry TEXT,
    state TEXT NOT NULL CHECK (state IN ('open', 'closed')),
    first_seen TEXT NOT NULL,
    last_seen TEXT NOT NULL,
    closed_at TEXT,
    closed_by TEXT NOT NULL,
    CHECK ((state = 'closed') = (closed_at IS NOT NULL))
);
CREATE UNIQUE INDEX break_open ON break_ (currency, kind, subject) WHERE state = 'open';
CREATE INDEX break_seen ON break_ (first_seen)
"""


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Create both tables in one database transaction."""
    for statement in _statements(sqlite=isinstance(migrator, SqliteMigrator)):
        db.execute_sql(statement)


def _statements(*, sqlite: bool) -> Iterator[str]:
    text = TABLES.replace("{int}", "INTEGER" if sqlite else "BIGINT")
    for column in UNITS_COLUMNS:
        typed = (UNITS_SQLITE if sqlite else UNITS_POSTGRESQL).replace("{c}", column)
        text = text.replace(f"{{units:{column}}}", typed)
    for statement in text.split(";\n"):
        body = statement.strip()
        if sqlite and body.startswith("CREATE TABLE"):
            body += " STRICT"
        yield body
