"""Sealing: history rows since the last seal under one signed Merkle root, chained to the last.

Seals are made by the engine only, which holds the key; a seal covers at most SEAL_ROWS_MAX rows,
so that a proof is short and nobody needs more than one seal's rows in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import peewee

from db.connection import database
from db.models import History, Installation, Seal
from engine.audit import merkle
from engine.audit.form import VERSION, Line, SealBody
from engine.audit.keys import SealKey
from engine.clock import rfc3339
from engine.errors import AuditError
from engine.history import row_hash, row_of

SEAL_ROWS_MAX = 16_384
INSTALLATION_ID = "id"
_BATCH = 1_000


def installation_id() -> str:
    """The id of this installation, which seals and exports name. Raises AuditError."""
    found = Installation.get_or_none(Installation.key == INSTALLATION_ID)
    if found is None:
        raise AuditError("this installation has no id yet; `cashier run` gives it one")
    return str(found.value)


def seal(*, now: datetime, key: SealKey, even_if_empty: bool = False) -> list[Line]:
    """Seal every row since the last seal; returns the new seals' lines, oldest first.

    Nothing new makes no seal, except when asked. Raises AuditError, and seals nothing more, when a
    row is missing or does not match its hash: what was touched before its seal is never signed.
    """
    made: list[Line] = []
    while True:
        line = _next_seal(now=now, key=key, may_be_empty=even_if_empty and not made)
        if line is None:
            return made
        if _insert(line):
            made.append(line)


def head() -> Line | None:
    """The newest seal's public line, for publication and anchors; None before the first."""
    newest = _newest()
    return None if newest is None else seal_line(newest)


def seal_line(record: Seal) -> Line:
    """The public line of a stored seal."""
    return _line(record, installation_id())


def _line(record: Seal, installation: str) -> Line:
    return {
        "type": "seal",
        "v": VERSION,
        "number": record.number,
        "installation": installation,
        "key": record.key,
        "first_seq": record.first_seq,
        "last_seq": record.last_seq,
        "count": record.count,
        "root": record.root,
        "prev": record.prev,
        "at": record.at,
        "signature": record.signature,
        "hash": record.hash,
    }


def read_seals(*, above: int = 0, up_to: int | None = None) -> Iterator[Line]:
    """Every seal's public line after number `above`, in batches; `up_to` is the last number
    wanted."""
    last, installation = above, installation_id()
    while True:
        query = Seal.select().where(Seal.number > last)
        if up_to is not None:
            query = query.where(Seal.number <= up_to)
        batch = list(query.order_by(Seal.number).limit(_BATCH))
        if not batch:
            return
        yield from (_line(record, installation) for record in batch)
        last = batch[-1].number


def _next_seal(*, now: datetime, key: SealKey, may_be_empty: bool) -> Line | None:
    installation = installation_id()
    last = _newest()
    first_seq = 1 if last is None else last.last_seq + 1
    leaves = list(_sound_leaves(first_seq))
    if not leaves and not may_be_empty:
        return None
    return SealBody(
        number=1 if last is None else last.number + 1,
        installation=installation,
        key=key.public,
        first_seq=first_seq,
        last_seq=first_seq + len(leaves) - 1,
        count=len(leaves),
        root=merkle.root(leaves).hex(),
        prev=installation if last is None else last.hash,
        at=rfc3339(now),
    ).sign(key)


def _newest() -> Seal | None:
    found: Seal | None = Seal.select().order_by(Seal.number.desc()).first()
    return found


def _sound_leaves(first_seq: int) -> Iterator[bytes]:
    """The next seal's leaves, each row checked before it is signed for ever."""
    expected, end = first_seq, first_seq + SEAL_ROWS_MAX
    while expected < end:
        wanted = History.seq.between(expected, min(expected + _BATCH, end) - 1)
        batch = list(History.select().where(wanted).order_by(History.seq))
        for record in batch:
            if record.seq != expected:
                raise AuditError(f"history row {expected} is missing: nothing is sealed over it")
            yield bytes.fromhex(_sound_hash(record))
            expected += 1
        if len(batch) < _BATCH:
            break
    # The first of the rest: a row that was written meanwhile is no gap.
    rest = History.select(History.seq).where(History.seq >= expected).order_by(History.seq).first()
    if rest is not None and rest.seq > expected:
        raise AuditError(f"history row {expected} is missing: nothing is sealed over it")


def _sound_hash(record: History) -> str:
    """The row's hash, recomputed."""
    try:
        found = row_hash(row_of(record))
    except (ValueError, RecursionError):
        found = ""
    if found != record.hash:
        raise AuditError(
            f"history row {record.seq} of payment {record.payment} does not match its hash:"
            " it was changed, and nothing is sealed over it"
        )
    return found


def _insert(line: Line) -> bool:
    """Store the seal; False when another engine took its number meanwhile."""
    columns: dict[str, Any] = {name: line[name] for name in Seal._meta.sorted_field_names}
    try:
        with database.atomic():
            Seal.insert(**columns).execute()
    except peewee.IntegrityError:
        return False
    return True
