"""Open payments by their last move: what staff look at all day, among millions that are done."""

from __future__ import annotations

from peewee import Database
from playhouse.migrate import SchemaMigrator

# Queries name the states in these very words, because only then a database takes this index.
INDEX = """
CREATE INDEX payment_open_moves ON payment (last_seq)
WHERE state IN ('requested', 'held', 'pending', 'confirmed')
"""


def up(_migrator: SchemaMigrator, db: Database) -> None:
    """Add the index."""
    db.execute_sql(INDEX)
