"""Verifying the database itself: everything recomputed from the tables, at one moment.

Rows against their hashes, chains and seals; entries against what the rows say; payments and
balances against both. Whatever is wrong becomes a flaw, the first bad row first.
"""

from __future__ import annotations

from collections.abc import Iterator

from db.models import Counter, History
from db.snapshot import snapshot
from engine.audit import merkle
from engine.audit.books import Books
from engine.audit.checks import RowChain, SealChain, Span, missing
from engine.audit.form import Filter, Line
from engine.audit.lines import Progress
from engine.audit.payments import check_payments, note_of
from engine.audit.report import Flaws, Report
from engine.audit.seals import installation_id, read_seals
from engine.audit.tails import Tails
from engine.audit.trust import Anchor, Trust
from engine.history import row_of

_BATCH = 500
_BELOW_ALL = -(2**62)  # rows count from 1, but someone may have put one before it


def verify_database(
    *, key: str | None = None, anchor: Anchor | None = None, progress: Progress = lambda _: None
) -> Report:
    """Verify the open database. `key` is the public key that its newest seal must have, `anchor`
    what an earlier export or published seal held; `progress` is told of the rows read. Raises
    AuditError without an installation."""
    with snapshot(), Tails() as tails:
        verifier = _DatabaseVerifier(Trust(key, anchor), tails)
        for batch in verifier.batches():
            verifier.feed(batch)
            progress(len(batch))
        return verifier.finish()


class _DatabaseVerifier:
    """The state of one pass over the history table."""

    def __init__(self, trust: Trust, tails: Tails) -> None:
        self._trust = trust
        self._tails = tails
        self._row_flaws = Flaws()
        self._other_flaws = Flaws()
        self._seals = SealChain(installation_id(), self._other_flaws)
        for line in read_seals():
            self._seals.feed("seal", line)
        self._rows = RowChain(Filter(), self._row_flaws, tails)
        self._roots = _Roots(self._seals, self._other_flaws)
        self._books = Books(self._row_flaws)
        self._read_up_to = _BELOW_ALL

    def batches(self) -> Iterator[list[Line]]:
        """The rows in the order of `seq`; one that cannot be read is a flaw and left out."""
        while not self._row_flaws.full:
            above = History.select(History.seq).where(History.seq > self._read_up_to)
            numbers = [record.seq for record in above.order_by(History.seq).limit(_BATCH)]
            if not numbers:
                return
            self._read_up_to = numbers[-1]
            yield self._read(numbers)

    def feed(self, batch: list[Line]) -> None:
        """Check the next rows and the entries that they made."""
        for row in batch:
            if self._rows.feed("", row, note_of(row)):
                self._roots.feed(row["seq"], row["hash"])
                self._trust.check_row(
                    self._row_flaws, seq=row["seq"], row_hash=row["hash"], payment=row["payment"]
                )
        self._books.check_entries(batch, last_seq=self._read_up_to)

    def finish(self) -> Report:
        """Check what can only be known at the end."""
        self._roots.finish()
        self._check_end()
        self._trust.check_rows_met(self._row_flaws)
        self._trust.check_seals(self._other_flaws, self._seals)
        self._trust.check_installation(self._other_flaws, self._seals)
        self._books.check_totals(self._other_flaws)
        check_payments(self._tails, self._other_flaws)
        problems = (*self._row_flaws.by_seq(), *self._other_flaws.found)
        return Report(
            rows=self._rows.rows,
            seals=len(self._seals.hashes),
            unsealed=self._roots.unsealed,
            problems=problems,
            authenticated=not problems and self._trust.authenticates(self._seals),
            installation=self._seals.installation or "",
            key=self._seals.keys.get(self._seals.number),
        )

    def _read(self, numbers: list[int]) -> list[Line]:
        query = History.select().where(History.seq.between(numbers[0], numbers[-1]))
        try:
            return [row_of(record) for record in query.order_by(History.seq)]
        except (ValueError, RecursionError):
            return [row for seq in numbers for row in self._read_one(seq)]

    def _read_one(self, seq: int) -> list[Line]:
        try:
            return [row_of(record) for record in History.select().where(History.seq == seq)]
        except (ValueError, RecursionError):
            self._row_flaws.add("the row cannot be read: it was changed", seq=seq)
            return []

    def _check_end(self) -> None:
        last = self._rows.last_seq
        if self._row_flaws.full:
            return
        if last < self._seals.last_seq:
            self._row_flaws.add(f"{missing(last + 1, self._seals.last_seq)} though sealed")
        counter = Counter.get_or_none(Counter.name == "seq")
        if counter is None or counter.value != last:
            counted = "nothing" if counter is None else counter.value
            self._other_flaws.add(f"rows were counted up to {counted}, the last is {last}")


class _Roots:
    """Recomputes each seal's root from the rows as they come."""

    def __init__(self, seals: SealChain, flaws: Flaws) -> None:
        self.unsealed = 0
        self._seals = seals
        self._flaws = flaws
        self._span: Span | None = None
        self._leaves: list[bytes] = []

    def feed(self, seq: int, row_hash: str) -> None:
        """Take the next row."""
        span = self._seals.covering(seq)
        if span is not self._span:
            self.finish()
            self._span = span
        if span is None:
            self.unsealed += 1
        else:
            self._leaves.append(bytes.fromhex(row_hash))

    def finish(self) -> None:
        """Compare the root of the seal that ends here."""
        span, leaves = self._span, self._leaves
        self._span, self._leaves = None, []
        if span is not None and merkle.root(leaves) != span.root:
            self._flaws.add(
                f"seal {span.number} does not hold rows {span.first_seq} to {span.last_seq} as"
                " they are now: one was changed, added or removed after it was sealed"
            )
