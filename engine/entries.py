"""Entries with their postings, as read-only rows for console and commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from db.models import Entry, Posting
from engine.config import Config
from engine.money import format_amount


@dataclass(frozen=True, slots=True)
class PostingView:
    """One line of an entry. `units` is signed as in the books: assets positive, the rest negative.

    `amount` is the same in whole coins.
    """

    account: str
    currency: str
    units: int
    amount: str

    def as_json(self) -> dict[str, str]:
        return {
            "account": self.account,
            "currency": self.currency,
            "units": str(self.units),
            "amount": self.amount,
        }


@dataclass(frozen=True, slots=True)
class EntryView:
    """An entry; its id is the `seq` of the move that posted it."""

    id: int
    at: str
    event: str
    postings: tuple[PostingView, ...]

    def as_json(self) -> dict[str, Any]:
        postings = [posting.as_json() for posting in self.postings]
        return {"id": self.id, "at": self.at, "event": self.event, "postings": postings}


def entries_of(config: Config, payment_id: str) -> tuple[EntryView, ...]:
    """Every entry of a payment, oldest first."""
    entries = list(Entry.select().where(Entry.payment == payment_id).order_by(Entry.id))
    lines: dict[int, list[PostingView]] = {entry.id: [] for entry in entries}
    rows = (
        Posting.select().where(Posting.entry.in_(list(lines))).order_by(Posting.entry, Posting.line)
    )
    for row in rows:
        lines[row.entry].append(_posting(config, row))
    return tuple(EntryView(e.id, e.at, e.event, tuple(lines[e.id])) for e in entries)


def _posting(config: Config, row: Posting) -> PostingView:
    currency = config.currencies.get(row.currency)
    units = int(row.units)
    amount = format_amount(units, 0 if currency is None else currency.decimals)
    return PostingView(row.account, row.currency, units, amount)
