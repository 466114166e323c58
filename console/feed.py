"""What moved, from the cursor over histories: one indexed read four times a second, one message."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

from console.source import Source

if TYPE_CHECKING:
    from engine.config import Config
    from engine.pulse import Pulse

MOVES_EVERY_S = 0.25
FIGURES_EVERY_S = 1.0
MOVES_MOST = 500  # of one look; what is left comes with the next


class Feed:
    """`moved` hears the ids of payments that moved, each look's once; `pulsed` the figures when
    they are not what they were."""

    def __init__(
        self,
        source: Source,
        *,
        clock: Callable[[], datetime],
        moved: Callable[[Collection[str]], Any],
        pulsed: Callable[[Pulse], Any],
    ) -> None:
        self._source = source
        self._clock = clock
        self._moved = moved
        self._pulsed = pulsed
        self._seq: int | None = None
        self._last: Pulse | None = None

    def start(self) -> None:
        # The cursor is taken before any row is read: a move in between would be missed for ever.
        self._source.ask_always(MOVES_EVERY_S, self._moves, self._moved)
        self._source.ask_always(FIGURES_EVERY_S, self._figures, self._pulsed, patient=True)

    def _moves(self, _config: Config) -> frozenset[str] | None:
        from engine import queries

        newest = queries.last_seq()
        if self._seq is None or newest <= self._seq:
            self._seq = newest
            return None
        rows = queries.moved_since(self._seq, limit=MOVES_MOST)
        self._seq = rows[-1][0] if rows else newest
        return frozenset(payment for _, _, payment in rows)

    def _figures(self, config: Config) -> Pulse | None:
        from engine.pulse import pulse

        found = pulse(config, self._clock())
        if self._last is not None and _same(found, self._last):
            return None
        self._last = found
        return found


def _same(new: Pulse, old: Pulse) -> bool:
    """Whether nothing is different that anybody sees; an engine's sign of life alone is not."""
    return _seen(new) == _seen(old)


def _seen(pulse: Pulse) -> tuple[Any, ...]:
    chains = tuple((c.symbol, c.state, c.reason, c.height, c.behind) for c in pulse.chains)
    return (
        *(pulse.seq, pulse.running, chains, pulse.missing, pulse.brakes, pulse.held),
        pulse.half_signed,
        *(pulse.oldest_held, pulse.breaks, pulse.uneven, pulse.compared),
        *sorted(pulse.waiting.items()),
    )
