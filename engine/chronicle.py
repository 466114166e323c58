"""Histories of what is no payment: a client's account, a currency's brakes, staff's words beside a
payment. Rows like any others, chained, sealed and exported, each subject under an id of its own.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from db.models import History
from engine import ledger
from engine.clock import rfc3339
from engine.ledger import NewEntry
from engine.lifecycle.batch import write_row


@dataclass(frozen=True, slots=True)
class Subject:
    """What a chronicle is of. `kind` is `client`, `currency` or `staff` (beside payment `name`);
    `client` and `currency` stand in its rows, so that a client's export holds its own."""

    kind: str
    name: str
    client: str | None = None
    currency: str = ""

    @property
    def id(self) -> str:
        """Its id in the column `payment`: 32 hex digits that follow from what it is of."""
        return hashlib.sha256(f"{self.kind}/{self.name}".encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Remark:
    """A row of a chronicle. Times are RFC 3339 UTC."""

    at: str
    event: str
    actor: str
    reason: str
    evidence: dict[str, Any]


def last_hash(subject: Subject) -> str:
    """The hash that the next row must name as its `prev`."""
    last = _last(subject)
    return subject.id if last is None else str(last.hash)


def write(
    subject: Subject,
    event: str,
    *,
    to: str,
    actor: str,
    reason: str,
    evidence: Mapping[str, Any],
    now: datetime,
    entry: NewEntry | None = None,
) -> None:
    """Add a row, and post `entry` under it, inside the caller's database transaction."""
    last = _last(subject)
    proof = dict(evidence) if entry is None else {**evidence, "entry": entry.as_json()}
    row: dict[str, Any] = {
        "payment": subject.id,
        "kind": subject.kind,
        "client": subject.client,
        "currency": subject.currency,
        "units": None,
        "amount": None,
        "event": event,
        "from": None if last is None else last.to_state,
        "to": to,
        "at": rfc3339(now),
        "actor": actor,
        "reason": reason,
        "rule": "",
        "evidence": proof,
        "prev": subject.id if last is None else last.hash,
    }
    write_row(row)
    if entry is not None:
        ledger.post([(row["seq"], event, subject.id, entry)], at=row["at"])


def remarks(subject: Subject) -> tuple[Remark, ...]:
    """Every row of a chronicle, oldest first."""
    rows = History.select().where(History.payment == subject.id).order_by(History.seq)
    return tuple(
        Remark(row.at, row.event, row.actor, row.reason, json.loads(row.evidence)) for row in rows
    )


def _last(subject: Subject) -> History | None:
    row: History | None = (
        History.select().where(History.payment == subject.id).order_by(History.seq.desc()).first()
    )
    return row
