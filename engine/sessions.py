"""Sessions of clients at the cashier page, kept on the server: the only writer of `Session`.

The cookie holds a random 256-bit id; the database holds its SHA-256 only, so that a copy of the
database opens no session.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import peewee

from db import models
from db.connection import database
from engine.clock import parse_rfc3339, rfc3339
from engine.handshake import Grant, use_token

IDLE = timedelta(minutes=30)
AGE_MAX = timedelta(hours=8)

_ID = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
# Activity is written at most this often: a page that asks ten things at once costs one write.
_TOUCH_EVERY = timedelta(seconds=30)
_KEPT = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Session:
    """One client at the page. `key` identifies the session and opens nothing; `csrf` must come
    back with every write; `ends_at` is when it ends unless the client acts before."""

    key: str
    client: str
    action: str
    currency: str | None
    csrf: str
    ends_at: datetime

    def allows(self, action: str) -> bool:
        """Whether its handshake granted `action` (`deposit` or `withdraw`)."""
        return self.action in {action, "both"}

    def is_csrf(self, given: str) -> bool:
        """Whether `given` is this session's token, compared in constant time."""
        return hmac.compare_digest(self.csrf.encode(), given.encode("utf-8", "surrogatepass"))


def start_session(grant: Grant, *, replaces: str | None, now: datetime) -> tuple[str, Session]:
    """Exchange a checked token for a session: `(id for the cookie, session)`.

    In one database transaction the token is used up, the client's row is made at first sight, and
    the session whose id is `replaces` ends. Raises TokenRejected for a replayed token.
    """
    session_id = secrets.token_urlsafe(32)
    row = models.Session(
        id_hash=_hash(session_id),
        client=grant.client,
        action=grant.action,
        currency=grant.currency,
        csrf=secrets.token_urlsafe(32),
        created_at=rfc3339(now),
        seen_at=rfc3339(now),
    )
    with database.atomic():
        use_token(grant, now=now)
        _know_client(grant.client, now=now)
        if replaces is not None:
            end_session(replaces, now=now)
        old = models.Session.created_at < rfc3339(now - _KEPT)
        models.Session.delete().where(old).execute()
        row.save(force_insert=True)
    return session_id, _session(row)


def find_session(session_id: object, *, now: datetime, active: bool = True) -> Session | None:
    """The live session of a cookie, or None. `active` says that the client did something, which
    keeps the session alive; a page that only watches does not."""
    if not isinstance(session_id, str) or not _ID.fullmatch(session_id):
        return None
    row = models.Session.get_or_none(models.Session.id_hash == _hash(session_id))
    if row is None or not _is_live(row, now=now):
        return None
    if active and now - parse_rfc3339(row.seen_at) >= _TOUCH_EVERY:
        row.seen_at = rfc3339(now)
        models.Session.update(seen_at=row.seen_at).where(
            models.Session.id_hash == row.id_hash, models.Session.ended_at.is_null()
        ).execute()
    return _session(row)


def end_session(session_id: str, *, now: datetime) -> None:
    """End the session of a cookie; one that is unknown or ended already stays as it is."""
    models.Session.update(ended_at=rfc3339(now)).where(
        models.Session.id_hash == _hash(session_id), models.Session.ended_at.is_null()
    ).execute()


def live_keys(keys: Collection[str], *, now: datetime) -> frozenset[str]:
    """Which of these sessions (by `Session.key`) are still alive. One query for each 500."""
    wanted = list(keys)
    found: set[str] = set()
    for start in range(0, len(wanted), 500):
        rows = models.Session.select().where(
            models.Session.id_hash << wanted[start : start + 500],
            models.Session.ended_at.is_null(),
            models.Session.seen_at > rfc3339(now - IDLE),
            models.Session.created_at > rfc3339(now - AGE_MAX),
        )
        found.update(row.id_hash for row in rows)
    return frozenset(found)


def _hash(session_id: str) -> str:
    return hashlib.sha256(session_id.encode()).hexdigest()


def _is_live(row: models.Session, *, now: datetime) -> bool:
    return row.ended_at is None and now < _end(row)


def _end(row: models.Session) -> datetime:
    return min(parse_rfc3339(row.seen_at) + IDLE, parse_rfc3339(row.created_at) + AGE_MAX)


def _session(row: models.Session) -> Session:
    return Session(
        key=row.id_hash,
        client=row.client,
        action=row.action,
        currency=row.currency,
        csrf=row.csrf,
        ends_at=_end(row),
    )


def _know_client(client: str, *, now: datetime) -> None:
    """Make the client's row at first sight; two first sights at once are one row."""
    if models.Client.get_or_none(models.Client.id == client) is not None:
        return
    try:
        with database.atomic():
            models.Client.insert(id=client, created_at=rfc3339(now)).execute()
    except peewee.IntegrityError:
        return
