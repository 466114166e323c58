"""What persons said of a payment that a chain tx unknown to us seems to have paid already."""

from __future__ import annotations

from collections.abc import Iterable

from db.models import History

PAID_BEFORE = "a chain tx that our rows do not know paid just this: are they an older copy?"


def is_judged(rows: Iterable[History]) -> bool:
    """Whether persons released it after it had been held for that."""
    events = [(row.event, row.reason) for row in rows if row.event in {"hold", "release"}]
    if ("hold", PAID_BEFORE) not in events:
        return False
    last = len(events) - 1 - events[::-1].index(("hold", PAID_BEFORE))
    return any(event == "release" for event, _ in events[last:])
