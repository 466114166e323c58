"""Why nothing is swept now, by currency: kept for whoever watches, in other processes, too."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from db.connection import database
from db.models import Installation

_KEY = "sweeps_wait/"


def note(reasons: Mapping[str, str], *, of: tuple[str, ...], guard: Callable[[], None]) -> None:
    """Keep what holds now for the currencies `of` a chain; nothing is written where it stands."""
    known = {symbol: said for symbol, said in waiting().items() if symbol in of}
    if known == dict(reasons):
        return
    with database.atomic():
        guard()
        keys = [f"{_KEY}{symbol}" for symbol in of]
        Installation.delete().where(Installation.key.in_(keys)).execute()
        for symbol, reason in reasons.items():
            Installation.create(key=f"{_KEY}{symbol}", value=reason)


def waiting() -> dict[str, str]:
    """The reasons by currency."""
    rows = Installation.select().where(Installation.key.startswith(_KEY))
    return {str(row.key).removeprefix(_KEY): str(row.value) for row in rows}
