"""What the dialog of a signed act shows and does; runs on threads of its own, never the UI's.

The engine's rules decide who may do what, and check everything again: this only prepares, signs by
OpenSSH and hands over.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from db.models import Payment
from engine import queries
from engine.approvals import desk
from engine.approvals.case import posted_by
from engine.approvals.offers import NEEDS
from engine.approvals.plan import Plan, Proposal
from engine.approvals.queue import signatures_on
from engine.config import Config
from engine.errors import ActRefused
from engine.ledger import NewEntry
from engine.money import format_fixed

END = 4  # characters of an address or id that are typed to confirm
PAYING = frozenset({"approve", "refund", "move"})
YES = "yes"

PROMPTS = {
    "reason": "Why? Staff and auditors read it.",
    "account": "To which account? house, or client:ID",
    "address": "To which address is it paid back?",
    "outcome": "Did it pay? Look it up elsewhere; type in full: paid, or: not paid",
}
REASONS = {
    "pause": "Why? Every client reads it on the page, without your name.",
    "refuse": "Why? The client reads it, without your name.",
    "note": "What is to be noted? Staff and auditors read it, clients never do.",
}
"""What is asked for as the reason where others read it, or where it is all that the act does."""


@dataclass(frozen=True, slots=True)
class Picture:
    """An act as a person sees it before signing. `entry` are (account, currency, amount) lines and
    `when` in words when they are posted; `asked` is the address that the client's request named,
    `paid` the one that will be paid; `word` is what confirms the act, `word_is` what that is."""

    plan: Plan
    why: str
    entry: tuple[tuple[str, str, str], ...]
    when: str
    asked: str
    paid: str
    signed: tuple[str, ...]
    word: str
    word_is: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who signs, by which key (None: their agent's)."""

    name: str
    key: Path | None


def prompt(proposal: Proposal, need: str) -> str:
    """How the person is asked for what is missing."""
    reason = REASONS.get(proposal.act) if need == "reason" else None
    return reason or PROMPTS[need]


def named(proposal: Proposal) -> str:
    """The act and what it is about, in a few words for a title."""
    about = proposal.client or proposal.currency or (proposal.payment or "")[:8]
    kind = f"{proposal.kind}s" if proposal.kind else ""
    return " ".join(part for part in (proposal.act, about, kind) if part)


def missing(proposal: Proposal) -> str:
    """What the person must still say for this act: `reason`, `account`, `address` or nothing."""
    need = "outcome" if proposal.outcome == "" else NEEDS.get(proposal.act, "")
    return need if need and not getattr(proposal, need) else ""


def answer(need: str, text: str) -> str:
    """What was typed, as a proposal has it."""
    return "_".join(text.lower().split()) if need == "outcome" else text


def prepare(config: Config, proposal: Proposal, *, staff: str, now: datetime) -> Picture:
    """The act as it would be carried out now. Raises whatever forbids it."""
    plan = desk.prepare(config, proposal, staff=staff, now=now)
    payment = plan.fields.get("payment", "")
    word, word_is = confirmation(plan)
    signed = tuple(dict.fromkeys(each.staff for each in signatures_on(plan)))
    objection = plan.objection(staff, signed)
    if objection:
        raise ActRefused(objection)
    entry, when = posted_by(plan)
    return Picture(
        plan=plan,
        why=_why(payment),
        entry=entry_lines(config, entry),
        when=when,
        asked=_asked(config, payment) if _pays(plan) and plan.act == "approve" else "",
        paid=plan.fields.get("address", "") if _pays(plan) else "",
        signed=signed,
        word=word,
        word_is=word_is,
    )


def carry_out(
    config: Config, picture: Picture, person: Person, *, now: datetime, quiet: bool
) -> tuple[Any, str]:
    """The form and its signature; `quiet` never asks on the terminal. Raises SigningFailed."""
    return desk.sign_plan(
        config, picture.plan, staff=person.name, key=person.key, now=now, quiet=quiet
    )


def hand_over(signed: tuple[Any, str]) -> Mapping[str, Any]:
    """The engine's answer to a signed form. Raises OrderRefused, EngineAbsent."""
    return desk.submit(*signed)


def confirmation(plan: Plan) -> tuple[str, str]:
    """What a person types to confirm, and what that is: never one key where money is concerned."""
    if _pays(plan) and plan.fields.get("address"):
        return plan.fields["address"][-END:], "the end of the address"
    if plan.act == "note":
        return "", ""
    if plan.fields.get("payment"):
        return plan.fields["payment"][-END:], "the end of its id"
    return YES, ""


def entry_lines(config: Config, entry: NewEntry | None) -> tuple[tuple[str, str, str], ...]:
    """The entry's lines with amounts in whole coins, signed as in the books."""
    lines = entry.lines if entry is not None else ()
    return tuple(
        (
            line.account,
            line.currency,
            format_fixed(line.units, config.currencies[line.currency].decimals),
        )
        for line in lines
    )


def changes(old: Plan, new: Plan) -> tuple[str, ...]:
    """What differs between what was shown and what would happen now, as `name: old -> new`."""
    before, after = old.form_fields(), new.form_fields()
    names = sorted(name for name in {*before, *after} if before.get(name) != after.get(name))
    return tuple(f"{n}: {before.get(n, '-')} -> {after.get(n, '-')}" for n in names)


def _pays(plan: Plan) -> bool:
    """Whether coins leave by it."""
    return (plan.act in PAYING and plan.fields.get("kind") != "deposit") or plan.act == "refund"


def _why(payment: str) -> str:
    row = Payment.get_or_none(Payment.id == payment) if payment else None
    return "" if row is None else str(row.reason)


def _asked(config: Config, payment: str) -> str:
    """The address that stands in the first row of the payment's history, which is sealed."""
    moves = queries.history(config, payment) if payment else ()
    return str(moves[0].evidence.get("address", "")) if moves else ""
