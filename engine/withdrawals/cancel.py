"""A client takes a withdrawal back, as long as nothing was signed for it."""

from __future__ import annotations

import json
from datetime import datetime

from db.models import History, Payment
from engine import queries
from engine.config import Config
from engine.errors import PaymentNotFound, StaleState, TooLate
from engine.lifecycle import Batch
from engine.queries import PaymentView
from engine.sender import entries

TRIES_MAX = 5


def is_cancellable(view: PaymentView) -> bool:
    """Whether a client may still take it back, as far as this look at it tells."""
    return (
        view.kind == "withdrawal"
        and view.state in {"requested", "held"}
        and view.sub_state != "sending"
    )


def cancel_withdrawal(
    config: Config, payment_id: str, *, client: str, now: datetime
) -> PaymentView:
    """The cancelled payment, its amount and fee back in the balance. Cancelling it twice is the
    same as once. Raises PaymentNotFound, TooLate once an attempt is stored."""
    queries.find_payment(config, payment_id, client=client)
    for _ in range(TRIES_MAX):
        payment = Payment.get_by_id(payment_id)
        if payment.kind != "withdrawal":
            raise PaymentNotFound("there is no such withdrawal")
        if payment.state == "cancelled":
            break
        _check(payment)
        try:
            _cancel(config, payment, client=client, now=now)
        except StaleState:
            continue  # the engine or staff moved it meanwhile: look at what it is now
        break
    else:
        raise StaleState("the withdrawal is moving; try again")
    return queries.find_payment(config, payment_id, client=client)


def _check(payment: Payment) -> None:
    if payment.asked_by is not None:
        raise TooLate("this payment was not asked for by the client")
    if payment.state not in {"requested", "held"} or payment.attempt is not None:
        raise TooLate("it is too late to cancel: the withdrawal is already on its way or ended")
    if not _is_as_debited(payment):
        raise TooLate("it cannot be cancelled now: ask the site's support")


def _is_as_debited(payment: Payment) -> bool:
    """Whether its row asks for no more back than its first one says was debited."""
    first = History.get_or_none((History.payment == payment.id) & (History.prev == payment.id))
    if first is None:
        return False
    fee = json.loads(first.evidence).get("fee_units")
    return bool((first.units, fee) == (payment.units, str(payment.fee_units or 0)))


def _cancel(config: Config, payment: Payment, *, client: str, now: datetime) -> None:
    with Batch(config, actor=f"client:{client}", now=now) as batch:
        batch.move(
            payment,
            "cancel",
            evidence={},
            entry=entries.give_back(payment, "cancel"),
            sub_state="",
        )
