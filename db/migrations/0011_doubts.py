"""Why a person must look at a deposit: kept beside its reason, which later moves overwrite."""

from __future__ import annotations

from peewee import Database
from playhouse.migrate import SchemaMigrator

# What says so until now is the reason of the first sight, in an append-only row.
CHANGES = (
    "ALTER TABLE payment ADD COLUMN doubt TEXT NOT NULL DEFAULT ''",
    """UPDATE payment SET doubt = (
    SELECT seen.reason FROM history AS seen
    WHERE seen.payment = payment.id AND seen.event = 'see' LIMIT 1
)
WHERE kind = 'deposit' AND EXISTS (
    SELECT 1 FROM history AS seen
    WHERE seen.payment = payment.id AND seen.event = 'see' AND seen.reason IN (
        'the coin is older than its address', 'what it brought is not what the chain says of it'
    )
)""",
)


def up(_migrator: SchemaMigrator, db: Database) -> None:
    """Add the column, and fill it for deposits that were seen already."""
    for change in CHANGES:
        db.execute_sql(change)
