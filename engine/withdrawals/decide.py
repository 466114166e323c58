"""Go, hold or refuse: what happens to a withdrawal that the client can afford.

In this order: [[rule]] tables, the limits of the currency, the risk hook. An `allow` of a rule
passes over `approve_above` and `hold_new_address` only; nothing passes over what bounds the whole
currency, or over a "no" or a silence of the hook.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from db.models import Payment
from engine.config import Currency
from engine.config.house import Rule
from engine.risk import Answer
from engine.rules import DAY, HOUR, Flow, Subject, first_match
from engine.withdrawals.flow import WithdrawalFlow

HELD_AMOUNT = "larger withdrawals are looked at by a person"
HELD_NEW_ADDRESS = "the first withdrawal to an address is looked at by a person"
HELD_TOTAL = "more than usual is being withdrawn at the moment"
HELD_RULE = "it is looked at by a person"
REFUSED_RULE = "it is not allowed"

Risk = tuple[Answer, str]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`event` is the move to make, empty to let it go; `rule` names what decided, `approvals` how
    many persons must release it."""

    event: str = ""
    reason: str = ""
    rule: str = ""
    approvals: int = 0


GO = Verdict()


def decide(
    currency: Currency, *, client: str, units: int, flow: Flow, risk: Risk | None = None
) -> Verdict:
    """The verdict on a withdrawal of `units`; `flow` includes it. `risk` is the hook's answer."""
    subject = Subject("withdrawal", client, units, flow)
    rule = first_match(currency.limits, subject)
    if rule is not None and rule.then == "refuse":
        return Verdict("refuse", rule.reason or REFUSED_RULE, rule.name)
    if risk is not None and risk[0] is Answer.REFUSE:
        return Verdict("refuse", risk[1], "risk")
    return next(_holds(currency, rule, subject, flow, risk), GO)


def recheck(currency: Currency, payment: Payment) -> Verdict:
    """The verdict on a withdrawal as it was when asked for, from the rules in force now, without
    the hook: what the engine compares with before it signs, whatever a database says."""
    return decide(
        currency,
        client=str(payment.client),
        units=int(payment.units or 0),
        flow=WithdrawalFlow.of(payment),
    )


def _holds(
    currency: Currency, rule: Rule | None, subject: Subject, flow: Flow, risk: Risk | None
) -> Iterator[Verdict]:
    """What holds it, the first reason first."""
    limits = currency.withdrawal
    persons = limits.approvals_required
    if rule is not None and rule.then == "hold":
        persons = rule.approvals_required or persons
        yield Verdict("hold", rule.reason or HELD_RULE, rule.name, persons)
    if rule is None:
        if limits.approve_above is not None and subject.units > limits.approve_above:
            yield Verdict("hold", HELD_AMOUNT, "approve_above", persons)
        if limits.hold_new_address and flow.is_new_address():
            yield Verdict("hold", HELD_NEW_ADDRESS, "hold_new_address", persons)
    if limits.total_hourly is not None and flow.of_all(HOUR) > limits.total_hourly:
        yield Verdict("hold", HELD_TOTAL, "total_hourly", persons)
    if limits.total_daily is not None and flow.of_all(DAY) > limits.total_daily:
        yield Verdict("hold", HELD_TOTAL, "total_daily", persons)
    if risk is not None and risk[0] is Answer.HOLD:
        yield Verdict("hold", risk[1], "risk", persons)
