"""Payments in the order in which they moved last, newest first: filtered, counted, page by page.

A page is found by the move below which it begins, so that rows which move meanwhile leave no gap.
One client's payments and what a search finds are few and are sorted; everything else reads along an
index of moves, of all payments or of the open ones, and stops when the page is full.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from peewee import SQL

from db.models import History, Payment
from engine import queries
from engine.coins import read_evm_address
from engine.config import Config
from engine.queries import FIND_MAX, OPEN_STATES
from engine.views import PaymentView
from engine.waiting import waits_for

PAGE_MAX = 200
_OPEN = SQL("t1.state IN ('requested', 'held', 'pending', 'confirmed')")  # as the index has it
PREFIX_MIN = 6  # characters of an id or txid that are searched as its beginning


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which payments; what is empty leaves none out. `before` and `after` bound the last move
    (RFC 3339 UTC): older than ten minutes is `before` ten minutes ago. `find` is an id, client,
    address or txid, or the beginning of an id or txid."""

    states: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    currency: str = ""
    client: str = ""
    find: str = ""
    before: str = ""
    after: str = ""

    @property
    def open_only(self) -> bool:
        """Whether nothing that is at its end is wanted."""
        return bool(self.states) and set(self.states) <= set(OPEN_STATES)

    @property
    def found(self) -> bool:
        """Whether an index finds its rows, so that sorting them is cheaper than reading along."""
        return bool(self.client or self.find)

    @property
    def few(self) -> bool:
        """Whether counting them is cheap."""
        return self.open_only or self.found


@dataclass(frozen=True, slots=True)
class Line:
    """A payment and what it waits for."""

    view: PaymentView
    waits: str

    @property
    def id(self) -> str:
        return self.view.id


def page(
    config: Config, wanted: Wanted, *, below: int | None = None, skip: int = 0, limit: int = 50
) -> tuple[Line, ...]:
    """Up to `limit` payments after the first `skip` of those whose last move is below `below`."""
    rows = _select(wanted)
    if below is not None:
        rows = rows.where(Payment.last_seq < below)
    # The plus keeps SQLite from walking the whole index of moves in search of the few.
    order = SQL("+t1.last_seq DESC") if wanted.found else Payment.last_seq.desc()
    found = rows.order_by(order).limit(min(limit, PAGE_MAX)).offset(skip)
    return _lines(config, queries.views(config, found))


def count(wanted: Wanted) -> int:
    """How many payments there are of these."""
    return int(_select(wanted).count())


def lines_of(config: Config, payments: Collection[str]) -> tuple[Line, ...]:
    """These payments as they are now, in no order."""
    rows = Payment.select().where(Payment.id.in_(sorted(payments)))
    return _lines(config, queries.views(config, rows))


def _lines(config: Config, views: tuple[PaymentView, ...]) -> tuple[Line, ...]:
    waits = waits_for(config, views)
    return tuple(Line(view, waits[view.id]) for view in views)


def _select(wanted: Wanted) -> Any:
    rows = Payment.select()
    for condition in _conditions(wanted):
        rows = rows.where(condition)
    return rows


def _conditions(wanted: Wanted) -> Iterator[Any]:
    if wanted.open_only:
        yield _OPEN
    if wanted.states:
        yield Payment.state.in_(wanted.states)
    if wanted.kinds:
        yield Payment.kind.in_(wanted.kinds)
    if wanted.currency:
        yield Payment.currency == wanted.currency
    if wanted.client:
        yield Payment.client == wanted.client
    if wanted.find:
        yield _matches(wanted.find)
    yield from _moved_within(wanted)


def _moved_within(wanted: Wanted) -> Iterator[Any]:
    if wanted.before:
        yield Payment.updated_at < wanted.before
        yield Payment.last_seq <= _seq_at(wanted.before)
    if wanted.after:
        yield Payment.last_seq > _seq_at(wanted.after)


def _seq_at(moment: str) -> int:
    """The number of the last row of history before a moment: rows run forwards in time, so that
    twenty look-ups find it among a million."""
    low, high = 0, queries.last_seq()
    while low < high:
        middle = (low + high + 1) // 2
        row = History.select(History.at).where(History.seq >= middle).order_by(History.seq).first()
        if row is not None and row.at < moment:
            low = middle
        else:
            high = middle - 1
    return low


def _matches(text: str) -> Any:
    if len(text) > FIND_MAX or not text.isprintable():
        return Payment.id.is_null()
    exact = (
        (Payment.id == text)
        | (Payment.client == text)
        | (Payment.address == (read_evm_address(text) or text))
        | (Payment.txid == text)
    )
    beginning = text.lower()
    if len(text) < PREFIX_MIN or set(beginning) - set("0123456789abcdefx"):
        return exact
    # A range, which an index answers; every such text goes on with a letter before `g`.
    return exact | _begins(Payment.id, beginning) | _begins(Payment.txid, beginning)


def _begins(column: Any, text: str) -> Any:
    return (column >= text) & (column < f"{text}g")
