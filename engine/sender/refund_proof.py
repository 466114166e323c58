"""What is proved before a refund is signed: the coin that it gives back is the node's own word, the
persons who asked for it signed this amount and this address, and nothing else pays it back."""

from __future__ import annotations

from datetime import datetime

from db.models import History, Payment
from engine.approvals.refunds import PERSONS
from engine.approvals.rights import are_enough
from engine.approvals.spending import signed_forms
from engine.chain import Spend
from engine.config import Config
from engine.sender.asked import Asked
from engine.sender.proof import verified_rows

UNPROVED_REFUND = "nothing proves that this refund was asked for"
UNSIGNED_REFUND = "its refund is not signed by two persons whose keys are in force"
UNPROVED_COIN = "the node does not show the coin that it gives back"


def refund_flaw(config: Config, node: Asked, payment: Payment, *, now: datetime) -> str | None:
    """Why this refund must not be signed; None when everything is proved. Raises NodeDown."""
    deposit = Payment.get_or_none((Payment.id == payment.refund_of) & (Payment.kind == "deposit"))
    rows = None if deposit is None else verified_rows(deposit.id)
    if deposit is None or rows is None or rows[-1].hash != deposit.last_hash:
        return UNPROVED_REFUND
    asked = rows[-1]
    if asked.event != "refund" or not _is_only_one(payment, asked):
        return UNPROVED_REFUND
    if int(payment.units or 0) + int(payment.fee_units or 0) != deposit.units:
        return UNPROVED_REFUND
    forms = signed_forms(config, act="refund", subject=deposit.id, history_hash=asked.prev, now=now)
    wanted = (deposit.id, deposit.currency, str(deposit.units), payment.address)
    signed = {
        name
        for name, form in forms.items()
        if tuple(form.get(key) for key in ("payment", "currency", "units", "address")) == wanted
    }
    if not are_enough(config.staff, signed, PERSONS):
        return UNSIGNED_REFUND
    coin = Spend(str(deposit.txid), str(deposit.idx), int(deposit.units), str(deposit.address))
    return None if node.received(coin) else UNPROVED_COIN


def _is_only_one(payment: Payment, asked: History) -> bool:
    """Whether it alone was opened for the refund that was asked for by this row. Histories tell: a
    withdrawal whose row lost its link, or is gone, has paid all the same."""
    others = Payment.select().where(
        (Payment.refund_of == payment.refund_of)
        & (Payment.first_seq > asked.seq)
        & (Payment.id != payment.id)
    )
    opened = History.select(History.payment).where(
        History.client.is_null()
        & (History.seq > asked.seq)
        & (History.event == "request")
        & History.evidence.contains(f'"refund_hash":"{asked.hash}"')
    )
    return not others.exists() and [row.payment for row in opened] == [payment.id]
