"""One chain's house moves where addresses count their sends, a round at a time: after what was sent
is known up to the tip, before anything more is paid."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from engine import chains
from engine.approvals.acceptance import UNACCEPTED_COLD, payable_cold
from engine.chain import BlockRef, Oddity
from engine.config import Config, Currency
from engine.errors import NodeRefused
from engine.lifecycle import Batch
from engine.moves.addresses import cold_address, ensure_cold
from engine.moves.cold import ColdMoves
from engine.moves.nonce_ceiling import NonceCeiling
from engine.moves.refund_costs import GasCosts
from engine.moves.refunds import Refunds
from engine.sender.by_nonce.funds import Purse
from engine.sending import Payer
from engine.sweeps.sweeper import Sweeper

log = logging.getLogger(__name__)

LOOK_EVERY = timedelta(seconds=30)


class NonceMover:
    """Belongs to one thread, the one that holds the chain's lease; `guard` proves that in every
    database transaction."""

    def __init__(
        self, config: Config, symbol: str, node: Payer, *, guard: Callable[[], None]
    ) -> None:
        self._config = config
        self._currencies = config.chains()[symbol]
        self._ground = self._currencies[0]
        self._node = node
        self._guard = guard
        self._told: dict[str, str] = {}
        self._looked: tuple[str, datetime] | None = None
        self.sweeper = Sweeper(config, symbol, node, guard=guard)

    def step(self, tip: BlockRef, now: datetime) -> int:
        """One round at this tip; returns the moves made. Raises NodeDown."""
        moved = self._look(tip, now) if self._is_due(tip, now) else 0
        try:
            return moved + self.sweeper.step(tip, now)
        except NodeRefused as error:
            # Clients are paid all the same.
            log.warning("%s: nothing is swept: %s", self._ground.symbol, error.detail or error)
            return moved

    def _look(self, tip: BlockRef, now: datetime) -> int:
        """Refunds and what goes to cold addresses. No call of the node when nothing is due."""
        new_batch = partial(self._batch, now)
        moved = ColdMoves(self._config, self._ground.symbol, new_batch).follow(self._node, tip)
        for currency in self._currencies:
            moved += Refunds(currency, GasCosts(currency, self._node), new_batch).step()
            if currency.cold is not None and self._is_payable(currency, now):
                purse = Purse(self._ground.symbol, height=tip.height)
                ceiling = NonceCeiling(currency, self._ground, self._node)
                moved += ceiling.open_when_above(new_batch, purse)
        self._looked = (tip.hash, now)
        return moved

    def _is_payable(self, currency: Currency, now: datetime) -> bool:
        """Whether coins may go to the cold address, which is watched from now on. Staff see among
        the parked rows why they may not."""
        ensure_cold(currency, guard=self._guard, now=now)
        counts = payable_cold(self._config, currency) == cold_address(currency)
        fault = "" if counts else UNACCEPTED_COLD
        if fault and fault != self._told.get(currency.symbol):
            oddity = Oddity(f"cold.address of {currency.symbol}", fault)
            with self._batch(now) as batch:
                batch.also(partial(chains.park, self._ground.symbol, (oddity,), now))
        self._told[currency.symbol] = fault
        return counts

    def _is_due(self, tip: BlockRef, now: datetime) -> bool:
        if self._looked is None or self._looked[0] != tip.hash:
            return True
        return not timedelta() <= now - self._looked[1] < LOOK_EVERY

    def _batch(self, now: datetime) -> Batch:
        return Batch(self._config, actor="engine", now=now, guard=self._guard)
