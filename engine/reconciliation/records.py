"""What was found, kept where everybody can read it without a node: the last sum of each currency,
and breaks from the first time they were seen until they were gone."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from db import bulk
from db.connection import database
from db.findings import Break, Reconciliation
from engine.chain import BlockRef
from engine.clock import rfc3339
from engine.ledger import NewEntry
from engine.reconciliation.books import Result
from engine.reconciliation.kinds import CURE_FAILED, KINDS, STAFF, Finding

UNWELL = "node_unwell"
TOGETHER = 500  # breaks in one database transaction
_OPEN = {"match.state": "open"}


def has_open(currencies: Collection[str]) -> bool:
    """Whether a break of one of `currencies` is open."""
    open_ones = (Break.state == "open") & Break.currency.in_(sorted(currencies))
    return bool(Break.select().where(open_ones).exists())


def save(
    chain: str,
    at: BlockRef,
    results: Sequence[Result],
    *,
    cured: Collection[Finding],
    failed: Collection[tuple[str, str, str]],
    now: datetime,
    guard: Callable[[], None],
) -> None:
    """Write the breaks of `results` and then the sums, a bounded part in each database transaction:
    nobody waits for thousands of rows. `cured` were found and removed in this run; `failed` are
    keys of findings that a safe cure did not remove."""
    pending = []
    for result in results:
        currency = result.books.currency
        rows = _Rows(chain, currency, now)
        for finding in cured:
            if finding.currency == currency:
                rows.cured(finding)
        for finding in result.findings:
            rows.see(finding, left_to_staff=finding.key in failed)
        pending.append(rows)
    for rows in pending:
        rows.write(guard, f"gone at block {at.height}")
    with database.atomic():
        guard()
        for result in results:
            _write_sum(chain, at, result, now)


def carry_on(chain: str, at: BlockRef, *, now: datetime, guard: Callable[[], None]) -> None:
    """The sums of before hold at this block, too: nothing has moved."""
    with database.atomic():
        guard()
        Reconciliation.update(height=at.height, hash=at.hash, at=rfc3339(now)).where(
            Reconciliation.chain == chain
        ).execute()


def note_unwell(
    chain: str, currencies: Iterable[str], reason: str, now: datetime, guard: Callable[[], None]
) -> None:
    """The node cannot be asked: a break of its own, and all others stay as they are."""
    for currency in currencies:
        rows = _Rows(chain, currency, now)
        rows.see(Finding(UNWELL, currency, chain, 0, {"reason": reason}))
        rows.write(guard)


def _write_sum(chain: str, at: BlockRef, result: Result, now: datetime) -> None:
    books = result.books
    values: dict[str, Any] = {
        "chain": chain,
        "height": at.height,
        "hash": at.hash,
        "at": rfc3339(now),
        "listed_at": rfc3339(now),
        "node_units": result.node_units,
        "books_units": books.units,
        "accounts": json.dumps({name: str(units) for name, units in books.accounts.items()}),
        "timing": json.dumps([[i.name, str(i.units), i.count] for i in books.timing]),
        "residual_units": result.residual,
    }
    Reconciliation.insert(currency=books.currency, **values).on_conflict(
        conflict_target=[Reconciliation.currency], update=values
    ).execute()


class _Rows:
    """The breaks of one currency, read once and written many in a statement: a wallet that was
    swapped or restored has thousands. What a signed cure closed meanwhile stays closed."""

    def __init__(self, chain: str, currency: str, now: datetime) -> None:
        self._chain = chain
        self._currency = currency
        self._at = rfc3339(now)
        self._known = _open_rows(currency)
        self._fresh: list[dict[str, Any]] = []
        self._changed: list[dict[str, Any]] = []
        self._closed: list[dict[str, Any]] = []

    def see(self, finding: Finding, *, left_to_staff: bool = False) -> None:
        """It is there now; with `left_to_staff` a safe cure did not remove it."""
        values = _values(finding, self._at)
        if left_to_staff:
            values |= {"owner": STAFF, "cure": CURE_FAILED}
        row = self._known.pop((finding.kind, finding.subject), None)
        if row is None:
            self._fresh.append(self._new(finding) | values)
        else:
            self._changed.append(_OPEN | {"match.id": row} | values)

    def cured(self, finding: Finding) -> None:
        """A difference that the engine has removed by itself: closed from the beginning, but
        told."""
        row = self._known.pop((finding.kind, finding.subject), None)
        by = KINDS[finding.kind].safe
        if row is None:
            closed = self._close(by)
            self._fresh.append(self._new(finding) | _values(finding, self._at) | closed)
        else:
            self._closed.append(_OPEN | {"match.id": row} | self._close(by))

    def write(self, guard: Callable[[], None], closed_by: str = "") -> None:
        """Write all of it; with `closed_by`, what was open and not seen again is closed."""
        if closed_by:
            gone = self._close(closed_by)
            self._closed += [_OPEN | {"match.id": row} | gone for row in self._known.values()]
        for rows, write in (
            (self._closed, _update),
            (self._changed, _update),
            (self._fresh, _insert),
        ):
            for start in range(0, len(rows), TOGETHER):
                with database.atomic():
                    guard()
                    write(rows[start : start + TOGETHER])

    def _close(self, by: str) -> dict[str, Any]:
        return {"state": "closed", "closed_at": self._at, "closed_by": by}

    def _new(self, finding: Finding) -> dict[str, Any]:
        return {
            "id": secrets.token_hex(16),
            "chain": self._chain,
            "currency": self._currency,
            "kind": finding.kind,
            "subject": finding.subject,
            "first_seen": self._at,
            "state": "open",
            "closed_at": None,
            "closed_by": "",
        }


def _values(finding: Finding, at: str) -> dict[str, Any]:
    return {
        "units": finding.units,
        "evidence": json.dumps(finding.evidence),
        "owner": finding.owner,
        "cure": finding.cure,
        "entry": _entry(finding.entry),
        "last_seen": at,
    }


def _entry(entry: NewEntry | None) -> str | None:
    return None if entry is None else json.dumps(entry.as_json())


def _insert(rows: Sequence[dict[str, Any]]) -> None:
    bulk.insert_rows(Break, rows, on="ON CONFLICT DO NOTHING")


def _update(rows: Sequence[dict[str, Any]]) -> None:
    changes = [name for name in rows[0] if not name.startswith("match.")]
    bulk.update_rows(Break, rows, match=["id", "state"], changes=changes)


def _open_rows(currency: str) -> dict[tuple[str, str], str]:
    """Ids of the open breaks of a currency, by kind and subject."""
    rows = Break.select(Break.kind, Break.subject, Break.id).where(
        (Break.state == "open") & (Break.currency == currency)
    )
    return {(row.kind, row.subject): str(row.id) for row in rows}


def last_node_units(currency: str) -> int | None:
    """What the node had when its coins were last listed, None before the first time."""
    row = Reconciliation.get_or_none(Reconciliation.currency == currency)
    return None if row is None else int(row.node_units)
