"""The tables of sending: a number is taken once, and an outflow is in a block or in none."""

from __future__ import annotations

import peewee
import pytest

from db.attempts import Attempt, Nonce, Outflow
from db.connection import database as opened

SOURCE = "0x00000000000000000000000000000000000000aa"
WHOLE = 10**24  # a million coins of 18 decimals, beyond 64 bits


def attempt() -> Attempt:
    values = dict.fromkeys(("chain", "currency"), "ETH") | {"family": "a", "number": 1}
    texts = dict.fromkeys(("txid", "signed", "created_at", "updated_at"), "x")
    return Attempt.create(
        id="a", state="stored", fee_units=WHOLE, size=21000, nonce=0, **values, **texts
    )


def outflow(**changes: object) -> None:
    values = {"chain": "ETH", "txid": "x", "idx": "value", "currency": "ETH", "address": SOURCE}
    more = {"account": "wallet:hot", "units": WHOLE, "attempt": "a"}
    Outflow.create(**{**values, **more, **changes})


def test_a_nonce_is_taken_by_one_family_only(database: str) -> None:
    assert database
    Nonce.create(chain="ETH", address=SOURCE, nonce=7, family="a")
    for nonce, family in ((7, "b"), (8, "a"), (-1, "c")):
        with pytest.raises(peewee.IntegrityError), opened.atomic():
            Nonce.create(chain="ETH", address=SOURCE, nonce=nonce, family=family)
    assert Nonce.select().count() == 1


def test_what_left_an_address_is_exact_and_in_one_block_or_in_none(database: str) -> None:
    assert database
    attempt()
    outflow()
    outflow(idx="gas", height=4, hash="0x4")
    with pytest.raises(peewee.IntegrityError), opened.atomic():
        outflow(idx="half", height=4)
    rows = Outflow.select().order_by(Outflow.idx)
    assert [(row.idx, row.units, row.height) for row in rows] == [
        ("gas", WHOLE, 4),
        ("value", WHOLE, None),
    ]


def test_an_attempt_tells_the_most_that_it_costs_and_what_it_did_cost(database: str) -> None:
    assert database
    row = attempt()
    assert (row.paid_units, Attempt.get_by_id("a").fee_units) == (None, WHOLE)
    Attempt.update(paid_units=WHOLE - 1).execute()
    assert Attempt.get_by_id("a").paid_units == WHOLE - 1
