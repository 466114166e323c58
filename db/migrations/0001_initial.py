"""The first tables, their checks, and the triggers that make histories and postings append-only."""

from __future__ import annotations

from collections.abc import Iterator

from peewee import Database
from playhouse.migrate import SchemaMigrator, SqliteMigrator

UNITS_SQLITE = (
    "TEXT CHECK ({c} = '0' OR ({c} GLOB '[1-9]*' OR {c} GLOB '-[1-9]*')"
    " AND substr({c}, 2) NOT GLOB '*[^0-9]*')"
)
UNITS_POSTGRESQL = "NUMERIC(78, 0) CHECK ({c} <> 'NaN')"

TABLES = """
CREATE TABLE installation (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE counter (name TEXT NOT NULL PRIMARY KEY, value {int} NOT NULL CHECK (value >= 0));

CREATE TABLE client (
    id TEXT NOT NULL PRIMARY KEY,
    created_at TEXT NOT NULL,
    blocked INTEGER NOT NULL CHECK (blocked IN (0, 1)),
    blocked_reason TEXT NOT NULL,
    blocked_at TEXT
);

CREATE TABLE chain (
    symbol TEXT NOT NULL PRIMARY KEY,
    genesis TEXT,
    fork TEXT,
    height {int} NOT NULL,
    hash TEXT,
    tip_time {int} NOT NULL,
    node_height {int},
    state TEXT NOT NULL CHECK (state IN ('well', 'paused')),
    reason TEXT NOT NULL,
    since TEXT NOT NULL,
    peers INTEGER,
    version TEXT NOT NULL,
    checked_at TEXT,
    beat_at TEXT
);

CREATE TABLE block (
    chain TEXT NOT NULL,
    hash TEXT NOT NULL,
    height {int} NOT NULL,
    time {int} NOT NULL,
    median_time {int} NOT NULL,
    PRIMARY KEY (chain, hash)
);
CREATE INDEX block_height ON block (chain, height);

CREATE TABLE lease (
    chain TEXT NOT NULL PRIMARY KEY,
    holder TEXT,
    fence {int} NOT NULL,
    beat {int} NOT NULL
);

CREATE TABLE address (
    id {serial},
    chain TEXT NOT NULL,
    address TEXT NOT NULL,
    script TEXT NOT NULL,
    purpose TEXT NOT NULL CHECK (purpose IN ('deposit', 'hot', 'change', 'cold')),
    client TEXT,
    created_at TEXT NOT NULL,
    created_height {int} NOT NULL,
    issued_at TEXT,
    used_at TEXT,
    CHECK ((client IS NULL) = (issued_at IS NULL))
);
CREATE UNIQUE INDEX address_script ON address (chain, script);
CREATE UNIQUE INDEX address_text ON address (chain, address);
CREATE UNIQUE INDEX address_unused ON address (chain, client)
    WHERE purpose = 'deposit' AND client IS NOT NULL AND used_at IS NULL;
CREATE INDEX address_pool ON address (chain, id) WHERE purpose = 'deposit' AND client IS NULL;
CREATE INDEX address_client ON address (client);

CREATE TABLE payment (
    id TEXT NOT NULL PRIMARY KEY CHECK (length(id) = 32),
    kind TEXT NOT NULL CHECK (
        kind IN ('deposit', 'withdrawal', 'transfer', 'site_transfer')),
    client TEXT,
    currency TEXT NOT NULL,
    chain TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('requested', 'held', 'pending', 'confirmed', 'credited',
        'expired', 'vanished', 'reversed', 'failed', 'refused', 'refunded', 'cancelled')),
    sub_state TEXT NOT NULL,
    unsettled INTEGER NOT NULL CHECK (unsettled IN (0, 1)),
    reason TEXT NOT NULL,
    units {units:units},
    fee_units {units:fee_units},
    address TEXT,
    txid TEXT,
    idx TEXT,
    block_hash TEXT,
    block_height {int},
    generated INTEGER NOT NULL CHECK (generated IN (0, 1)),
    required INTEGER,
    rule TEXT NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    expires_at TEXT,
    missing_since TEXT,
    successor TEXT,
    final INTEGER NOT NULL CHECK (final IN (0, 1)),
    first_seq {int} NOT NULL,
    last_seq {int} NOT NULL,
    last_hash TEXT NOT NULL,
    CHECK ((block_hash IS NULL) = (block_height IS NULL)),
    CHECK ((txid IS NULL) = (idx IS NULL)),
    CHECK (state NOT IN ('confirmed', 'credited') OR units IS NOT NULL)
);
CREATE UNIQUE INDEX payment_arrival ON payment (chain, txid, idx, currency)
    WHERE kind = 'deposit' AND txid IS NOT NULL;
CREATE UNIQUE INDEX payment_request ON payment (client, currency)
    WHERE kind = 'deposit' AND state = 'requested';
CREATE UNIQUE INDEX payment_first ON payment (first_seq);
CREATE INDEX payment_last ON payment (last_seq);
CREATE INDEX payment_open ON payment (chain, state) WHERE final = 0;
CREATE INDEX payment_open_block ON payment (chain, block_height) WHERE final = 0;
CREATE INDEX payment_client ON payment (client, first_seq);
CREATE INDEX payment_state ON payment (state, first_seq);
CREATE INDEX payment_address ON payment (address);
CREATE INDEX payment_txid ON payment (txid);

CREATE TABLE history (
    seq {int} NOT NULL PRIMARY KEY,
    payment TEXT NOT NULL,
    kind TEXT NOT NULL,
    client TEXT,
    currency TEXT NOT NULL,
    units {units:units},
    amount TEXT,
    event TEXT NOT NULL,
    from_state TEXT,
    to_state TEXT NOT NULL,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    reason TEXT NOT NULL,
    rule TEXT NOT NULL,
    evidence TEXT NOT NULL,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE
);
CREATE UNIQUE INDEX history_link ON history (payment, prev);
CREATE INDEX history_client ON history (client, seq);

CREATE TABLE entry (
    id {int} NOT NULL PRIMARY KEY REFERENCES history (seq),
    at TEXT NOT NULL,
    event TEXT NOT NULL,
    payment TEXT
);
CREATE INDEX entry_payment ON entry (payment);

CREATE TABLE posting (
    entry {int} NOT NULL REFERENCES entry (id),
    line INTEGER NOT NULL,
    account TEXT NOT NULL,
    currency TEXT NOT NULL,
    units {units!:units},
    PRIMARY KEY (entry, line)
);
CREATE INDEX posting_account ON posting (account, currency);

CREATE TABLE balance (
    account TEXT NOT NULL,
    currency TEXT NOT NULL,
    units {units!:units},
    PRIMARY KEY (account, currency)
);

CREATE TABLE coin (
    chain TEXT NOT NULL,
    txid TEXT NOT NULL,
    idx TEXT NOT NULL,
    currency TEXT NOT NULL,
    address TEXT NOT NULL,
    account TEXT NOT NULL,
    units {units!:units},
    payment TEXT,
    height {int},
    hash TEXT,
    spent_txid TEXT,
    spent_height {int},
    spent_hash TEXT,
    PRIMARY KEY (chain, txid, idx, currency),
    CHECK ((hash IS NULL) = (height IS NULL)),
    CHECK ((spent_hash IS NULL) = (spent_height IS NULL))
);
CREATE INDEX coin_unspent ON coin (chain, account) WHERE spent_txid IS NULL;
CREATE INDEX coin_height ON coin (chain, height);
CREATE INDEX coin_spent ON coin (chain, spent_height);

CREATE TABLE seal (
    number {int} NOT NULL PRIMARY KEY,
    first_seq {int} NOT NULL,
    last_seq {int} NOT NULL,
    count {int} NOT NULL,
    root TEXT NOT NULL,
    prev TEXT NOT NULL,
    at TEXT NOT NULL,
    key TEXT NOT NULL,
    signature TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE
);

CREATE TABLE orders (
    id TEXT NOT NULL PRIMARY KEY,
    act TEXT NOT NULL,
    body TEXT NOT NULL,
    staff TEXT NOT NULL,
    signature TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'done', 'refused')),
    result TEXT NOT NULL,
    created_at TEXT NOT NULL,
    done_at TEXT
);
CREATE INDEX orders_open ON orders (created_at) WHERE state = 'open';

CREATE TABLE session (
    id_hash TEXT NOT NULL PRIMARY KEY,
    client TEXT NOT NULL,
    action TEXT NOT NULL CHECK (action IN ('deposit', 'withdraw', 'both')),
    currency TEXT,
    csrf TEXT NOT NULL,
    created_at TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    ended_at TEXT
);
CREATE INDEX session_created ON session (created_at);

CREATE TABLE used_token (jti TEXT NOT NULL PRIMARY KEY, expires_at TEXT NOT NULL);

CREATE TABLE parked (
    chain TEXT NOT NULL,
    key TEXT NOT NULL,
    reason TEXT NOT NULL,
    since TEXT NOT NULL,
    PRIMARY KEY (chain, key)
)
"""

