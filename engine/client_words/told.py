"""Which reasons that stand at a payment were written for its client; every other is the house's
own, such as what the risk check or a person of the staff found."""

from __future__ import annotations

from engine.config import Currency
from engine.deposits import rules
from engine.withdrawals.decide import HELD_AMOUNT, HELD_NEW_ADDRESS, HELD_RULE, HELD_TOTAL

_HOLDS = {
    "deposit": frozenset({rules.HELD_BELOW_MINIMUM, rules.HELD_BY_RULE}),
    "withdrawal": frozenset({HELD_AMOUNT, HELD_NEW_ADDRESS, HELD_TOTAL, HELD_RULE}),
}

CHAIN_REASONS = frozenset(
    {
        rules.LATE,
        rules.UNPAID,
        rules.SUM_REACHED,
        rules.CONFLICT_MINED,
        rules.REPLACED,
        rules.DROPPED,
        rules.COIN_GONE,
        rules.BLOCK_LEFT,
    }
)
"""What the network, the clock or the client's own coins did to a deposit."""

_DOUBTS = frozenset({rules.HELD_OLD_COIN, rules.HELD_DOUBTED})


def brake_reason(reason: str) -> str:
    """Of a deposit that waits for a brake: the brake's reason, which everybody may read. Empty
    where the deposit keeps a reason of its own."""
    return "" if reason in CHAIN_REASONS or reason in _DOUBTS else reason


def is_told_hold(kind: str, reason: str, currency: Currency | None) -> bool:
    """Whether a client may read why its payment is held: by what the cashier says of every client,
    or by the words of a [[rule]], which are written for both."""
    limits = () if currency is None else currency.limits
    return bool(reason) and (
        reason in _HOLDS[kind] or any(rule.reason == reason for rule in limits)
    )
