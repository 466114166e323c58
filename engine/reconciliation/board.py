"""Node against books of every currency as rows to read from above: its standing, its sum, what
stands behind a timing item that is opened, and its open breaks. Read-only."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from engine.config import Config
from engine.reconciliation import standing
from engine.reconciliation.behind import payments_behind
from engine.reconciliation.standing import BreakView, SumView
from engine.reconciliation.telling import SumLine, sum_lines
from engine.views import PaymentView

BREAKS_MAX = 200  # of one currency; `cashier reconcile` prints all of them

What = Literal["currency", "line", "payment", "break", "more", "gap"]


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One row; what it is decides which of the rest it has. `id` is the same for as long as it is
    the same thing. `breaks` is how many are open in its currency, `left` how many are not shown."""

    id: str
    what: What
    currency: str
    decimals: int
    sums: SumView | None = None
    line: SumLine | None = None
    payment: PaymentView | None = None
    found: BreakView | None = None
    opened: bool = False
    breaks: int = 0
    left: int = 0


def board(
    config: Config,
    opened: Collection[tuple[str, str]],
    now: datetime,
    *,
    breaks_max: int = BREAKS_MAX,
) -> tuple[BoardRow, ...]:
    """Every currency, in the order of the configuration. `opened` are the timing items, as
    (currency, item), behind which the payments are wanted; `breaks_max` bounds the breaks shown of
    each currency, not those counted."""
    sums = {view.currency: view for view in standing.sums(config, list(config.currencies))}
    breaks = standing.open_breaks(config, list(config.currencies), now)
    rows: list[BoardRow] = []
    for symbol in config.currencies:
        own = [each for each in breaks if each.currency == symbol]
        rows += _sum_of(config, symbol, sums.get(symbol), opened, breaks=len(own))
        rows += _breaks_of(symbol, config.currencies[symbol].decimals, own, breaks_max)
        rows.append(BoardRow(f"{symbol}/gap", "gap", symbol, 0))
    return tuple(rows[:-1])


def _sum_of(
    config: Config,
    symbol: str,
    sums: SumView | None,
    opened: Collection[tuple[str, str]],
    *,
    breaks: int,
) -> Iterator[BoardRow]:
    decimals = config.currencies[symbol].decimals
    yield BoardRow(symbol, "currency", symbol, decimals, sums=sums, breaks=breaks)
    for number, line in enumerate(() if sums is None else sum_lines(sums)):
        name = line.item or str(number)
        is_open = (symbol, line.item) in opened
        at = f"{symbol}/{name}"
        yield BoardRow(at, "line", symbol, decimals, sums=sums, line=line, opened=is_open)
        for view in payments_behind(config, symbol, line.item) if is_open else ():
            yield BoardRow(f"{at}/{view.id}", "payment", symbol, decimals, payment=view)


def _breaks_of(
    symbol: str, decimals: int, breaks: Sequence[BreakView], most: int
) -> Iterator[BoardRow]:
    for each in breaks[:most]:
        yield BoardRow(each.id, "break", symbol, decimals, found=each)
    if len(breaks) > most:
        yield BoardRow(f"{symbol}/more", "more", symbol, decimals, left=len(breaks) - most)
