"""The durable list of alerts: the same fact once, and again after it was gone; each on its way to
each sink until it arrived."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from db import bulk
from db.alerts import Alert, AlertDelivery
from db.connection import database
from engine.alerts.facts import Fact
from engine.alerts.message import Message
from engine.clock import rfc3339

BACK_SOON = timedelta(minutes=10)  # a fact that is back within this is no news
KEPT = timedelta(days=90)  # after an alert is gone and was delivered
BACKOFF_S = (5, 30, 120, 600, 1800)  # then hourly, for as long as it takes
BACKOFF_MAX_S = 3600
FAILING_TRIES = 3
SINK_FAILING = "sink_failing"


@dataclass(frozen=True, slots=True)
class AlertView:
    """An alert that is so now. `since` is RFC 3339 UTC; `told` names the sinks that have it."""

    id: str
    kind: str
    currency: str
    text: str
    since: str
    told: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The public form."""
        return {
            "id": self.id,
            "kind": self.kind,
            "currency": self.currency or None,
            "text": self.text,
            "since": self.since,
            "told": list(self.told),
        }


@dataclass(frozen=True, slots=True)
class SinkView:
    """How one sink does: messages that wait for it, what it last failed with (empty: nothing), the
    time of its last success (RFC 3339 UTC)."""

    name: str
    waiting: int
    failing: str
    delivered_at: str | None

    def as_json(self) -> dict[str, Any]:
        """The public form."""
        return {
            "name": self.name,
            "state": "failing" if self.failing else "well",
            "waiting": self.waiting,
            "reason": self.failing or None,
            "delivered_at": self.delivered_at,
        }


def note(
    facts: Iterable[Fact],
    sinks: Collection[str],
    now: datetime,
    *,
    guard: Callable[[], None],
) -> int:
    """Bring the list to `facts`; returns how many are news. Writes nothing while nothing changes.
    Raises LeaseLost."""
    wanted = {fact.key: fact for fact in facts}
    known = {_key(row): row for row in Alert.select().where(Alert.gone_at.is_null())}
    gone = [row.id for key, row in known.items() if key not in wanted]
    fresh = [fact for key, fact in wanted.items() if key not in known]
    untold = _untold([row for key, row in known.items() if key in wanted], sinks)
    if not (gone or fresh or untold):
        return 0
    with database.atomic():
        guard()
        Alert.update(gone_at=rfc3339(now)).where(Alert.id.in_(gone)).execute()
        news = [fact for fact in fresh if not _is_back(fact, now)]
        made = [Alert(**_row(fact, now)) for fact in news]
        bulk.insert_rows(Alert, [dict(row.__data__) for row in made])
        pairs = [(row.id, sink) for row in made for sink in _sinks_for(row, sinks)]
        bulk.insert_rows(AlertDelivery, [_on_its_way(*pair, now) for pair in (*pairs, *untold)])
        _forget(now)
    return len(news)


def due(sink: str, now: datetime, *, house: str, limit: int) -> list[Message]:
    """Messages that should be tried now, those with the fewest tries first. A clock that was set
    back does not put them off."""
    too_far = now + timedelta(seconds=BACKOFF_MAX_S)
    is_time = (AlertDelivery.next_at <= rfc3339(now)) | (AlertDelivery.next_at > rfc3339(too_far))
    rows = (
        Alert.select()
        .join(AlertDelivery, on=(AlertDelivery.alert == Alert.id))
        .where((AlertDelivery.sink == sink) & AlertDelivery.delivered_at.is_null() & is_time)
        .order_by(AlertDelivery.tries, Alert.first_seen)
        .limit(limit)
    )
    return [_message(row, house) for row in rows]


def note_delivered(alert: str, sink: str, now: datetime) -> None:
    """It arrived: never sent there again."""
    _update(alert, sink, delivered_at=rfc3339(now), last_error="")


def note_failed(alert: str, sink: str, words: str, now: datetime) -> None:
    """It did not arrive as far as we know: tried again, later each time."""
    row = AlertDelivery.get((AlertDelivery.alert == alert) & (AlertDelivery.sink == sink))
    tries = int(row.tries)
    wait_s = BACKOFF_S[tries] if tries < len(BACKOFF_S) else BACKOFF_MAX_S
    later = rfc3339(now + timedelta(seconds=wait_s))
    _update(alert, sink, tries=tries + 1, next_at=later, last_error=words)


