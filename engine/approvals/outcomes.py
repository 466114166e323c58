"""The act by which two persons say what became of a send of which no node tells: it paid, or it did
not. It writes what they signed into the payment's history; the sender carries it out at its next
look, unless the node tells by then: facts come before persons.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any

from db.findings import Break
from db.models import Approval, History, Payment
from engine.approvals import form as forms
from engine.approvals.curing import (
    STALE,
    break_fields,
    break_title,
    close,
    evidence_of,
)
from engine.approvals.form import ANSWERS, NOT_PAID, OUTCOMES, PAID, SAID
from engine.approvals.plan import Doing, Plan
from engine.approvals.signed import verified
from engine.clock import parse_rfc3339
from engine.config import Config, Currency
from engine.errors import ActRefused
from engine.ledger import Line, NewEntry
from engine.lifecycle import Batch
from engine.sender.by_nonce.judgement import EVENT, PERSONS, parties
from engine.sender.proof import says, verified_rows

WHICH = "say what became of it: that it paid, or that it did not pay"
NO_OUTCOME = "only of a send of which no node tells what became of it is it said whether it paid"
WHY_NOT: Mapping[str, str] = MappingProxyType(
    {
        PAID: "the chain tx that took its number is booked as a loss, or is another payment's: sign"
        " that it did not pay, and cashier adjust takes the amount from the client",
        NOT_PAID: "the node proves that coins left its address by it: it cannot be signed that it"
        " did not pay",
    }
)


def judge(config: Config, currency: Currency, row: Break, outcome: str | None) -> Plan:
    """Say that it paid, or that it did not. Raises ActRefused without an outcome, for one that the
    facts exclude, and when its payment has moved since."""
    told = json.loads(row.evidence)
    if outcome is None or outcome not in ANSWERS.values():
        raise ActRefused(WHICH)
    if outcome not in told[OUTCOMES]:
        raise ActRefused(WHY_NOT[outcome])
    payment, rows = _payment(row, told)
    return Plan(
        act="cure",
        subject=payment.id,
        history_hash=payment.last_hash,
        says=f"{break_title(currency, row)}: {SAID[outcome]}",
        fields={**break_fields(currency, row), "outcome": outcome},
        entry=_entry(config, told[OUTCOMES][outcome]),
        persons=PERSONS,
        barred=parties(rows),
        otherwise=_otherwise(config, payment, str(row.id), outcome),
        carry_out=partial(_write, payment, row, outcome),
    )


def _payment(row: Break, told: Mapping[str, Any]) -> tuple[Payment, Sequence[History]]:
    """The payment as its own verified history has it, and that history."""
    payment: Payment | None = Payment.get_or_none(Payment.id == told["payment"])
    rows = None if payment is None else verified_rows(payment.id)
    if payment is None or rows is None:
        raise ActRefused(STALE)
    is_so = rows[-1].hash == payment.last_hash and says(rows, payment)
    seen = (told["state"], row.currency, -int(row.units))
    if not is_so or seen != (payment.state, payment.currency, payment.units):
        raise ActRefused(STALE)
    return payment, rows


def _entry(config: Config, lines: Sequence[Sequence[str]]) -> NewEntry | None:
    try:
        found = tuple(Line(account, currency, int(units)) for account, currency, units in lines)
    except (TypeError, ValueError):
        raise ActRefused(STALE) from None
    if any(line.currency not in config.currencies for line in found):
        raise ActRefused(STALE)
    return NewEntry(EVENT, found, overdraw=True) if found else None


def _otherwise(config: Config, payment: Payment, found: str, outcome: str) -> dict[str, str]:
    """Who signed the other outcome of the same send, as it is now: two who disagree are not two who
    agree, whoever of them was first. What each signed last counts, by the time that is signed."""
    rows = Approval.select().where(
        (Approval.act == "cure")
        & (Approval.subject == payment.id)
        & (Approval.history_hash == payment.last_hash)
    )
    forms_of = [form for row in rows if (form := _signed_form(config, row)) is not None]
    said = {
        str(form["staff"]): form["outcome"]
        for form in sorted(forms_of, key=lambda form: str(form["at"]))
        if form.get("payment") == found and "outcome" in form
    }
    return {
        name: f"{name} signed that {SAID[other]}: find out together what is so, and sign the same"
        for name, other in said.items()
        if other != outcome
    }


def _signed_form(config: Config, row: Approval) -> forms.Form | None:
    """What a person of the staff signed by a key that was in force then; None of what is forged,
    and of who is no staff any more: such words hold up nobody."""
    try:
        form = forms.parse(row.body)
        signed = verified(config, form, row.signature, parse_rfc3339(form["at"]))
    except (ActRefused, ValueError, OverflowError):
        return None
    return None if signed is None else form


def _write(payment: Payment, row: Break, outcome: str, doing: Doing) -> None:
    """The payment stays where it is, with the reason that it has."""
    evidence = {**evidence_of(doing, row), "outcome": outcome}
    evidence |= {"said": doing.reason} if doing.reason else {}
    with Batch(doing.config, actor=doing.actor, now=doing.now, guard=doing.guard) as batch:
        batch.move(payment, EVENT, evidence=evidence, reason=payment.reason)
        batch.also(partial(close, doing, row))
        batch.also(doing.also)
