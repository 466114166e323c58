"""Acts on a withdrawal: release a held one to the sender, or refuse it and give the funds back."""

from __future__ import annotations

from functools import partial

from db.models import Payment
from engine.approvals.plan import Plan, Proposal
from engine.approvals.subjects import move, payment_plan, reason_of, require_held
from engine.config import Config
from engine.errors import ActRefused
from engine.sender import entries
from engine.withdrawals.decide import recheck

WAITING = ("requested", "held")


def approve(config: Config, payment: Payment, _proposal: Proposal) -> Plan:
    """Release a held withdrawal to the sender, by as many persons as the rule that held it wants.
    The sender verifies their signatures again before it signs. Raises ActRefused."""
    require_held(payment)
    carry_out = partial(move, payment, "release", entry=None, changes={"sub_state": ""})
    wanted = recheck(config.currencies[payment.currency], payment).approvals
    persons = max(1, wanted, int(payment.approvals_required or 1))
    return payment_plan(config, payment, "approve", carry_out, fields={}, persons=persons)


def refuse(config: Config, payment: Payment, proposal: Proposal) -> Plan:
    """Refuse a withdrawal before anything was signed; all that was debited goes back. Raises
    ActRefused."""
    reason = reason_of(proposal)
    if payment.state not in WAITING:
        require_held(payment)
    if payment.attempt is not None:
        raise ActRefused("it is too late to refuse: its chain tx is signed")
    # A move to cold debited nobody; what a refund should have paid goes back by its deposit.
    debited = payment.kind == "withdrawal" and payment.refund_of is None
    entry = entries.give_back(payment, "refuse") if debited else None
    carry_out = partial(move, payment, "refuse", entry=entry, changes={"sub_state": ""})
    return payment_plan(
        config, payment, "refuse", carry_out, fields={"reason": reason}, entry=entry
    )
