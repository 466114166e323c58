"""Addresses that sweeping leaves alone, because it would not get their coins: named to staff among
the parked rows, looked at again from time to time, and no reason to stop at the others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from db.connection import database
from db.models import Parked
from engine import chains
from engine.chain import Oddity

AGAIN_AFTER = timedelta(hours=1)


class LeftAlone:
    """Those of one chain. One thread owns an instance; `guard` proves in every database transaction
    that its engine still follows the chain."""

    def __init__(self, chain: str, *, guard: Callable[[], None]) -> None:
        self._chain = chain
        self._guard = guard
        self._since: dict[tuple[str, str], datetime] = {}

    def __contains__(self, place: tuple[str, str]) -> bool:
        """Whether this currency at this address is left alone now."""
        return place in self._since

    def look(self, now: datetime) -> None:
        """Forget those that are to be looked at again."""
        old = [each for each, at in self._since.items() if not _is_young(at, now)]
        for each in old:
            del self._since[each]

    def name(self, currency: str, address: str, reason: str, now: datetime) -> None:
        """Leave it, and say why."""
        self._since[currency, address] = now
        oddity = Oddity(_key(currency, address), f"{reason}; its {currency} are not swept")
        with database.atomic():
            self._guard()
            chains.park(self._chain, (oddity,), now)

    def clear(self, currency: str, address: str) -> None:
        """It can be swept: inside the caller's database transaction."""
        of_address = (Parked.chain == self._chain) & (Parked.key == _key(currency, address))
        Parked.delete().where(of_address).execute()


def _is_young(at: datetime, now: datetime) -> bool:
    return timedelta() <= now - at < AGAIN_AFTER


def _key(currency: str, address: str) -> str:
    return f"sweep of {currency} from {address}"
