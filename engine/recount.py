"""Full recounts on a thread of their own: every coin that the wallet lists must have a row.

The follower's cursor sees what is new. A wallet that was rescanned, imported into or loaded late
shows coins in blocks behind the cursor, and only the whole list has those.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial

import peewee

from db.connection import connected
from engine import chains
from engine.chain import Arrival, BlockRef, Countable
from engine.clock import utc_now
from engine.config import Config
from engine.deposits.cases import cases_of_arrivals
from engine.deposits.standing import Settlement
from engine.errors import CashierError, EngineStopping, StaleState
from engine.lease import ChainLease
from engine.lifecycle import Batch
from engine.moves.cold import ColdMoves
from engine.moves.origins import Sorted, Sorter
from engine.risk import RiskHook

log = logging.getLogger(__name__)

CHUNK = 100
ATTEMPTS_MAX = 5


class Recount:
    """Compares the whole list of one chain's wallet with our rows, and adds what is missing."""

    def __init__(
        self,
        config: Config,
        symbol: str,
        opener: Callable[[], Countable],
        *,
        breathe: Callable[[], None] = lambda: None,
    ) -> None:
        self._config = config
        self._symbol = symbol
        self._opener = opener
        self._breathe = breathe
        self._thread: threading.Thread | None = None

    def start(self, lease: ChainLease, hook: RiskHook | None) -> None:
        """Begin one recount in the background, unless one is still under way."""
        if self._thread is not None and self._thread.is_alive():
            return
        self._thread = threading.Thread(
            target=self._guarded, args=(lease, hook), name=f"recount-{self._symbol}", daemon=True
        )
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait for a recount that is under way."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def run(self, lease: ChainLease, hook: RiskHook | None) -> int:
        """One recount now, in this thread; returns how many coins had no row."""
        node = self._opener()
        try:
            scan = node.scan(None)
            # Only up to what the follower has reached: later arrivals are its own to find.
            height = chains.followed_height(self._symbol)
            found = Sorter(self._config.currencies[self._symbol], node).sort(
                each
                for each in scan.arrivals
                if each.block is not None and each.block.height <= height
            )
        finally:
            node.close()
        chains.park(self._symbol, scan.oddities + found.oddities, utc_now())
        tip = BlockRef(height, scan.tip_hash)
        behind = found.deposits
        parts = (behind[start : start + CHUNK] for start in range(0, len(behind), CHUNK))
        moved = sum(self._add_missing(part, found, tip, lease, hook) for part in parts)
        return moved + self._add_cold(found, lease)

    def _add_cold(self, found: Sorted, lease: ChainLease) -> int:
        """Moves out of the cold wallet that nobody saw; they are followed like any other."""
        now = utc_now()
        batch = partial(Batch, self._config, actor="engine:recount", now=now, guard=lease.guard)
        moves = ColdMoves(self._config, self._symbol, batch)
        for start in range(0, len(found.cold), CHUNK):
            self._breathe()
            moves.open(found.cold[start : start + CHUNK])
        return len(found.cold)

    def _add_missing(
        self,
        part: Sequence[Arrival],
        found: Sorted,
        tip: BlockRef,
        lease: ChainLease,
        hook: RiskHook | None,
    ) -> int:
        """Open what has no row. The follower works on the same coins: what it moved meanwhile is
        read again."""
        for _ in range(ATTEMPTS_MAX - 1):
            self._breathe()
            try:
                return self._try_to_add(part, found, tip, lease, hook)
            except (StaleState, peewee.IntegrityError) as error:
                log.info("%s: the recount met the follower: %s", self._symbol, error)
        return self._try_to_add(part, found, tip, lease, hook)

    def _try_to_add(
        self,
        part: Sequence[Arrival],
        found: Sorted,
        tip: BlockRef,
        lease: ChainLease,
        hook: RiskHook | None,
    ) -> int:
        now = utc_now()
        cases = cases_of_arrivals(
            self._symbol, self._config.currencies, part, origins=found.origins
        )
        missing = [case for case in cases if case.payment is None or case.payment.txid is None]
        if missing:
            batch = partial(Batch, self._config, actor="engine:recount", now=now, guard=lease.guard)
            settlement = Settlement(batch, chain=self._symbol, tip=tip, now=now, hook=hook)
            settlement.settle(missing)
            log.warning("%s: a recount found %d coins without a row", self._symbol, len(missing))
        return len(missing)

    def _guarded(self, lease: ChainLease, hook: RiskHook | None) -> None:
        try:
            with connected():
                self.run(lease, hook)
        except EngineStopping as error:
            log.info("%s: %s", self._symbol, error)
        except (CashierError, peewee.PeeweeException) as error:
            log.warning("%s: the recount stopped: %s", self._symbol, error)
        except Exception:
            log.exception("%s: the recount failed", self._symbol)
