"""Alerts: what staff are told, once each, and which of their ways has taken it."""

from __future__ import annotations

from peewee import Database
from playhouse.migrate import SchemaMigrator, SqliteMigrator

# The same fact is one open row; `gone_at` is when it was so no longer.
CHANGES = (
    """CREATE TABLE alert (
        id TEXT NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL,
        currency TEXT NOT NULL,
        subject TEXT NOT NULL,
        text TEXT NOT NULL,
        details TEXT NOT NULL,
        first_seen TEXT NOT NULL,
        gone_at TEXT
    )""",
    "CREATE UNIQUE INDEX alert_open ON alert (kind, currency, subject) WHERE gone_at IS NULL",
    "CREATE INDEX alert_gone ON alert (gone_at) WHERE gone_at IS NOT NULL",
    """CREATE TABLE alert_delivery (
        alert TEXT NOT NULL REFERENCES alert (id),
        sink TEXT NOT NULL,
        tries INTEGER NOT NULL,
        next_at TEXT NOT NULL,
        last_error TEXT NOT NULL,
        delivered_at TEXT,
        PRIMARY KEY (alert, sink)
    )""",
    "CREATE INDEX alert_due ON alert_delivery (sink, next_at) WHERE delivered_at IS NULL",
)


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Make the tables and their indexes in one database transaction."""
    strict = " STRICT" if isinstance(migrator, SqliteMigrator) else ""
    for statement in CHANGES:
        db.execute_sql(statement + strict if statement.startswith("CREATE TABLE") else statement)
