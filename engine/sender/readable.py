"""Families of which the node tells what makes sense. Nonsense about one parks that one, where staff
see it, and holds up no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

from engine import chains
from engine.chain import Fact, Oddity
from engine.lifecycle import Batch
from engine.sender.attempts import Stored


class Readable:
    """One chain's; what is parked is written once. `new_batch` makes a batch for a moment."""

    def __init__(self, symbol: str, new_batch: Callable[[datetime], Batch]) -> None:
        self._symbol = symbol
        self._new_batch = new_batch
        self._parked: set[Oddity] = set()

    def of(
        self, families: Sequence[list[Stored]], facts: Mapping[str, Fact], now: datetime
    ) -> list[list[Stored]]:
        """Those of `families` of whose every attempt the facts can be read."""
        odd = chains.unreadable(facts.values())
        if not self._parked.issuperset(odd):
            with self._new_batch(now) as batch:
                batch.also(partial(chains.park, self._symbol, odd, now))
            self._parked.update(odd)
        return [
            family
            for family in families
            if all(facts[str(each.row.txid)].readable for each in family)
        ]
