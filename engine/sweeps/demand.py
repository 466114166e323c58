"""What the hot address lacks to pay what waits: so much is swept at once."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import peewee

from db import bulk
from db.models import Payment
from engine.config import Currency
from engine.sender.by_nonce.offers import PLAIN_GAS
from engine.sweeps.under_way import Move

TOKEN_GAS = 65_000  # about what sending a token takes
# In the words of the index, or no database takes it.
_TO_SEND = "state = 'requested' AND kind IN ('withdrawal', 'transfer')"
COUNTED_MAX = 500  # payments that wait; more are counted when these are paid


def lacking(
    currency: Currency,
    waiting: Iterable[Payment],
    under_way: Iterable[Move],
    *,
    there: int,
    price: int,
) -> int:
    """Units of `currency` that the hot address needs for what is `waiting` more than what is
    `there` and what comes. `price` is what each gas may cost in the chain's coin."""
    rows = list(waiting)
    need = sum(int(row.units or 0) for row in rows if row.currency == currency.symbol)
    if not currency.is_token:
        plain = sum(row.currency == currency.symbol for row in rows)
        need += (plain * PLAIN_GAS + (len(rows) - plain) * TOKEN_GAS) * price
    coming = sum(
        int(move.payment.units or 0)
        for move in under_way
        if move.is_sweep and move.payment.currency == currency.symbol
    )
    return max(0, need - there - coming)


def waiting(chain: str) -> Sequence[Payment]:
    """What is released and not signed, and paid from the hot address: clients' first."""
    rows = (
        Payment.select()
        .where(
            (Payment.chain == chain)
            & peewee.SQL(_TO_SEND)
            & (Payment.final == 0)
            & Payment.attempt.is_null()
            & (Payment.purpose.is_null() | (Payment.purpose == "gas"))
        )
        .order_by(Payment.first_seq)
        .limit(COUNTED_MAX)
    )
    return bulk.read_rows(rows)
