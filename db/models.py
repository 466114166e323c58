"""The tables as peewee sees them. Columns are defined, constrained and guarded in migrations/.

Times are RFC 3339 text in UTC with microseconds, which sorts as it should on both databases.
"""

from __future__ import annotations

import peewee
from peewee import BigIntegerField, IntegerField, TextField

from db.alerts import Alert, AlertDelivery
from db.attempts import Attempt, AttemptInput, AttemptOutput, Nonce, Outflow
from db.fields import FlagField, UnitsField, optional_units
from db.findings import Break, Reconciliation
from db.row import Row


class Installation(Row):
    """Single facts about this installation, such as its id."""

    key = TextField(primary_key=True)
    value = TextField()


class Counter(Row):
    """Gapless numbers: the row is updated last in a database transaction, so that readers who
    follow `seq` never skip a number that is committed later."""

    name = TextField(primary_key=True)
    value = BigIntegerField()


class Client(Row):
    id = TextField(primary_key=True)
    created_at = TextField()
    blocked = FlagField(default=False)
    blocked_reason = TextField(default="")
    blocked_at = TextField(null=True)


class Chain(Row):
    """What we know of a node's chain and how far we have followed it."""

    symbol = TextField(primary_key=True)
    genesis = TextField(null=True)
    fork = TextField(null=True)
    height = BigIntegerField(default=-1)
    hash = TextField(null=True)
    tip_time = BigIntegerField(default=0)
    node_height = BigIntegerField(null=True)
    state = TextField(default="paused")
    reason = TextField(default="")
    since = TextField()
    peers = IntegerField(null=True)
    version = TextField(default="")
    checked_at = TextField(null=True)
    beat_at = TextField(null=True)
    fee_rate = BigIntegerField(null=True)
    fee_rate_at = TextField(null=True)


class Block(Row):
    """Tips that we followed, kept beyond the finality horizon."""

    chain = TextField()
    hash = TextField()
    height = BigIntegerField()
    time = BigIntegerField()
    median_time = BigIntegerField()

    class Meta:
        primary_key = peewee.CompositeKey("chain", "hash")


class Lease(Row):
    """Who follows a chain. `fence` grows with each holder, `beat` with each sign of life."""

    chain = TextField(primary_key=True)
    holder = TextField(null=True)
    fence = BigIntegerField(default=0)
    beat = BigIntegerField(default=0)


class Address(Row):
    """Addresses of ours. Unissued ones have no client; `used_at` is set by the first arrival."""

    id = peewee.BigAutoField()
    chain = TextField()
    address = TextField()
    script = TextField()
    purpose = TextField()
    client = TextField(null=True)
    created_at = TextField()
    created_height = BigIntegerField()
    issued_at = TextField(null=True)
    used_at = TextField(null=True)


class Payment(Row):
    """One deposit, withdrawal or transfer. Only engine.lifecycle writes `state`."""

    id = TextField(primary_key=True)
    kind = TextField()
    client = TextField(null=True)
    currency = TextField()
    chain = TextField()
    state = TextField()
    sub_state = TextField(default="")
    unsettled = FlagField(default=False)
    reason = TextField(default="")
    units = optional_units()
    fee_units = optional_units()
    address = TextField(null=True)
    txid = TextField(null=True)
    idx = TextField(null=True)
    block_hash = TextField(null=True)
    block_height = BigIntegerField(null=True)
    generated = FlagField(default=False)
    required = IntegerField(null=True)
    rule = TextField(default="")
    created_at = TextField()
    updated_at = TextField()
    expires_at = TextField(null=True)
    missing_since = TextField(null=True)
    successor = TextField(null=True)
    attempt = TextField(null=True)
    asked_by = TextField(null=True)
    approvals_required = IntegerField(null=True)
    refund_of = TextField(null=True)
    origin = TextField(null=True)
    doubt = TextField(default="")
    purpose = TextField(null=True)
    source = TextField(null=True)
    final = FlagField(default=False)
    first_seq = BigIntegerField()
    last_seq = BigIntegerField()
    last_hash = TextField()


class History(Row):
    """One row per move, append-only, chained per payment by `prev` and `hash`."""

    seq = BigIntegerField(primary_key=True)
    payment = TextField()
    kind = TextField()
    client = TextField(null=True)
    currency = TextField()
    units = optional_units()
    amount = TextField(null=True)
    event = TextField()
    from_state = TextField(null=True)
    to_state = TextField()
    at = TextField()
    actor = TextField()
    reason = TextField(default="")
    rule = TextField(default="")
    evidence = TextField()
    prev = TextField()
    hash = TextField()


