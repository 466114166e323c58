"""Brakes: which payments of a currency are paused, by whom, and the reason that all may read.

A person puts them on deposits and withdrawals, and on sweeps of deposit addresses, too. The engine
itself halts sweeps that did not arrive as they should; a person takes that off.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from db.models import Brake
from engine.clock import rfc3339

DEPOSIT, WITHDRAWAL, SWEEP = "deposit", "withdrawal", "sweep"
KINDS = (DEPOSIT, WITHDRAWAL, SWEEP)
CLIENTS = (DEPOSIT, WITHDRAWAL)  # what pausing a currency stops, if nobody says which
BY_ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class BrakeView:
    """Payments of `kind` in `currency` are paused since `since` (RFC 3339 UTC) by `by`: a name of
    staff, or the engine."""

    currency: str
    kind: str
    reason: str
    since: str
    by: str = ""

    @property
    def words(self) -> str:
        """What is paused, without whose it is."""
        who = "halted by the engine" if self.by == BY_ENGINE else "paused by staff"
        return f"{self.kind}s {who}"


def braked(kind: str) -> dict[str, BrakeView]:
    """The currencies in which payments of this kind are paused."""
    return {view.currency: view for view in _views(kinds=(kind,))}


def of_currency(currency: str) -> dict[str, BrakeView]:
    """What is paused in a currency, by kind of payment."""
    return {view.kind: view for view in _views(kinds=KINDS) if view.currency == currency}


def put_on(*, currency: str, kind: str, reason: str, staff: str, now: datetime) -> None:
    """Pause, inside the caller's database transaction."""
    Brake.create(currency=currency, kind=kind, reason=reason, staff=staff, since=rfc3339(now))


def take_off(*, currency: str, kind: str) -> None:
    """Resume, inside the caller's database transaction."""
    found = (Brake.currency == currency) & (Brake.kind == kind)
    Brake.delete().where(found).execute()


def _views(*, kinds: Collection[str]) -> list[BrakeView]:
    rows = Brake.select().where(Brake.kind.in_(list(kinds)))
    return [BrakeView(row.currency, row.kind, row.reason, row.since, row.staff) for row in rows]
