"""Sending where an address counts its sends: numbers that are taken, and what left by them."""

from __future__ import annotations

from peewee import Database
from playhouse.migrate import SchemaMigrator, SqliteMigrator

# `purpose` says why coins of ours move between addresses of ours, `source` from which one.
CHANGES = (
    "ALTER TABLE payment ADD COLUMN purpose TEXT CHECK (purpose IN ('sweep', 'gas'))",
    "ALTER TABLE payment ADD COLUMN source TEXT",
    "CREATE INDEX payment_source ON payment (chain, source) WHERE source IS NOT NULL",
    "ALTER TABLE attempt ADD COLUMN address TEXT",
    "ALTER TABLE attempt ADD COLUMN nonce {int}",
    "ALTER TABLE attempt ADD COLUMN paid_units {units:paid_units}",
    """CREATE TABLE nonce (
    chain TEXT NOT NULL,
    address TEXT NOT NULL,
    nonce {int} NOT NULL CHECK (nonce >= 0),
    family TEXT NOT NULL,
    PRIMARY KEY (chain, address, nonce)
)""",
    "CREATE UNIQUE INDEX nonce_family ON nonce (family)",
    """CREATE TABLE outflow (
    chain TEXT NOT NULL,
    txid TEXT NOT NULL,
    idx TEXT NOT NULL,
    currency TEXT NOT NULL,
    address TEXT NOT NULL,
    account TEXT NOT NULL,
    units {units:units} NOT NULL,
    attempt TEXT NOT NULL REFERENCES attempt (id),
    height {int},
    hash TEXT,
    folded_height {int},
    PRIMARY KEY (chain, txid, idx, currency, address),
    CHECK ((hash IS NULL) = (height IS NULL))
)""",
    "CREATE INDEX outflow_open ON outflow (chain, address) WHERE folded_height IS NULL",
    "CREATE INDEX outflow_attempt ON outflow (attempt)",
)

UNITS_SQLITE = "TEXT CHECK ({c} = '0' OR {c} GLOB '[1-9]*' AND substr({c}, 2) NOT GLOB '*[^0-9]*')"
UNITS_POSTGRESQL = "NUMERIC(78, 0) CHECK ({c} >= 0)"


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Add columns and tables in one database transaction."""
    sqlite = isinstance(migrator, SqliteMigrator)
    units = UNITS_SQLITE if sqlite else UNITS_POSTGRESQL
    for change in CHANGES:
        text = change.replace("{int}", "INTEGER" if sqlite else "BIGINT")
        for column in ("units", "paid_units"):
            text = text.replace(f"{{units:{column}}}", units.replace("{c}", column))
        strict = sqlite and text.startswith("CREATE TABLE")
        db.execute_sql(f"{text} STRICT" if strict else text)
