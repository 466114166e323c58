"""What every cure of a break has: where it is written, the entry, and the rows that go with it, in
one database transaction with the signature and the end of the break."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from db.connection import database
from db.findings import Break
from engine import chronicle
from engine.approvals.plan import Doing
from engine.chronicle import Subject
from engine.clock import rfc3339
from engine.ledger import NewEntry

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
