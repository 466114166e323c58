"""Who follows a chain: one engine at a time, by a row in the database.

No clock of two machines is compared: a standby watches the holder's `beat`, and takes over when it
has not changed for `SILENCE_S` of its own time. The fence grows with each holder and is checked
inside every database transaction of the engine, so that one that was taken for dead writes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from db.connection import database
from db.models import Lease
from engine.errors import LeaseLost

BEAT_EVERY_S = 2
SILENCE_S = 7


class ChainLease:
    """This engine's claim on one chain. `monotonic_s` is always the caller's monotonic time."""

    def __init__(self, chain: str, holder: str) -> None:
        self.chain = chain
        self.holder = holder
        self.fence: int | None = None
        self._seen: tuple[str | None, int, int] | None = None
        self._seen_at_s = 0

    @property
    def held(self) -> bool:
        """Whether this engine believes that it holds the chain; only `guard` proves it."""
        return self.fence is not None

    def acquire(self, *, monotonic_s: int) -> bool:
        """Take the chain if it is free or its holder has been silent for too long."""
        Lease.insert(chain=self.chain).on_conflict_ignore().execute()
        row = Lease.get_by_id(self.chain)
        sight = (row.holder, int(row.fence), int(row.beat))
        if sight != self._seen:
            self._seen, self._seen_at_s = sight, monotonic_s
        if row.holder is not None and monotonic_s - self._seen_at_s < SILENCE_S:
            return False
        taken = (
            Lease.update(holder=self.holder, fence=Lease.fence + 1, beat=Lease.beat + 1)
            .where(
                (Lease.chain == self.chain) & (Lease.fence == sight[1]) & (Lease.beat == sight[2])
            )
            .execute()
        )
        if taken == 1:
            self.fence = sight[1] + 1
        return self.held

    def guard(self) -> None:
        """Prove inside a database transaction that the chain is still ours. Raises LeaseLost."""
        self._prove(self.fence)

    def guard_of_term(self) -> Callable[[], None]:
        """A guard for work that began under the present fence: it fails after the chain was lost,
        even when this engine has taken it again since, because what it remembers is stale."""
        return partial(self._prove, self.fence)

    def _prove(self, fence: int | None) -> None:
        beaten = (
            Lease.update(beat=Lease.beat + 1)
            .where(
                (Lease.chain == self.chain) & (Lease.holder == self.holder) & (Lease.fence == fence)
            )
            .execute()
        )
        if beaten != 1:
            if fence == self.fence:
                self.fence = None
            raise LeaseLost(f"another engine follows {self.chain} now")

    def renew(self) -> None:
        """Show a sign of life. Raises LeaseLost."""
        with database.atomic():
            self.guard()

    def release(self) -> None:
        """Hand the chain over at once, on a clean stop."""
        if self.fence is None:
            return
        Lease.update(holder=None, beat=Lease.beat + 1).where(
            (Lease.chain == self.chain)
            & (Lease.holder == self.holder)
            & (Lease.fence == self.fence)
        ).execute()
        self.fence = None
