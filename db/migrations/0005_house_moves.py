"""House moves: where a coin that reached an address of the house itself came from."""

from __future__ import annotations

from peewee import Database
from playhouse.migrate import SchemaMigrator

# A coin at the hot or the cold address is a top-up of the house, or comes from its own cold coins.
CHANGES = (
    "ALTER TABLE payment ADD COLUMN origin TEXT CHECK (origin IN ('top_up', 'cold'))",
    "CREATE INDEX payment_moves ON payment (chain, state) WHERE kind = 'transfer' AND final = 0",
    "CREATE INDEX address_house ON address (chain, purpose) WHERE purpose IN ('hot', 'cold')",
)


def up(_migrator: SchemaMigrator, db: Database) -> None:
    """Add the column and its indexes in one database transaction."""
    for statement in CHANGES:
        db.execute_sql(statement)