APPEND_ONLY = ("history", "entry", "posting", "seal")

SQLITE_TRIGGER = """
CREATE TRIGGER {table}_{verb}_refused BEFORE {verb} ON {table}
BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END
"""

POSTGRESQL_FUNCTION = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME; END $$
"""

POSTGRESQL_TRIGGER = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table}
FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
"""


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Create everything in one database transaction."""
    sqlite = isinstance(migrator, SqliteMigrator)
    for statement in _statements(sqlite=sqlite):
        db.execute_sql(statement)
    db.execute_sql("INSERT INTO counter (name, value) VALUES ('seq', 0)")


def _statements(*, sqlite: bool) -> Iterator[str]:
    text = TABLES.replace("{int}", "INTEGER" if sqlite else "BIGINT")
    serial = "INTEGER NOT NULL PRIMARY KEY" if sqlite else "BIGSERIAL NOT NULL PRIMARY KEY"
    text = text.replace("{serial}", serial)
    units = UNITS_SQLITE if sqlite else UNITS_POSTGRESQL
    for column in ("units", "fee_units"):
        typed = units.replace("{c}", column)
        text = text.replace(f"{{units:{column}}}", typed)
        text = text.replace(f"{{units!:{column}}}", f"{typed} NOT NULL")
    for statement in text.split(";\n"):
        body = statement.strip()
        if sqlite and body.startswith("CREATE TABLE"):
            body += " STRICT"
        yield body
    yield from _triggers(sqlite=sqlite)


def _triggers(*, sqlite: bool) -> Iterator[str]:
    if not sqlite:
        yield POSTGRESQL_FUNCTION
    for table in APPEND_ONLY:
        if not sqlite:
            yield POSTGRESQL_TRIGGER.format(table=table)
            continue
        for verb in ("UPDATE", "DELETE"):
            yield SQLITE_TRIGGER.format(table=table, verb=verb)
