"""What a chain's network asks for blockspace now, for whoever watches it without a node."""

from __future__ import annotations

from peewee import Database
from playhouse.migrate import SchemaMigrator

from db.exact import is_sqlite

# Units per 1,000 virtual bytes, or units per gas; NULL until the node was asked.
CHANGES = (
    "ALTER TABLE chain ADD COLUMN fee_rate {int} CHECK (fee_rate >= 0)",
    "ALTER TABLE chain ADD COLUMN fee_rate_at TEXT",
)


def up(_migrator: SchemaMigrator, db: Database) -> None:
    """Add the columns in one database transaction."""
    integer = "INTEGER" if is_sqlite(db) else "BIGINT"
    for statement in CHANGES:
        db.execute_sql(statement.replace("{int}", integer))
