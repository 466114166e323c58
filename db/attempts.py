"""The tables of sending: what was signed, from what, to whom, and what left our addresses by it."""

from __future__ import annotations

import peewee
from peewee import BigIntegerField, IntegerField, TextField

from db.fields import FlagField, UnitsField, optional_units
from db.row import Row


class Attempt(Row):
    """One signed chain tx, stored before it is broadcast. Those of a family share an input, so that
    only one of them can ever be mined; the family is named by its first attempt. Where an address
    counts its sends, `address` and `nonce` are what they share; `fee_units` is then the most that
    it may cost, and `paid_units` what its receipt says, NULL outside of a block."""

    id = TextField(primary_key=True)
    family = TextField()
    number = IntegerField()
    chain = TextField()
    currency = TextField()
    txid = TextField()
    signed = TextField()
    state = TextField()
    fee_units = UnitsField()
    size = IntegerField()
    sends = IntegerField(default=0)
    last_error = TextField(default="")
    created_at = TextField()
    updated_at = TextField()
    sent_at = TextField(null=True)
    block_hash = TextField(null=True)
    block_height = BigIntegerField(null=True)
    final = FlagField(default=False)
    address = TextField(null=True)
    nonce = BigIntegerField(null=True)
    paid_units = optional_units()


class AttemptInput(Row):
    """A coin that an attempt spends."""

    attempt = TextField()
    txid = TextField()
    idx = TextField()
    units = UnitsField()
    account = TextField()

    class Meta:
        primary_key = peewee.CompositeKey("attempt", "txid", "idx")


class AttemptOutput(Row):
    """What an attempt pays: a payment's address, or change of ours where `payment` is NULL."""

    attempt = TextField()
    line = IntegerField()
    address = TextField()
    units = UnitsField()
    payment = TextField(null=True)

    class Meta:
        primary_key = peewee.CompositeKey("attempt", "line")


class Nonce(Row):
    """A number of an address's sends that is taken for ever, and the family that took it."""

    chain = TextField()
    address = TextField()
    nonce = BigIntegerField()
    family = TextField()

    class Meta:
        primary_key = peewee.CompositeKey("chain", "address", "nonce")


class Outflow(Row):
    """What left one address of ours by a chain tx of ours, where a node keeps no coins: `idx` is
    `value` for what was sent, `gas` for the chain's fee. It counts from its block on, until it was
    folded: from `folded_height` on the address's coins are smaller by it."""

    chain = TextField()
    txid = TextField()
    idx = TextField()
    currency = TextField()
    address = TextField()
    account = TextField()
    units = UnitsField()
    attempt = TextField()
    height = BigIntegerField(null=True)
    hash = TextField(null=True)
    folded_height = BigIntegerField(null=True)

    class Meta:
        primary_key = peewee.CompositeKey("chain", "txid", "idx", "currency", "address")