def open_alerts() -> tuple[AlertView, ...]:
    """What is so now, oldest first."""
    rows = list(Alert.select().where(Alert.gone_at.is_null()).order_by(Alert.first_seen))
    told: dict[str, list[str]] = {}
    for each in AlertDelivery.select().where(
        AlertDelivery.alert.in_([row.id for row in rows]) & ~AlertDelivery.delivered_at.is_null()
    ):
        told.setdefault(each.alert, []).append(each.sink)
    return tuple(
        AlertView(
            row.id,
            row.kind,
            row.currency,
            row.text,
            row.first_seen,
            tuple(sorted(told.get(row.id, ()))),
        )
        for row in rows
    )


def sink_views(sinks: Sequence[str]) -> tuple[SinkView, ...]:
    """How each of `sinks` does."""
    return tuple(_sink_view(name) for name in sinks)


def _sink_view(name: str) -> SinkView:
    mine = AlertDelivery.sink == name
    waiting = mine & AlertDelivery.delivered_at.is_null()
    worst: AlertDelivery | None = (
        AlertDelivery.select()
        .where(waiting & (AlertDelivery.tries >= FAILING_TRIES))
        .order_by(AlertDelivery.tries.desc())
        .first()
    )
    last: AlertDelivery | None = (
        AlertDelivery.select()
        .where(mine & ~AlertDelivery.delivered_at.is_null())
        .order_by(AlertDelivery.delivered_at.desc())
        .first()
    )
    return SinkView(
        name,
        AlertDelivery.select().where(waiting).count(),
        "" if worst is None else str(worst.last_error),
        None if last is None else last.delivered_at,
    )


def _key(row: Alert) -> tuple[str, str, str]:
    return str(row.kind), str(row.currency), str(row.subject)


def _sinks_for(row: Alert, sinks: Collection[str]) -> list[str]:
    """That a sink fails is told by the others."""
    return [sink for sink in sinks if row.kind != SINK_FAILING or sink != row.subject]


def _untold(alerts: Sequence[Alert], sinks: Collection[str]) -> list[tuple[str, str]]:
    """Open alerts that a sink which was configured later has not got."""
    rows = AlertDelivery.select().where(AlertDelivery.alert.in_([row.id for row in alerts]))
    have = {(row.alert, row.sink) for row in rows}
    pairs = [(row.id, sink) for row in alerts for sink in _sinks_for(row, sinks)]
    return [pair for pair in pairs if pair not in have]


def _is_back(fact: Fact, now: datetime) -> bool:
    """Whether it was gone for a moment only: its row is open again."""
    row: Alert | None = (
        Alert.select()
        .where(
            (Alert.kind == fact.kind)
            & (Alert.currency == fact.currency)
            & (Alert.subject == fact.subject)
            & (Alert.gone_at > rfc3339(now - BACK_SOON))
        )
        .order_by(Alert.gone_at.desc())
        .first()
    )
    if row is not None:
        Alert.update(gone_at=None).where(Alert.id == row.id).execute()
    return row is not None


def _row(fact: Fact, now: datetime) -> dict[str, Any]:
    return {
        "id": secrets.token_hex(16),
        "kind": fact.kind,
        "currency": fact.currency,
        "subject": fact.subject,
        "text": fact.text,
        "details": json.dumps(dict(fact.details)),
        "first_seen": rfc3339(now),
        "gone_at": None,
    }


def _on_its_way(alert: str, sink: str, now: datetime) -> dict[str, Any]:
    return {
        "alert": alert,
        "sink": sink,
        "tries": 0,
        "next_at": rfc3339(now),
        "last_error": "",
        "delivered_at": None,
    }


def _forget(now: datetime) -> None:
    """Old alerts that every sink has, a few at a time."""
    waiting = AlertDelivery.select(AlertDelivery.alert).where(AlertDelivery.delivered_at.is_null())
    old = [
        row.id
        for row in Alert.select(Alert.id)
        .where((Alert.gone_at < rfc3339(now - KEPT)) & Alert.id.not_in(waiting))
        .limit(100)
    ]
    AlertDelivery.delete().where(AlertDelivery.alert.in_(old)).execute()
    Alert.delete().where(Alert.id.in_(old)).execute()


def _message(row: Alert, house: str) -> Message:
    return Message(
        id=row.id,
        kind=row.kind,
        house=house,
        currency=row.currency,
        subject=row.subject,
        text=row.text,
        details=json.loads(row.details),
        first_seen=row.first_seen,
    )


def _update(alert: str, sink: str, **values: Any) -> None:
    AlertDelivery.update(**values).where(
        (AlertDelivery.alert == alert) & (AlertDelivery.sink == sink)
    ).execute()
