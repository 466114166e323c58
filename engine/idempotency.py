"""Requests that must not be carried out twice: keys kept for ever with their first answer.

A key is claimed before the work; the work's own database transaction keeps the answer with what it
wrote. A crash in between leaves a claim without an answer and nothing done: it is taken over later,
and whoever comes too late with the old claim writes nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import peewee

from db.connection import database
from db.models import Idempotency
from engine.clock import parse_rfc3339, rfc3339
from engine.errors import KeyReused, StillRunning

RUNNING_MAX = timedelta(seconds=60)  # longer than any request may take
_VISIBLE = re.compile(r"[!-~]{1,255}", re.ASCII)
_QUOTED = re.compile(r'"([!#-\[\]-~]{1,255})"', re.ASCII)


@dataclass(frozen=True, slots=True)
class Stored:
    """The first answer to a request: its status and its JSON."""

    status: int
    body: str


def answer(status: int, value: object) -> Stored:
    """An answer as it is stored, from its status and what its JSON says."""
    return Stored(status, json.dumps(value, ensure_ascii=False, separators=(",", ":")))


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to carry out the request with this key, while nobody else took it over."""

    scope: str
    key: str
    since: str

    def keep(self, status: int, value: object) -> None:
        """Store the answer, inside the caller's database transaction. Raises StillRunning if the
        claim was taken over meanwhile: what the caller wrote must then be rolled back."""
        kept = answer(status, value)
        changed = Idempotency.update(status=kept.status, body=kept.body).where(self.own_row())
        if changed.execute() != 1:
            raise StillRunning("another request with this key is being carried out")

    def release(self) -> None:
        """Give the key back: nothing was done, the same request may come again at once."""
        Idempotency.delete().where(self.own_row()).execute()

    def own_row(self) -> Any:
        """The condition that finds this claim, as long as it stands."""
        return (
            (Idempotency.scope == self.scope)
            & (Idempotency.key == self.key)
            & (Idempotency.created_at == self.since)
            & Idempotency.status.is_null()
        )


def read_key(text: str) -> str | None:
    """The key in a header or a field: 1 to 255 visible ASCII characters, bare or quoted; None for
    anything else."""
    quoted = _QUOTED.fullmatch(text)
    if quoted is not None:
        return quoted.group(1)
    return text if _VISIBLE.fullmatch(text) and '"' not in text else None


def fingerprint(request: object) -> str:
    """What tells one request from another: the SHA-256 of its JSON in one form."""
    return hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()


def claim(*, scope: str, key: str, fingerprint: str, now: datetime) -> Claim | Stored:
    """The right to carry out the request, or its first answer.

    `scope` names who asks and what for: the same key of somebody else is another key. Raises
    KeyReused for another request, StillRunning while the first one has no answer.
    """
    since = rfc3339(now)
    try:
        with database.atomic():
            Idempotency.insert(
                scope=scope, key=key, fingerprint=fingerprint, created_at=since
            ).execute()
    except peewee.IntegrityError:
        return _claim_again(scope, key, fingerprint, now)
    return Claim(scope, key, since)


def _claim_again(scope: str, key: str, given: str, now: datetime) -> Claim | Stored:
    row = Idempotency.get_or_none((Idempotency.scope == scope) & (Idempotency.key == key))
    if row is None:
        raise StillRunning("the first request with this key has just ended; try again")
    if row.fingerprint != given:
        raise KeyReused("this key was used for another request; take a new one")
    if row.status is not None:
        return Stored(int(row.status), str(row.body))
    if abs(now - parse_rfc3339(row.created_at)) <= RUNNING_MAX:
        raise StillRunning("the first request with this key is still being carried out")
    taken = Claim(scope, key, rfc3339(now))
    old = Claim(scope, key, str(row.created_at))
    if Idempotency.update(created_at=taken.since).where(old.own_row()).execute() != 1:
        raise StillRunning("another request with this key is being carried out")
    return taken
