"""What was found, kept where everybody can read it without a node: the last sum of each currency,
and breaks from the first time they were seen until they were gone."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Any

from db.connection import database
from db.findings import Break, Reconciliation
from engine.chain import BlockRef
from engine.clock import rfc3339
from engine.ledger import NewEntry
from engine.reconciliation.books import Result
from engine.reconciliation.kinds import CURE_FAILED, KINDS, STAFF, Finding

UNWELL = "node_unwell"


def has_open(currencies: Collection[str]) -> bool:
    """Whether a break of one of `currencies` is open."""
    open_ones = (Break.state == "open") & Break.currency.in_(sorted(currencies))
    return bool(Break.select().where(open_ones).exists())


def save(
    chain: str,
    at: BlockRef,
    results: Iterable[Result],
    *,
    cured: Collection[Finding],
    failed: Collection[tuple[str, str, str]],
    now: datetime,
    guard: Callable[[], None],
) -> None:
    """Write the sums and the breaks of `results`, all in one database transaction. `cured` were
    found and removed in this run; `failed` are keys of findings that a safe cure did not remove."""
    with database.atomic():
        guard()
        for result in results:
            _write_sum(chain, at, result, now)
            _write_breaks(chain, at, result, failed, now)
        for finding in cured:
            _write_cured(chain, finding, now)


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
    with database.atomic():
        guard()
        for currency in currencies:
            known = _open_rows(currency)
            _see(chain, Finding(UNWELL, currency, chain, 0, {"reason": reason}), known, now)


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


def _write_breaks(
    chain: str,
    at: BlockRef,
    result: Result,
    failed: Collection[tuple[str, str, str]],
    now: datetime,
) -> None:
    known = _open_rows(result.books.currency)
    for finding in result.findings:
        _see(chain, finding, known, now, left_to_staff=finding.key in failed)
    gone = [row.id for row in known.values()]
    Break.update(
        state="closed", closed_at=rfc3339(now), closed_by=f"gone at block {at.height}"
    ).where(Break.id.in_(gone)).execute()


def _see(
    chain: str,
    finding: Finding,
    known: dict[tuple[str, str], Break],
    now: datetime,
    *,
    left_to_staff: bool = False,
) -> None:
    """Write one finding; what is seen is taken out of `known`."""
    values = _values(finding, now)
    if left_to_staff:
        values |= {"owner": STAFF, "cure": CURE_FAILED}
    row = known.pop((finding.kind, finding.subject), None)
    if row is None:
        _insert(chain, finding, values, now)
    else:
        Break.update(**values).where(Break.id == row.id).execute()


def _write_cured(chain: str, finding: Finding, now: datetime) -> None:
    """A difference that the engine has removed by itself: closed from the beginning, but told."""
    at = rfc3339(now)
    done = {"state": "closed", "closed_at": at, "closed_by": KINDS[finding.kind].safe}
    row = _open_rows(finding.currency).get((finding.kind, finding.subject))
    if row is None:
        _insert(chain, finding, _values(finding, now) | done, now)
    else:
        Break.update(**done).where(Break.id == row.id).execute()


def _insert(chain: str, finding: Finding, values: dict[str, Any], now: datetime) -> None:
    Break.create(
        id=secrets.token_hex(16),
        chain=chain,
        currency=finding.currency,
        kind=finding.kind,
        subject=finding.subject,
        first_seen=rfc3339(now),
        **values,
    )


def _values(finding: Finding, now: datetime) -> dict[str, Any]:
    return {
        "units": finding.units,
        "evidence": json.dumps(finding.evidence),
        "owner": KINDS[finding.kind].owner,
        "cure": finding.cure,
        "entry": _entry(finding.entry),
        "last_seen": rfc3339(now),
    }


def _entry(entry: NewEntry | None) -> str | None:
    return None if entry is None else json.dumps(entry.as_json())


def _open_rows(currency: str) -> dict[tuple[str, str], Break]:
    rows = Break.select().where((Break.state == "open") & (Break.currency == currency))
    return {(row.kind, row.subject): row for row in rows}


def last_node_units(currency: str) -> int | None:
    """What the node had when its coins were last listed, None before the first time."""
    row = Reconciliation.get_or_none(Reconciliation.currency == currency)
    return None if row is None else int(row.node_units)
