"""Attempts from which nothing may follow, because their rows are not what was signed: they hold up
nobody else, and staff see them, with the reason, for as long as they are so.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime

from db import bulk
from db.connection import database
from db.models import Parked
from engine import chains
from engine.chain import Oddity
from engine.sender.attempts import Stored

log = logging.getLogger(__name__)

INCOMPLETE = "a row of what it takes and pays is missing"
NO_PAYMENT = "the payment that it pays has no row"
NOT_ITS_BYTES = "its rows are not what its signed bytes say"
NOT_ASKED = "it does not pay what its payment asks for"
NOT_SIGNED = "the history of its payment does not say that it was signed"

_KEY = "attempt "


def is_whole(stored: Stored) -> bool:
    """Whether the rows say what it takes and what it pays."""
    return len(stored.inputs) == len(stored.outputs) == len(stored.payments) == 1


class Doubted:
    """Those of one chain. One thread owns an instance; `guard` proves in every database transaction
    that its engine still follows the chain."""

    def __init__(self, chain: str, *, guard: Callable[[], None]) -> None:
        self._chain = chain
        self._guard = guard
        self._told: dict[str, str] | None = None
        self._found: dict[str, str] = {}

    def begin(self) -> None:
        """A look at attempts begins."""
        self._found = {}

    def name(self, stored: Stored, reason: str) -> None:
        """This look doubts it."""
        self._found[str(stored.row.id)] = reason

    def clear(self, stored: Stored) -> None:
        """This look does not doubt it any more."""
        self._found.pop(str(stored.row.id), None)

    def end(self, looked_at: Iterable[Stored], now: datetime) -> None:
        """The look is over: what it doubts is told, and what it found right is told no more."""
        if self._told is None:
            self._told = doubted(self._chain)
        ids = {str(each.row.id) for each in looked_at}
        right = [each for each in self._told if each in ids and each not in self._found]
        news = {n: why for n, why in self._found.items() if self._told.get(n) != why}
        if not right and not news:
            return
        for attempt, reason in news.items():
            log.error("%s: nothing follows from attempt %s: %s", self._chain, attempt, reason)
        with database.atomic():
            self._guard()
            gone = [f"{_KEY}{each}" for each in (*right, *news)]
            of_chain = Parked.chain == self._chain
            Parked.delete().where(of_chain & bulk.one_of(Parked.key, sorted(gone))).execute()
            odd = tuple(Oddity(f"{_KEY}{name}", why) for name, why in news.items())
            chains.park(self._chain, odd, now)
        for attempt in right:
            del self._told[attempt]
        self._told |= news


def doubted(chain: str) -> dict[str, str]:
    """What staff are told of now: the reasons by attempt."""
    rows = Parked.select().where((Parked.chain == chain) & Parked.key.startswith(_KEY))
    return {str(row.key).removeprefix(_KEY): str(row.reason) for row in rows}
