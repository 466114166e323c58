"""What every cure of a break has: where it is written, the entry, and the rows that go with it, in
one database transaction with the signature and the end of the break."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from db.connection import database
from db.findings import Break
from engine import chronicle
from engine.approvals.plan import Doing
from engine.chronicle import Subject
from engine.clock import rfc3339
from engine.config import Currency
from engine.history import canonical
from engine.ledger import NewEntry
from engine.money import format_amount

STALE = "the break is not so any more: run cashier reconcile and look again"


@dataclass(frozen=True, slots=True)
class Cure:
    """`subject` is the id of the history that it continues, `history_hash` its last row; `entry` is
    shown and signed; `carry_out` writes all of it."""

    subject: str
    history_hash: str
    entry: NewEntry | None
    carry_out: Callable[[Doing, Break], None]


def chronicled(
    subject: Subject,
    entry: NewEntry | None,
    write: Callable[[], None] = lambda: None,
    *,
    evidence: dict[str, Any] | None = None,
) -> Cure:
    """A cure that is a row of a chronicle; `write` the rows beside it."""
    told = evidence or {}
    return Cure(
        subject.id,
        chronicle.last_hash(subject),
        entry,
        partial(_chronicle, subject, entry, write, told),
    )


def _chronicle(
    subject: Subject,
    entry: NewEntry | None,
    write: Callable[[], None],
    told: dict[str, Any],
    doing: Doing,
    row: Break,
) -> None:
    with database.atomic():
        doing.guard()
        chronicle.write(
            subject,
            "cure",
            to="cured",
            actor=doing.actor,
            reason=reason_of(doing, row),
            evidence={**evidence_of(doing, row), **told},
            now=doing.now,
            entry=entry,
        )
        write()
        close(doing, row)
        doing.also()


def break_title(currency: Currency, row: Break) -> str:
    """A break in a few words, for whoever signs."""
    amount = format_amount(int(row.units), currency.decimals)
    return f"{row.kind} of {amount} {row.currency}"


def break_fields(currency: Currency, row: Break) -> dict[str, str]:
    """What is signed of it: which break, and by a hash all that was seen of it."""
    fields = {
        "payment": str(row.id),
        "kind": str(row.kind),
        "currency": currency.symbol,
        "network": currency.network,
        "units": str(abs(int(row.units))),
        "account": seen_hash(str(row.subject), int(row.units), json.loads(row.evidence)),
    }
    return fields if currency.token is None else {**fields, "token": currency.token}


def seen_hash(subject: str, units: int, evidence: Mapping[str, Any]) -> str:
    """By what a signature names all that was seen of a break."""
    seen = {"subject": subject, "units": str(units), "evidence": evidence}
    return f"evidence:{hashlib.sha256(canonical(seen)).hexdigest()}"


def evidence_of(doing: Doing, row: Break) -> dict[str, Any]:
    """Who signed, which break, and all that was seen of it."""
    return {**doing.evidence, "break": row.id, "about": json.loads(row.evidence)}


def reason_of(doing: Doing, row: Break) -> str:
    """What stands in the history for people."""
    return doing.reason or f"cures {row.kind} {row.id}"


def close(doing: Doing, row: Break) -> None:
    """The break is gone by this act, inside the caller's database transaction."""
    done = {"state": "closed", "closed_at": rfc3339(doing.now)}
    Break.update(**done, closed_by=f"cured by {doing.actor}").where(Break.id == row.id).execute()
