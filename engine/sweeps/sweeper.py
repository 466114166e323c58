"""One chain's sweeps, a look at a time: halt what misses, take back what must not go, open what is
due. The sender pays it like anything else, and nothing here waits for time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from engine import brakes, queries
from engine.chain import BlockRef
from engine.config import Config
from engine.lifecycle import Batch
from engine.sender.by_nonce.offers import least
from engine.sending import Payer
from engine.sweeps import halting, policy, reasons
from engine.sweeps.left import LeftAlone
from engine.sweeps.look import Look
from engine.sweeps.under_way import Move, moves

log = logging.getLogger(__name__)

LOOK_EVERY = timedelta(seconds=30)
PATIENCE = 20  # blocks in which a sweep should be seen
CODE_AT_HOT = "there is code at the hot address, which could keep or pass on what is swept to it"
PRICE_PASSED = "the network's price passed what it was opened for"


class Sweeper:
    """Belongs to one thread, the one that holds the chain's lease; `guard` proves that in every
    database transaction. `reasons` says by currency why nothing is opened now."""

    def __init__(
        self, config: Config, symbol: str, node: Payer, *, guard: Callable[[], None]
    ) -> None:
        self._config = config
        self._ground = config.currencies[symbol]
        self._node = node
        self._guard = guard
        self._left = LeftAlone(symbol, guard=guard)
        self._windows: dict[str, int] = {}
        self._seen: frozenset[str] = frozenset()
        self._looked: tuple[str, int, datetime] | None = None
        self.reasons: dict[str, str] = {}
        # Tokens first: what they need of the chain's coin must not be swept away before them.
        self._currencies = (*self._ground.tokens, self._ground)

    def step(self, tip: BlockRef, now: datetime) -> int:
        """One look at this tip; returns the moves made. Asks the node only for what is due. Raises
        NodeDown."""
        if not self._is_due(tip, now):
            return 0
        self._left.look(now)
        self._halt_misses(tip, now)
        under_way = moves(self._ground.symbol)
        moved = self._take_back(under_way, self._halted(), now)
        if moved:
            under_way = moves(self._ground.symbol)
        self._widen(under_way)
        moved += self._open(tip, under_way, now)
        self._looked = (tip.hash, queries.last_seq(), now)
        return moved

    def _is_due(self, tip: BlockRef, now: datetime) -> bool:
        """When the tip or any payment moved, and from time to time, because prices do."""
        if self._looked is None:
            return True
        tip_hash, seq, at = self._looked
        young = timedelta() <= now - at < LOOK_EVERY
        return not (young and tip_hash == tip.hash and seq == queries.last_seq())

    def _open(self, tip: BlockRef, under_way: Sequence[Move], now: datetime) -> int:
        look = Look(
            self._currencies,
            self._node,
            tip,
            under_way,
            rooms={
                each.symbol: self._room(each.symbol, under_way, tip) for each in self._currencies
            },
            left=self._left,
            new_batch=partial(self._batch, now),
            now=now,
        )
        moved = look.open()
        if look.code_at_hot:
            self._halt_all(CODE_AT_HOT, now)
        for symbol, reason in look.reasons.items():
            if self.reasons.get(symbol) != reason:
                log.info("%s: nothing is swept: %s", symbol, reason)
        self.reasons = look.reasons
        symbols = tuple(each.symbol for each in self._currencies)
        reasons.note(look.reasons, of=symbols, guard=self._guard)
        return moved

    # --- what must not go ---

    def _halt_misses(self, tip: BlockRef, now: datetime) -> None:
        for currency in self._currencies:
            found = halting.misses(currency) or halting.unclear(currency, tip, now)
            if found:
                halting.halt_for(currency, found, guard=self._guard, now=now)

    def _halt_all(self, reason: str, now: datetime) -> None:
        halted = brakes.braked(brakes.SWEEP)
        for currency in self._currencies:
            if currency.symbol not in halted:
                evidence = {"hot": self._node.hot_address().address}
                halting.halt(currency, reason, evidence, guard=self._guard, now=now)

    @staticmethod
    def _halted() -> dict[str, str]:
        return {name: view.reason for name, view in brakes.braked(brakes.SWEEP).items()}

    def _take_back(self, under_way: Sequence[Move], halted: dict[str, str], now: datetime) -> int:
        """What is opened for a halted currency and not signed, or for less than any block takes."""
        unsigned = [move for move in under_way if move.is_unsigned]
        stopped = [move for move in unsigned if move.beneficiary in halted]
        moved = 0
        if stopped:
            moved += halting.take_back(stopped, "sweeps are halted", self._batch(now))
        rest = [move for move in unsigned if move.is_sweep and move not in stopped]
        if rest:
            price = least(self._node.rates())
            dear = [move for move in rest if move.most < move.gas * price]
            if dear:
                moved += halting.take_back(dear, PRICE_PASSED, self._batch(now))
        return moved

    # --- how many at once ---

    def _widen(self, under_way: Sequence[Move]) -> None:
        sweeps = [move for move in under_way if move.is_sweep]
        mined = frozenset(move.payment.id for move in sweeps if move.is_mined)
        for currency in self._currencies:
            own = [move for move in sweeps if move.payment.currency == currency.symbol]
            arrived = sum(move.payment.id in mined - self._seen for move in own)
            window = self._windows.get(currency.symbol, policy.WINDOW_LEAST)
            self._windows[currency.symbol] = policy.widened(
                window, arrived=arrived, open_moves=len(own)
            )
        self._seen = mined

    def _room(self, symbol: str, under_way: Sequence[Move], tip: BlockRef) -> int:
        """One that no block takes, because the price passed it, must not stop the others."""
        unseen = [
            move
            for move in under_way
            if move.is_sweep
            and move.payment.currency == symbol
            and not move.is_mined
            and tip.height - move.opened_at < PATIENCE
        ]
        return self._windows[symbol] - len(unseen)

    def _batch(self, now: datetime) -> Batch:
        return Batch(self._config, actor="engine", now=now, guard=self._guard)
