"""Which addresses are swept: pure rules over what each holds. No database and no node."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from engine.config import Currency
from engine.sweeps.holdings import Holding

ROUND_MAX = 20  # addresses of a currency in one look, and its sweeps that are in no block yet
WINDOW_LEAST = 1


def threshold(currency: Currency, *, lacking: int) -> int | None:
    """What an address must hold more than to be swept now: any coin while the hot address lacks
    some, else what is configured. None where nothing is swept: no policy, and nobody waits."""
    if lacking:
        return 0
    return None if currency.sweep is None else currency.sweep.above


def chosen(
    currency: Currency, held: Iterable[Holding], *, lacking: int, room: int
) -> Sequence[Holding]:
    """Those of `held`, the largest first, that are swept now, `room` of them at most: all that
    hold more than is configured, and of the others as many as make up for what is lacking."""
    found: list[Holding] = []
    for each in held:
        if len(found) >= room:
            break
        above = currency.sweep is not None and each.units > currency.sweep.above
        if not above and lacking <= 0:
            break
        found.append(each)
        lacking -= each.units
    return found


def widened(window: int, *, arrived: int, open_moves: int) -> int:
    """How many sweeps may be on their way unseen. A target that swallows coins must not get many
    before one was looked at: one at first, twice as many each time that some arrived."""
    if not open_moves and not arrived:
        return WINDOW_LEAST
    return min(ROUND_MAX, window * 2) if arrived else window
