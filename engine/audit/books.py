"""The ledger against the histories: each entry is what its row says, sums to zero and is in the
kept balances; no entry is without a row."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import peewee

from db.connection import database
from db.exact import compare_sql, sum_sql, value_sql
from db.models import Entry, Posting
from engine.audit.form import Line, shown
from engine.audit.report import FLAWS_MAX, Flaws

_Lines = list[list[str]]


class Books:
    """Checks entries batch by batch in the order of `seq`, then the totals."""

    def __init__(self, flaws: Flaws) -> None:
        self._flaws = flaws
        self._checked_up_to = 0

    def check_entries(self, batch: list[Line], *, last_seq: int) -> None:
        """Check the entries of these rows and that there are no others up to `last_seq`."""
        span = (self._checked_up_to + 1, last_seq)
        self._checked_up_to = max(self._checked_up_to, last_seq)
        entries: dict[int, Entry] = {row.id: row for row in _between(Entry, Entry.id, span)}
        posted = self._postings(span)
        for row in batch:
            seq, entry, lines = (
                row["seq"],
                entries.pop(row["seq"], None),
                posted.pop(row["seq"], []),
            )
            for what in _entry_flaws(row, entry, lines):
                self._flaws.add(what, seq=seq, of=row["payment"])
        for seq in sorted({*entries, *posted}):
            self._flaws.add("an entry stands in the ledger without its history row", seq=seq)

    def check_totals(self, flaws: Flaws) -> None:
        """Every kept balance is the sum of its postings; no entry lies beyond the rows."""
        beyond = Entry.select().where((Entry.id > self._checked_up_to) | (Entry.id < 1))
        for entry in beyond.order_by(Entry.id).limit(FLAWS_MAX):
            flaws.add("an entry stands in the ledger without its history row", seq=entry.id)
        try:
            wrong = database.execute_sql(_balances_sql()).fetchall()
        except peewee.DatabaseError:
            flaws.add("the postings cannot be summed: one is no number", where="posting")
            return
        for account, currency, posted, kept in wrong:
            flaws.add(
                f"{shown(account)} {shown(currency)} is kept as {kept or 0} units,"
                f" its postings sum to {posted or 0}",
                where="balance",
            )

    def _postings(self, span: tuple[int, int]) -> dict[int, _Lines]:
        posted: dict[int, _Lines] = defaultdict(list)
        try:
            found = list(_between(Posting, Posting.entry, span).order_by(Posting.line))
        except ValueError:
            self._flaws.add("a posting is no number", where=f"posting {span[0]} to {span[1]}")
            return posted
        for posting in found:
            posted[posting.entry].append([posting.account, posting.currency, str(posting.units)])
        return posted


def _between(model: type[peewee.Model], column: Any, span: tuple[int, int]) -> Any:
    return model.select().where(column.between(*span))


def _entry_flaws(row: Line, entry: Entry | None, lines: _Lines) -> list[str]:
    said = row["evidence"].get("entry", []) if isinstance(row["evidence"], dict) else []
    if not said and entry is None and not lines:
        return []
    flaws = []
    if said != lines:
        flaws.append("the postings are not those that the row's evidence names")
    if entry is None or (entry.at, entry.event, entry.payment) != _entry_head(row):
        flaws.append("the entry is not the one that the row made")
    if any(_sums(lines).values()):
        flaws.append("the entry does not sum to zero")
    return flaws


def _entry_head(row: Line) -> tuple[str, str, str]:
    return row["at"], row["event"], row["payment"]


def _sums(lines: _Lines) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for _, currency, units in lines:
        sums[currency] += int(units)
    return sums


def _balances_sql() -> str:
    """Accounts whose kept balance is not the sum of their postings; no row when all is well."""
    zero = value_sql(database.obj, "'0'")
    posted, kept = (sum_sql(database.obj, column) for column in ("posted", "kept"))
    equal = compare_sql(
        database.obj, f"COALESCE({posted}, {zero})", "=", f"COALESCE({kept}, {zero})"
    )
    return (
        f"SELECT account, currency, {posted}, {kept} FROM ("  # noqa: S608 # our own words only
        "SELECT account, currency, units AS posted, NULL AS kept FROM posting UNION ALL"
        " SELECT account, currency, NULL, units FROM balance) AS sides"
        f" GROUP BY account, currency HAVING NOT ({equal})"
        f" ORDER BY account, currency LIMIT {FLAWS_MAX}"
    )
