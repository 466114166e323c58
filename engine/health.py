"""Whether a chain's node may be believed now, asked on a slow clock and whenever the tip moves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from db.connection import database
from db.models import Address
from engine import chains
from engine.chain import Followed, Health, Trust
from engine.clock import Interval

CHECK_EVERY = timedelta(seconds=30)


class HealthWatch:
    """The last known health of one node, kept in the database for page, console and `/readyz`.

    A doubt is something that only following the chain shows, such as an unknown cursor: it pauses
    the currency until a round goes through.
    """

    def __init__(
        self, symbol: str, node: Followed, *, guard: Callable[[], None] = lambda: None
    ) -> None:
        self._symbol = symbol
        self._node = node
        self._guard = guard
        self._last: Health | None = None
        self._due = Interval(CHECK_EVERY)
        self._asked_at: datetime | None = None
        self._doubt = ""
        self._identified = False

    def check(self, now: datetime, *, tip_moved: bool = False) -> Health:
        """The node's health, asked anew when it is due. Raises NodeDown."""
        last = self._last
        fresh = self._asked_at == now or not (tip_moved or self._due.is_due(now))
        if last is not None and last.well and fresh:
            return last
        self._last = None  # an error leaves nothing to be believed
        expected = chains.expectation(self._symbol, _address_of_ours(self._symbol))
        health = self._node.health(expected, now_s=int(now.timestamp()))
        self._identify(health, first=expected.genesis is None)
        self._last = health
        self._due.wait(now)
        self._asked_at = now
        self._note(now)
        return health

    def _identify(self, health: Health, *, first: bool) -> None:
        """Remember who the chain is at first contact, and again once the node is well: one that was
        still syncing then could not tell its fork yet."""
        if (health.trust is not Trust.NONE and first) or (health.well and not self._identified):
            chains.remember_identity(self._symbol, self._node.identity())
            self._identified = health.well

    def forget(self) -> None:
        """A round failed: the next one asks first, and says so when the node is well again."""
        self._last = None

    def doubt(self, reason: str, now: datetime) -> None:
        """Pause for something that the node's own answers about itself do not show."""
        self._doubt = reason
        self._note(now)

    def trust(self, now: datetime) -> None:
        """A round went through: a doubt is over."""
        if self._doubt:
            self._doubt = ""
            self._note(now)

    def _note(self, now: datetime) -> None:
        health = self._last or Health(Trust.NONE, "not asked yet")
        if health.well and self._doubt:
            health = Health(
                Trust.NONE,
                self._doubt,
                tip=health.tip,
                peers=health.peers,
                version=health.version,
            )
        with database.atomic():
            self._guard()  # an engine that was taken for dead must not speak of the node's health
            chains.note_health(self._symbol, health, now)


def _address_of_ours(symbol: str) -> str | None:
    """The newest address of the pool: the node's wallet must own it, or it is another wallet."""
    row = (
        Address.select(Address.address)
        .where((Address.chain == symbol) & (Address.purpose != "cold"))
        .order_by(Address.id.desc())
        .first()
    )
    return None if row is None else str(row.address)
