"""Every staff act, by name: the two tables that say what each would do now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from db.models import Payment
from engine.approvals import accepting, cures, deposits, funds, refunds, switches, withdrawals
from engine.approvals.plan import Plan, Proposal
from engine.approvals.subjects import subject_of
from engine.config import Config
from engine.errors import ActRefused

# Acts on a payment, by name and kind of payment.
ON_PAYMENTS: Mapping[tuple[str, str], Callable[[Config, Payment, Proposal], Plan]]
ON_PAYMENTS = MappingProxyType(
    {
        ("approve", "deposit"): deposits.approve,
        ("refuse", "deposit"): deposits.refuse,
        ("book", "deposit"): deposits.book,
        ("refund", "deposit"): refunds.refund,
        ("approve", "withdrawal"): withdrawals.approve,
        ("refuse", "withdrawal"): withdrawals.refuse,
        ("refuse", "transfer"): withdrawals.refuse,
    }
)

# Acts on anything else, and those that take a payment of any kind.
OTHERS: Mapping[str, Callable[[Config, Proposal], Plan]]
OTHERS = MappingProxyType(
    {
        "move": funds.move,
        "adjust": funds.adjust,
        "cure": cures.cure,
        "pause": switches.pause,
        "resume": switches.resume,
        "block": switches.block,
        "unblock": switches.unblock,
        "note": switches.note,
        "accept": accepting.accept,
    }
)

ACTS = frozenset({*OTHERS, *(act for act, _ in ON_PAYMENTS)})


def plan_of(config: Config, proposal: Proposal) -> Plan:
    """What the proposed act would do now. Raises ActRefused and whatever else forbids it."""
    act = proposal.act
    if act not in ACTS:
        raise ActRefused(f"there is no act {act}")
    if act in OTHERS:
        return OTHERS[act](config, proposal)
    payment = subject_of(proposal)
    planner = ON_PAYMENTS.get((act, payment.kind))
    if planner is None:
        raise ActRefused(f"to {act} a {payment.kind.replace('_', ' ')} is not possible")
    return planner(config, payment, proposal)
