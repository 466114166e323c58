"""Sweeps: one open from an address, one open top-up to it, coins by address, and a brake."""

from __future__ import annotations

from peewee import Database
from playhouse.migrate import SchemaMigrator, SqliteMigrator

# Queries name purposes and states in these very words: only then a database takes these indexes.
OPEN = "state IN ('requested', 'held', 'pending', 'confirmed')"
INDEXES = (
    f"""CREATE UNIQUE INDEX payment_open_sweep ON payment (chain, source, currency)
WHERE purpose = 'sweep' AND {OPEN}""",
    f"""CREATE UNIQUE INDEX payment_open_top_up ON payment (chain, address)
WHERE purpose = 'gas' AND {OPEN}""",
    "CREATE INDEX coin_address ON coin (chain, address)",
    """CREATE INDEX payment_to_send ON payment (chain, first_seq)
WHERE state = 'requested' AND kind IN ('withdrawal', 'transfer')""",
    """CREATE INDEX payment_swept ON payment (chain, currency)
WHERE purpose = 'sweep' AND (final = 0 OR state = 'failed')""",
)

KINDS = "CHECK (kind IN ('deposit', 'withdrawal', 'sweep'))"
# SQLite changes no check: the table is made anew. Nothing refers to it.
BRAKES_SQLITE = (
    f"""CREATE TABLE brake_new (
    currency TEXT NOT NULL,
    kind TEXT NOT NULL {KINDS},
    reason TEXT NOT NULL,
    staff TEXT NOT NULL,
    since TEXT NOT NULL,
    PRIMARY KEY (currency, kind)
) STRICT""",
    "INSERT INTO brake_new SELECT currency, kind, reason, staff, since FROM brake",
    "DROP TABLE brake",
    "ALTER TABLE brake_new RENAME TO brake",
)
BRAKES_POSTGRESQL = (
    "ALTER TABLE brake DROP CONSTRAINT brake_kind_check",
    f"ALTER TABLE brake ADD CONSTRAINT brake_kind_check {KINDS}",
)


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Add the indexes, and let a brake stand for sweeps."""
    sqlite = isinstance(migrator, SqliteMigrator)
    for change in (*INDEXES, *(BRAKES_SQLITE if sqlite else BRAKES_POSTGRESQL)):
        db.execute_sql(change)
