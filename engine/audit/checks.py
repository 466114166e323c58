"""What must hold for rows and seals, wherever they are read from: a file or the database.

Everything is fed in order and nothing is raised: what does not hold becomes a flaw.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field

from engine.audit.form import (
    Filter,
    Line,
    LineError,
    check_digests,
    check_row,
    check_seal,
    exact_row_hash,
)
from engine.audit.report import Flaws
from engine.audit.tails import Tails


@dataclass(frozen=True, slots=True)
class Span:
    """The rows that a seal holds."""

    number: int
    first_seq: int
    last_seq: int
    count: int
    root: bytes


@dataclass(slots=True)
class SealChain:
    """Seals from the first on: each whole in itself and linked to the one before. Without a known
    `installation` the first seal's is taken."""

    installation: str | None
    flaws: Flaws
    spans: list[Span] = field(default_factory=list)
    hashes: dict[int, str] = field(default_factory=dict)
    keys: dict[int, str] = field(default_factory=dict)
    last_seq: int = 0
    number: int = 0
    _link: str = ""

    def feed(self, where: str, line: Line) -> None:
        """Take the next seal."""
        try:
            check_seal(line)
            self._check_place(line)
        except LineError as error:
            self.flaws.add(f"a seal {error}", where=where)
            if not _numbered(line):
                return
        self._take(line)

    def covering(self, seq: int) -> Span | None:
        """The seal that holds this row."""
        at = bisect_right(self.spans, seq, key=lambda span: span.first_seq) - 1
        if at < 0 or seq > self.spans[at].last_seq:
            return None
        return self.spans[at]

    def _check_place(self, line: Line) -> None:
        if line["number"] != self.number + 1:
            raise LineError(f"has number {line['number']} after {self.number}: one is missing")
        self.installation = self.installation or line["installation"]
        if line["installation"] != self.installation:
            raise LineError("is of another installation")
        if line["prev"] != (self._link or self.installation):
            raise LineError("is not linked to the seal before it")
        if line["first_seq"] != self.last_seq + 1:
            raise LineError("does not begin where the seal before it ends")

    def _take(self, line: Line) -> None:
        self.number, self._link = line["number"], line["hash"]
        self.hashes[self.number], self.keys[self.number] = line["hash"], line["key"]
        if line["count"] and line["first_seq"] > self.last_seq:
            span = Span(
                number=line["number"],
                first_seq=line["first_seq"],
                last_seq=line["last_seq"],
                count=line["count"],
                root=bytes.fromhex(line["root"]),
            )
            self.spans.append(span)
            self.last_seq = line["last_seq"]


def _numbered(line: Line) -> bool:
    """Whether a flawed seal still tells which rows it means, so that theirs can be checked."""
    try:
        check_digests([line.get("root")])
    except LineError:
        return False
    numbers = [line.get(name) for name in ("number", "first_seq", "last_seq", "count")]
    texts = [line.get(name) for name in ("hash", "key")]
    return all(type(number) is int for number in numbers) and all(
        isinstance(text, str) for text in texts
    )


@dataclass(slots=True)
class RowChain:
    """Rows in the order of `seq`: form, hash, order, filter and the link to the payment's row
    before. `last_seq` is the last one taken."""

    part: Filter
    flaws: Flaws
    tails: Tails
    last_seq: int = 0
    rows: int = 0

    def feed(self, where: str, row: Line, note: str = "") -> bool:
        """Take the next row; False when it has no usable form. `note` is kept with the tail."""
        try:
            check_row(row)
        except LineError as error:
            seq, payment = row.get("seq"), row.get("payment")
            self.flaws.add(
                f"the row {error}",
                where=where,
                seq=seq if type(seq) is int else None,
                of=payment if isinstance(payment, str) else "",
            )
            return False
        self.rows += 1
        for what in (self._hash(row), self._order(row), self._part(row), self._link(row, note)):
            if what:
                self.flaws.add(what, where=where, seq=row["seq"], of=row["payment"])
        return True

    def _hash(self, row: Line) -> str:
        try:
            found = exact_row_hash(row)
        except (ValueError, RecursionError):
            return "the row has no canonical form"
        return "" if found == row["hash"] else "the row does not match its hash: it was changed"

    def _order(self, row: Line) -> str:
        seq, last, self.last_seq = row["seq"], self.last_seq, max(self.last_seq, row["seq"])
        if seq <= last:
            return f"the row stands after seq {last}: repeated or out of order"
        if self.part.is_whole and seq != last + 1:
            return f"{missing(last + 1, seq - 1)} before this row"
        return ""

    def _part(self, row: Line) -> str:
        since, until, client = self.part.since, self.part.until, self.part.client
        if (since is not None and row["at"] < since) or (until is not None and row["at"] >= until):
            return "the row lies outside the dates of this export"
        if client is not None and row["client"] not in {client, None}:
            return "the row is of another client than this export"
        return ""

    def _link(self, row: Line, note: str) -> str:
        before = self.tails.swap(row["payment"], row["hash"], note)
        if before is not None:
            held = row["prev"] == before
            return "" if held else "the row is not linked to the payment's row before it"
        if self.part.since is None and row["prev"] != row["payment"]:
            return "the payment does not begin with this row: an earlier one is missing"
        return ""


def missing(first: int, last: int) -> str:
    """Words for absent rows."""
    return f"seq {first} is missing" if first == last else f"seq {first} to {last} are missing"
