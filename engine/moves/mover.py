"""One chain's house moves, a round at a time: after the follower, before the sender."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from engine import chains
from engine.approvals.acceptance import UNACCEPTED_COLD, payable_cold
from engine.chain import BlockRef, Chain, Oddity
from engine.config import Config
from engine.lifecycle import Batch
from engine.moves.addresses import HouseAddresses, cold_address
from engine.moves.ceiling import Ceiling
from engine.moves.cold import ColdMoves
from engine.moves.refund_costs import CoinCosts
from engine.moves.refunds import Refunds

LOOK_EVERY = timedelta(seconds=30)


class Mover:
    """Belongs to one thread, the one that holds the chain's lease; `guard` proves that in every
    database transaction."""

    def __init__(
        self, config: Config, symbol: str, node: Chain, *, guard: Callable[[], None]
    ) -> None:
        self._config = config
        self._symbol = symbol
        self._currency = config.currencies[symbol]
        self._node = node
        self._guard = guard
        self._addresses = HouseAddresses(self._currency, node, guard=guard)
        self._ceiling = Ceiling(self._currency, node)
        self._told = ""
        self._looked: tuple[str, datetime] | None = None

    def step(self, tip: BlockRef, now: datetime) -> int:
        """One round at this tip; returns the moves made. No call while the tip stays, but for a
        look every half minute. Raises NodeDown, NodeRefused."""
        if not self._is_due(tip, now):
            return 0
        self._addresses.ensure(now)
        fault = self._addresses.cold_fault or self._unaccepted()
        self._tell_cold_fault(fault, now)
        cold = self._cold(now)
        moved = cold.follow(self._node, tip)
        if not fault:
            moved += self._ceiling.open_when_above(partial(self._batch, now), tip)
        costs = CoinCosts(self._currency, self._node)
        moved += Refunds(self._currency, costs, partial(self._batch, now)).step()
        self._looked = None if cold.waiting else (tip.hash, now)
        return moved

    def _unaccepted(self) -> str:
        counts = payable_cold(self._config, self._currency) == cold_address(self._currency)
        return "" if counts else UNACCEPTED_COLD

    def _tell_cold_fault(self, fault: str, now: datetime) -> None:
        """Staff see among the parked rows why nothing goes to the cold address."""
        if fault and fault != self._told:
            with self._batch(now) as batch:
                oddity = Oddity("cold.address", fault)
                batch.also(partial(chains.park, self._symbol, (oddity,), now))
        self._told = fault

    def _is_due(self, tip: BlockRef, now: datetime) -> bool:
        if self._looked is None or self._looked[0] != tip.hash:
            return True
        return not timedelta() <= now - self._looked[1] < LOOK_EVERY

    def _cold(self, now: datetime) -> ColdMoves:
        return ColdMoves(self._config, self._symbol, partial(self._batch, now))

    def _batch(self, now: datetime) -> Batch:
        return Batch(self._config, actor="engine", now=now, guard=self._guard)
