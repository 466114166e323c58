"""Withdrawals: attempts with their inputs and outputs, coins in use, keys of repeated requests."""

from __future__ import annotations

from collections.abc import Iterator

from peewee import Database
from playhouse.migrate import SchemaMigrator, SqliteMigrator

CHANGES = """
ALTER TABLE payment ADD COLUMN attempt TEXT;
ALTER TABLE payment ADD COLUMN asked_by TEXT;
ALTER TABLE payment ADD COLUMN approvals_required INTEGER;
ALTER TABLE payment ADD COLUMN refund_of TEXT;
CREATE UNIQUE INDEX payment_refund ON payment (refund_of)
    WHERE refund_of IS NOT NULL AND state NOT IN ('refused', 'cancelled', 'failed');
CREATE INDEX payment_attempt ON payment (attempt) WHERE attempt IS NOT NULL;
CREATE INDEX payment_asked ON payment (currency, created_at) WHERE kind = 'withdrawal';
CREATE INDEX payment_asked_client ON payment (client, currency, created_at)
    WHERE kind = 'withdrawal';
ALTER TABLE coin ADD COLUMN reserved TEXT;

CREATE TABLE attempt (
    id TEXT NOT NULL PRIMARY KEY,
    family TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number > 0),
    chain TEXT NOT NULL,
    currency TEXT NOT NULL,
    txid TEXT NOT NULL,
    signed TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('stored', 'sent', 'mined', 'settled', 'dead')),
    fee_units {units:fee_units},
    size INTEGER NOT NULL,
    sends INTEGER NOT NULL,
    last_error TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    sent_at TEXT,
    block_hash TEXT,
    block_height {int},
    final INTEGER NOT NULL CHECK (final IN (0, 1)),
    CHECK ((block_hash IS NULL) = (block_height IS NULL))
);
CREATE UNIQUE INDEX attempt_number ON attempt (family, number);
CREATE UNIQUE INDEX attempt_txid ON attempt (chain, txid);
CREATE INDEX attempt_open ON attempt (chain, state) WHERE final = 0;

CREATE TABLE attempt_input (
    attempt TEXT NOT NULL REFERENCES attempt (id),
    txid TEXT NOT NULL,
    idx TEXT NOT NULL,
    units {units:units},
    account TEXT NOT NULL,
    PRIMARY KEY (attempt, txid, idx)
);
CREATE INDEX attempt_input_coin ON attempt_input (txid, idx);

CREATE TABLE attempt_output (
    attempt TEXT NOT NULL REFERENCES attempt (id),
    line INTEGER NOT NULL,
    address TEXT NOT NULL,
    units {units:units},
    payment TEXT,
    PRIMARY KEY (attempt, line)
);

CREATE TABLE idempotency (
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status INTEGER,
    body TEXT,
    created_at TEXT NOT NULL,
    PRIMARY KEY (scope, key)
)
"""

UNITS_SQLITE = (
    "TEXT NOT NULL CHECK ({c} = '0' OR {c} GLOB '[1-9]*' AND substr({c}, 2) NOT GLOB '*[^0-9]*')"
)
UNITS_POSTGRESQL = "NUMERIC(78, 0) NOT NULL CHECK ({c} >= 0)"


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Add columns and tables in one database transaction."""
    for statement in _statements(sqlite=isinstance(migrator, SqliteMigrator)):
        db.execute_sql(statement)


def _statements(*, sqlite: bool) -> Iterator[str]:
    text = CHANGES.replace("{int}", "INTEGER" if sqlite else "BIGINT")
    units = UNITS_SQLITE if sqlite else UNITS_POSTGRESQL
    for column in ("units", "fee_units"):
        text = text.replace(f"{{units:{column}}}", units.replace("{c}", column))
    for statement in text.split(";\n"):
        body = statement.strip()
        yield f"{body} STRICT" if sqlite and body.startswith("CREATE TABLE") else body