class Entry(Row):
    """A set of postings that sums to zero per currency. Its id is the `seq` of the history row
    that made it, which also carries it in its evidence."""

    id = BigIntegerField(primary_key=True)
    at = TextField()
    event = TextField()
    payment = TextField(null=True)


class Posting(Row):
    entry = BigIntegerField()
    line = IntegerField()
    account = TextField()
    currency = TextField()
    units = UnitsField()

    class Meta:
        primary_key = peewee.CompositeKey("entry", "line")


class Balance(Row):
    """Kept sums of the postings, so that a debit can be checked in the statement that makes it."""

    account = TextField()
    currency = TextField()
    units = UnitsField()

    class Meta:
        primary_key = peewee.CompositeKey("account", "currency")


class Coin(Row):
    """Every coin of ours that reached a block: where it was created and where it was spent."""

    chain = TextField()
    txid = TextField()
    idx = TextField()
    currency = TextField()
    address = TextField()
    account = TextField()
    units = UnitsField()
    payment = TextField(null=True)
    height = BigIntegerField(null=True)
    hash = TextField(null=True)
    reserved = TextField(null=True)
    spent_txid = TextField(null=True)
    spent_height = BigIntegerField(null=True)
    spent_hash = TextField(null=True)

    class Meta:
        primary_key = peewee.CompositeKey("chain", "txid", "idx", "currency")


class Idempotency(Row):
    """Keys of requests that must not be carried out twice, kept for ever with their answer."""

    scope = TextField()
    key = TextField()
    fingerprint = TextField()
    status = IntegerField(null=True)
    body = TextField(null=True)
    created_at = TextField()

    class Meta:
        primary_key = peewee.CompositeKey("scope", "key")


class Seal(Row):
    """A signed Merkle root over the history rows `first_seq`..`last_seq`, append-only."""

    number = BigIntegerField(primary_key=True)
    first_seq = BigIntegerField()
    last_seq = BigIntegerField()
    count = BigIntegerField()
    root = TextField()
    prev = TextField()
    at = TextField()
    key = TextField()
    signature = TextField()
    hash = TextField()


class Order(Row):
    """What staff or a command asks of the engine: a row in, a result row out."""

    id = TextField(primary_key=True)
    act = TextField()
    body = TextField()
    staff = TextField(default="")
    signature = TextField(default="")
    state = TextField(default="open")
    result = TextField(default="")
    created_at = TextField()
    done_at = TextField(null=True)

    class Meta:
        table_name = "orders"


class Approval(Row):
    """A staff signature that the engine verified, append-only. Whether it still counts follows
    from `history_hash`: it is void as soon as what it was given for has moved."""

    nonce = TextField(primary_key=True)
    act = TextField()
    subject = TextField()
    history_hash = TextField()
    staff = TextField()
    body = TextField()
    signature = TextField()
    placed_as = TextField()
    arrived_at = TextField()


class Brake(Row):
    """What a person paused: payments of one kind in one currency."""

    currency = TextField()
    kind = TextField()
    reason = TextField()
    staff = TextField()
    since = TextField()

    class Meta:
        primary_key = peewee.CompositeKey("currency", "kind")


class Session(Row):
    """A client's session at the cashier page; the id itself is only kept as its hash."""

    id_hash = TextField(primary_key=True)
    client = TextField()
    action = TextField()
    currency = TextField(null=True)
    csrf = TextField()
    created_at = TextField()
    seen_at = TextField()
    ended_at = TextField(null=True)


class UsedToken(Row):
    """Handshake tokens that were exchanged; kept until they could no longer be accepted."""

    jti = TextField(primary_key=True)
    expires_at = TextField()


class Parked(Row):
    """Rows of a node's replies that could not be read: shown to staff, not retried for ever."""

    chain = TextField()
    key = TextField()
    reason = TextField()
    since = TextField()

    class Meta:
        primary_key = peewee.CompositeKey("chain", "key")


MODELS: tuple[type[Row], ...] = (
    Installation,
    Counter,
    Client,
    Chain,
    Block,
    Lease,
    Address,
    Payment,
    History,
    Entry,
    Posting,
    Balance,
    Coin,
    Attempt,
    AttemptInput,
    AttemptOutput,
    Nonce,
    Outflow,
    Idempotency,
    Seal,
    Order,
    Approval,
    Brake,
    Session,
    UsedToken,
    Parked,
    Reconciliation,
    Break,
    Alert,
    AlertDelivery,
)
