"""Writing the histories out for auditors, as JSON Lines or CSV, with what proves each row.

Streams in the order of `seq` with one seal's tree in memory. The rows exported are those that
existed when it began; the tables are append-only, so what comes meanwhile does not disturb it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import IO, Any

import peewee

from db.models import History
from engine.audit.cells import to_cells, write_csv
from engine.audit.form import Filter, Line, dump_line, header_line
from engine.audit.merkle import Tree
from engine.audit.seals import head, installation_id, read_seals
from engine.clock import rfc3339
from engine.errors import AuditError
from engine.history import COLUMNS, row_of

_BATCH = 1_000
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Extent:
    """What an export will hold, fixed before its first line is written."""

    installation: str
    key: str | None
    part: Filter
    last_seq: int
    rows: int
    seals: int


@dataclass(frozen=True, slots=True)
class ProvenRow:
    """A row and its proof `{seal, index, path}`, or None as long as no seal holds it."""

    row: Line
    proof: Line | None

    @property
    def standing(self) -> Line:
        """The fields that stand beside the columns."""
        return {"sealed": self.proof is not None, "proof": self.proof}


def parse_moment(text: str) -> str:
    """A date (its midnight, UTC) or RFC 3339 time as the `at` column writes it. Raises
    ValueError."""
    if _DATE.fullmatch(text):
        return rfc3339(datetime.fromisoformat(text).replace(tzinfo=UTC))
    if not _MOMENT.fullmatch(text):
        raise ValueError(f"{text!r} is not a date like 2026-10-01 or 2026-10-01T12:00:00Z")
    return rfc3339(datetime.fromisoformat(text.upper()))


def measure(part: Filter) -> Extent:
    """What an export of `part` holds at this moment. Raises AuditError without an id."""
    last = History.select(peewee.fn.MAX(History.seq)).scalar() or 0
    newest = head()
    return Extent(
        installation=installation_id(),
        key=newest["key"] if newest else None,
        part=part,
        last_seq=last,
        rows=History.select().where(*_wanted(part, last)).count(),
        seals=newest["number"] if newest else 0,
    )


def write_jsonl(
    out: IO[str], extent: Extent, *, now: datetime, progress: Progress = lambda _: None
) -> None:
    """Write header, rows and seals to `out`; `progress` is told of each batch's rows. Raises
    AuditError when a stored row cannot be read."""
    out.write(dump_line(_header(extent, now=now)))
    for batch in _proven(extent):
        for one in batch:
            out.write(dump_line({"type": "row", **one.row, **one.standing}))
        progress(len(batch))
    for line in read_seals(up_to=extent.seals):
        out.write(dump_line(line))


def write_csv_rows(
    out: IO[str],
    beside: IO[str] | None,
    extent: Extent,
    *,
    now: datetime,
    progress: Progress = lambda _: None,
) -> None:
    """Write the columns to `out`, and to `beside` (FILE.seals.jsonl) header, proofs and seals.
    Without `beside` the rows alone, which nothing proves."""
    write_csv(out, [COLUMNS])
    if beside is not None:
        beside.write(dump_line(_header(extent, now=now)))
    for batch in _proven(extent):
        write_csv(out, (to_cells(one.row) for one in batch))
        if beside is not None:
            for one in batch:
                beside.write(dump_line({"type": "proof", "seq": one.row["seq"], **one.standing}))
        progress(len(batch))
    if beside is not None:
        for line in read_seals(up_to=extent.seals):
            beside.write(dump_line(line))


def _header(extent: Extent, *, now: datetime) -> Line:
    return header_line(
        installation=extent.installation,
        key=extent.key,
        at=rfc3339(now),
        part=extent.part,
        rows=extent.rows,
        seals=extent.seals,
    )


def _wanted(part: Filter, last_seq: int) -> list[Any]:
    """A client's part is every row of the payments that are theirs, so that each chain is whole:
    a coin of nobody that was booked to them began without a client."""
    wanted: list[Any] = [History.seq <= last_seq]
    if part.since is not None:
        wanted.append(History.at >= part.since)
    if part.until is not None:
        wanted.append(History.at < part.until)
    if part.client is not None:
        other = History.alias()
        theirs = other.select(other.payment).where(other.client == part.client)
        wanted.append(History.payment.in_(theirs))
    return wanted


def _proven(extent: Extent) -> Iterator[list[ProvenRow]]:
    prover = _Prover(extent.seals)
    for batch in _rows(extent):
        yield [ProvenRow(row, prover.proof(row["seq"])) for row in batch]


def _rows(extent: Extent) -> Iterator[list[Line]]:
    last = 0
    while True:
        wanted = [History.seq > last, *_wanted(extent.part, extent.last_seq)]
        batch = list(History.select().where(*wanted).order_by(History.seq).limit(_BATCH))
        if not batch:
            return
        yield [_readable(record) for record in batch]
        last = batch[-1].seq


def _readable(record: History) -> Line:
    try:
        row = row_of(record)
    except (ValueError, RecursionError):
        raise AuditError(
            f"history row {record.seq} of payment {record.payment} cannot be read:"
            " it was changed; run `cashier verify --database`"
        ) from None
    return row


class _Prover:
    """Paths for rows asked in the order of `seq`, one seal's tree at a time."""

    def __init__(self, last_number: int) -> None:
        self._seals = read_seals(up_to=last_number)
        self._seal: Line | None = next(self._seals, None)
        self._tree: Tree | None = None
        self._places: dict[int, int] = {}

    def proof(self, seq: int) -> Line | None:
        """The proof of row `seq`; None when no seal holds it."""
        while self._seal is not None and self._seal["last_seq"] < seq:
            self._seal, self._tree = next(self._seals, None), None
        if self._seal is None or seq < self._seal["first_seq"]:
            return None
        if self._tree is None:
            self._tree = self._plant(self._seal)
        place = self._places[seq]
        path = [node.hex() for node in self._tree.proof(place)]
        return {"seal": self._seal["number"], "index": place, "path": path}

    def _plant(self, seal: Line) -> Tree:
        """The tree over the rows as they are now; verification shows whether it is the sealed
        one."""
        covered = History.seq.between(seal["first_seq"], seal["last_seq"])
        query = History.select(History.seq, History.hash).where(covered).order_by(History.seq)
        found: list[tuple[int, str]] = [(record.seq, record.hash) for record in query]
        self._places = {seq: place for place, (seq, _) in enumerate(found)}
        return Tree(_data(row_hash) for _, row_hash in found)


def _data(row_hash: str) -> bytes:
    try:
        return bytes.fromhex(row_hash)
    except ValueError:
        return b""  # changed by hand: verification names the row
