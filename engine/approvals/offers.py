"""Which acts can be offered on a payment as it stands, and why not: asked of the planners
themselves, so that an offer and the engine's answer never differ."""

from __future__ import annotations

from dataclasses import dataclass

from db.models import Payment
from engine.approvals.acts import ON_PAYMENTS, plan_of
from engine.approvals.plan import Proposal
from engine.approvals.rights import RIGHTS
from engine.config import Config
from engine.errors import CashierError, WithdrawalRefused
from engine.ledger import HOUSE

NEEDS: dict[str, str] = {
    "refuse": "reason",
    "note": "reason",
    "pause": "reason",
    "resume": "reason",
    "block": "reason",
    "unblock": "reason",
    "adjust": "reason",
    "book": "account",
    "refund": "address",
}
"""What a person must say for an act, beside what it is on."""

_ORDER = ("approve", "refuse", "book", "refund")


@dataclass(frozen=True, slots=True)
class Offer:
    """`why_not` is empty for an act that can be done now."""

    act: str
    why_not: str = ""


def may(role: str, act: str) -> bool:
    """Whether a role may do an act at all; the empty role may do none."""
    return role in RIGHTS.get(act, ())


def offers_on(config: Config, payment_id: str, *, role: str) -> tuple[Offer, ...]:
    """The acts on a payment that its kind knows and `role` may do."""
    payment = Payment.get_or_none(Payment.id == payment_id)
    if payment is None:
        return ()
    known = [act for act in _ORDER if (act, payment.kind) in ON_PAYMENTS]
    return tuple(
        Offer(act, _why_not(config, Proposal(act=act, payment=payment_id)))
        for act in (*known, "note")
        if may(role, act)
    )


def _why_not(config: Config, proposal: Proposal) -> str:
    """Empty when nothing but what the person must still say stands against the act."""
    said = Proposal(
        act=proposal.act,
        payment=proposal.payment,
        reason="-",
        account=HOUSE if proposal.act == "book" else None,
    )
    try:
        plan_of(config, said)
    except WithdrawalRefused:
        return ""  # the address is still to be said
    except CashierError as error:
        return str(error)
    return ""
