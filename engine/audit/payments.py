"""The payments against their histories: each is what its last row says, none lacks the other."""

from __future__ import annotations

import json
from collections.abc import Iterator

from db.models import History, Payment
from engine.audit.form import Line
from engine.audit.report import FLAWS_MAX, Flaws
from engine.audit.tails import Tails

KINDS = ("deposit", "withdrawal", "transfer", "site_transfer")
"""Rows of other kinds tell of the installation and have no payment."""

_BATCH = 1_000


def note_of(row: Line) -> str:
    """What is kept of a payment's last row, to be compared with the payment."""
    return json.dumps(
        [row["seq"], row["to"], row["kind"], row["client"], row["currency"], row["units"]]
    )


def check_payments(tails: Tails, flaws: Flaws) -> None:
    """Compare every payment with the last row in `tails`."""
    try:
        for payment in _payments():
            _check_payment(payment, tails, flaws)
    except ValueError:
        flaws.add("a payment cannot be read: it was changed", where="payment")
    _check_orphans(flaws)


def _check_payment(payment: Payment, tails: Tails, flaws: Flaws) -> None:
    tail = tails.get(payment.id)
    if tail is None:
        flaws.add("the payment has no history", where="payment", of=payment.id)
    elif tail != (payment.last_hash, _note(payment)):
        what = "the payment is not what its last history row says: it was changed"
        flaws.add(what, where="payment", seq=payment.last_seq, of=payment.id)


def _check_orphans(flaws: Flaws) -> None:
    orphans = (
        History.select(History.payment)
        .distinct()
        .where(History.kind.in_(KINDS) & History.payment.not_in(Payment.select(Payment.id)))
        .order_by(History.payment)
        .limit(FLAWS_MAX)
    )
    for row in orphans:
        flaws.add("the payment has a history but is gone", where="payment", of=row.payment)


def _payments() -> Iterator[Payment]:
    last = ""
    while True:
        batch = list(Payment.select().where(Payment.id > last).order_by(Payment.id).limit(_BATCH))
        if not batch:
            return
        yield from batch
        last = batch[-1].id


def _note(payment: Payment) -> str:
    units = None if payment.units is None else str(payment.units)
    return json.dumps(
        [payment.last_seq, payment.state, payment.kind, payment.client, payment.currency, units]
    )
