"""Staff signatures, append-only, and the brakes that staff put on."""

from __future__ import annotations

from collections.abc import Iterator

from peewee import Database
from playhouse.migrate import SchemaMigrator, SqliteMigrator

TABLES = (
    """
CREATE TABLE approval (
    nonce TEXT NOT NULL PRIMARY KEY CHECK (length(nonce) = 32),
    act TEXT NOT NULL,
    subject TEXT NOT NULL,
    history_hash TEXT NOT NULL,
    staff TEXT NOT NULL,
    body TEXT NOT NULL,
    signature TEXT NOT NULL,
    placed_as TEXT NOT NULL,
    arrived_at TEXT NOT NULL
)""",
    """
CREATE TABLE brake (
    currency TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('deposit', 'withdrawal')),
    reason TEXT NOT NULL,
    staff TEXT NOT NULL,
    since TEXT NOT NULL,
    PRIMARY KEY (currency, kind)
)""",
)
INDEX = "CREATE INDEX approval_subject ON approval (subject, arrived_at)"

SQLITE_TRIGGER = """
CREATE TRIGGER approval_{verb}_refused BEFORE {verb} ON approval
BEGIN SELECT RAISE(ABORT, 'approval is append-only'); END
"""

POSTGRESQL_TRIGGER = """
CREATE TRIGGER approval_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON approval
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Create everything in one database transaction."""
    for statement in _statements(sqlite=isinstance(migrator, SqliteMigrator)):
        db.execute_sql(statement)


def _statements(*, sqlite: bool) -> Iterator[str]:
    for table in TABLES:
        yield f"{table} STRICT" if sqlite else table
    yield INDEX
    if not sqlite:
        yield POSTGRESQL_TRIGGER
        return
    for verb in ("UPDATE", "DELETE"):
        yield SQLITE_TRIGGER.format(verb=verb)
