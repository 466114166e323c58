"""Addresses in the order in which they were made: with very many of them, every look at the newest
ones went through all."""

from __future__ import annotations

from peewee import Database
from playhouse.migrate import SchemaMigrator

# SQLite takes whichever of two indexes names more of what is asked: the pool's has to be the better
# one for questions about the pool.
CHANGES = (
    "CREATE INDEX address_order ON address (chain, id)",
    "DROP INDEX address_pool",
    """CREATE INDEX address_pool ON address (chain, client, id)
WHERE purpose = 'deposit' AND client IS NULL""",
)


def up(_migrator: SchemaMigrator, db: Database) -> None:
    """Add the indexes in one database transaction."""
    for statement in CHANGES:
        db.execute_sql(statement)
