"""One chain's thread: rounds of follower, mover and sender while this engine holds the lease.

What fails is said and shown as the chain's reason, and the round is tried again after a pause.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

import peewee

from db.connection import connected, database
from engine import address_pool, chains
from engine.brakes import braked
from engine.chain import BlockRef, ByBalance, Chain, Countable, Followed
from engine.clock import Interval, utc_now
from engine.config import Config, Currency
from engine.counted import Counted
from engine.errors import EngineStopping, LeaseLost, NodeError, NodeRefused, StaleState
from engine.folding import FOLDED_MAX, fold
from engine.follower import Follower, Round
from engine.lease import BEAT_EVERY_S, ChainLease
from engine.moves.addresses import ensure_hot
from engine.moves.mover import Mover
from engine.moves.nonce_mover import NonceMover
from engine.reconciliation.cover import NOT_COMPARED, why_unpaid
from engine.reconciliation.reconciler import Reconciler
from engine.recount import Recount
from engine.risk import RiskHook
from engine.sender import fees
from engine.sender.by_nonce.looks import deepest_final
from engine.sender.by_nonce.sender import NonceSender
from engine.sender.sender import Sender
from engine.sending import Payer
from engine.surplus import SurplusWatch

log = logging.getLogger(__name__)

BREATH_S = 0.005  # seconds between commits of a busy round: SQLite's lock is not fair
BACKOFF_MAX_S = 30
FIRST_LOOK_S = 0.2  # seconds between rounds until books and chain were compared once
RECOUNT_EVERY = timedelta(hours=6)
FEES_EVERY = timedelta(minutes=1)
FOLD_EVERY = timedelta(minutes=10)
STOP_WAIT_S = 4  # for all threads together; what they had not committed is asked again

Opener = Callable[[Currency], Followed]


def open_countable(opener: Opener, currency: Currency) -> Countable:
    """The chain of a currency, to be held against the books."""
    node = opener(currency)
    if isinstance(node, Chain):
        return node
    assert isinstance(node, ByBalance)
    symbols = [currency.symbol, *(token.symbol for token in currency.tokens)]
    return Counted(node, currency.symbol, symbols)


@dataclass(frozen=True, slots=True)
class _Crew:
    """Who works on a chain, for one term of its lease. Only where the node keeps a wallet is there
    somebody who moves coins, only where it tells balances somebody who watches them, and only where
    addresses count their sends a `payer`."""

    node: Followed
    follower: Follower
    mover: Mover | NonceMover | None = None
    sender: Sender | None = None
    surplus: SurplusWatch | None = None
    payer: NonceSender | None = None


class ChainThread:
    """Follows one chain while it holds its lease."""

    def __init__(
        self,
        config: Config,
        symbol: str,
        lease: ChainLease,
        stop: threading.Event,
        *,
        opener: Opener,
        hook: RiskHook | None,
        reconciler: Reconciler,
    ) -> None:
        self.symbol = symbol
        self.lease = lease
        self._config = config
        self._currency = config.currencies[symbol]
        self._stop = stop
        self._opener = opener
        self._hook = hook
        self._reconciler = reconciler
        self._failures = 0
        self._no_address = ""
        self._fees_due = Interval(FEES_EVERY)
        self._fold_due = Interval(FOLD_EVERY)
        self.began = threading.Event()  # set by the first round

    def run(self) -> None:
        """Until `stop`: rounds every `poll` seconds, at once while there is more to do."""
        node = self._opener(self._currency)
        crew = self._crew(node)
        fence = self.lease.fence
        recount = self._recount() if isinstance(node, Chain) else None
        recounted: float | None = None
        while not self._stop.is_set():
            if not self.lease.held:
                self._stop.wait(BEAT_EVERY_S / 2)
                continue
            if self.lease.fence != fence:
                # A new term: whatever was remembered of the chain may be another engine's past.
                fence = self.lease.fence
                crew = self._crew(node)
                self._reconciler.begin_term()
            compared = self._reconciler.has_compared  # it may be while the round goes on without
            outcome = self._round(crew)
            self.began.set()
            if (recount is not None and outcome.well) and (
                recounted is None or time.monotonic() - recounted > RECOUNT_EVERY.total_seconds()
            ):
                recounted = time.monotonic()
                recount.start(self.lease, self._hook)
            self._reconcile()
            self._stop.wait(BREATH_S if outcome.busy else self._pause_s(outcome, compared=compared))
        if recount is not None:
            recount.join(STOP_WAIT_S)
        self._reconciler.join(STOP_WAIT_S)
        node.close()

    def _recount(self) -> Recount:
        opener = partial(open_countable, self._opener, self._currency)
        return Recount(self._config, self.symbol, opener, breathe=self._breathe)

    def _reconcile(self) -> None:
        """Compare books and chain in the background when the tip moved."""
        if self._stop.is_set():
            return
        try:
            with connected():
                self._reconciler.follow(self.lease, self._hook)
        except peewee.PeeweeException as error:
            log.warning("%s: database: %s", self.symbol, error)
        except Exception:  # a fault of the comparison must not end the rounds
            log.exception("%s: the comparison of books and chain failed", self.symbol)

    def _crew(self, node: Followed) -> _Crew:
        guard = self.lease.guard_of_term()
        follower = Follower(
            self._config,
            self.symbol,
            node,
            guard=guard,
            hook=self._hook,
            breathe=self._breathe,
        )
        if isinstance(node, ByBalance):
            watch = SurplusWatch(self._config, self.symbol, node, guard=guard)
            if not isinstance(node, Payer):
                return _Crew(node, follower, surplus=watch)
            moves = NonceMover(self._config, self.symbol, node, guard=guard)
            payer = self._payer(node, follower)
            return _Crew(node, follower, moves, surplus=watch, payer=payer)
        if not isinstance(node, Chain):
            return _Crew(node, follower)
        mover = Mover(self._config, self.symbol, node, guard=guard)
        sender = Sender(
            self._config,
            self.symbol,
            node,
            guard=guard,
            paused=self._why_unpaid,
            go_on=self._go_on,
        )
        return _Crew(node, follower, mover, sender)

    def _payer(self, node: Payer, follower: Follower) -> NonceSender:
        return NonceSender(
            self._config,
            self.symbol,
            node,
            guard=self.lease.guard_of_term(),
            paused=self._why_unpaid,
            go_on=self._go_on,
            final_height=lambda: follower.final_height,
        )

    def _why_unpaid(self, currency: str) -> str:
        """Why nothing of this currency is paid now: a person stopped it, or the books and the chain
        were not compared yet, or not to the chain's favour. Empty when it is paid."""
        brake = braked("withdrawal").get(currency)
        if brake is not None:
            return f"paused by staff: {brake.reason}"
        return why_unpaid(currency) if self._reconciler.has_compared else NOT_COMPARED

    def _breathe(self) -> None:
        """Between two commits. A stop ends the round here: a round without breath would keep the
        heartbeat of the stop from the database's lock."""
        self._stop.wait(BREATH_S)
        self._go_on()

    def _go_on(self) -> None:
        """Between two pieces of a long work without commits: a stop ends it here."""
        if self._stop.is_set():
            raise EngineStopping("the engine is stopping")

    def _work(self, crew: _Crew, now: datetime) -> Round:
        outcome = crew.follower.step(now)
        if not outcome.well:
            return outcome
        self._breathe()
        self._refill(crew.node, now)
        row = chains.state(self.symbol)
        tip = BlockRef(int(row.height), str(row.hash))
        if isinstance(crew.node, Chain | Payer) and self._fees_due.is_due(now):
            self._note_fee_rate(crew.node, now)
        if crew.payer is not None:
            # What we sent must be known before a balance is called more than our rows say.
            crew.payer.follow(tip, now)
            self._reconciler.hear(crew.payer.questions)
            self._breathe()
            self._fold(crew.follower, tip, now)
        if crew.surplus is not None and not outcome.busy:
            crew.surplus.step(tip, now)
        if crew.mover is not None:
            crew.mover.step(tip, now)
            self._breathe()
        moved = 0 if crew.sender is None else crew.sender.step(tip, now)
        moved += 0 if crew.payer is None else crew.payer.pay(tip, now)
        if moved:
            return replace(outcome, busy=True)  # there may be more in the queue
        return outcome

    def _fold(self, follower: Follower, tip: BlockRef, now: datetime) -> None:
        """Few rows shall say what an address holds, however much it sent: of what is final for
        each currency of the chain."""
        if self._fold_due.is_due(now):
            both = (self._currency, *self._currency.tokens)
            final = min(deepest_final(each, tip, follower.final_height) for each in both)
            if fold(self.symbol, final, self.lease.guard) < FOLDED_MAX:
                self._fold_due.wait(now)
            self._breathe()

    def _round(self, crew: _Crew) -> Round:
        now = utc_now()
        try:
            with connected():
                outcome = self._work(crew, now)
            self._failures = 0
        except EngineStopping as error:
            log.info("%s: %s", self.symbol, error)
        except LeaseLost as error:
            log.warning("%s: %s", self.symbol, error)
        except NodeError as error:
            self._trouble(str(error), error.detail, now)
        except (StaleState, peewee.IntegrityError) as error:
            log.info("%s: a payment moved meanwhile, asking again: %s", self.symbol, error)
        except peewee.PeeweeException as error:
            self._failures += 1
            log.warning("%s: database: %s", self.symbol, error)
        except Exception:
            log.exception("%s: a round failed", self.symbol)
            self._trouble("an internal error stopped the round; see the engine's log", "", now)
        else:
            return outcome
        return Round()

    def _note_fee_rate(self, node: Chain | Payer, now: datetime) -> None:
        """For people who watch; what is paid is asked anew for each chain tx."""
        self._fees_due.wait(now)
        try:
            rate = _fee_rate(node)
        except NodeRefused as error:
            log.info("%s: no fee rate: %s", self.symbol, error.detail)
            return
        with database.atomic():
            self.lease.guard()
            chains.note_fee_rate(self.symbol, rate, now)

    def _refill(self, node: Followed, now: datetime) -> None:
        """Keep unused addresses ready. A wallet that makes none, such as a locked one, must not
        hold up the deposits to those that were given out."""
        try:
            if isinstance(node, ByBalance):
                ensure_hot(self.symbol, node.hot_address, guard=self.lease.guard, now=now)
            address_pool.refill(
                self.symbol,
                node,
                target=self._currency.address_pool,
                now=now,
                guard=self.lease.guard,
            )
        except NodeRefused as error:
            if error.detail != self._no_address:
                log.warning("%s: no new addresses: %s", self.symbol, error.detail)
            self._no_address = error.detail

    def _trouble(self, reason: str, detail: str, now: datetime) -> None:
        self._failures += 1
        log.log(
            logging.WARNING if self._failures == 1 else logging.DEBUG,
            "%s: %s",
            self.symbol,
            detail or reason,
        )
        try:
            with connected(), database.atomic():
                self.lease.guard()
                chains.note_trouble(self.symbol, reason, now)
        except LeaseLost as error:
            log.warning("%s: %s", self.symbol, error)
        except peewee.PeeweeException as error:
            log.warning("%s: database: %s", self.symbol, error)

    def _pause_s(self, outcome: Round, *, compared: bool) -> float:
        poll = self._currency.poll
        if outcome.well and not compared:
            return min(poll, FIRST_LOOK_S)  # payments wait for just that
        return min(poll * (1 << min(self._failures, 6)), max(poll, BACKOFF_MAX_S))


def _fee_rate(node: Chain | Payer) -> int:
    """Units per 1,000 virtual bytes, or per gas. Raises NodeDown, NodeRefused."""
    if isinstance(node, Payer):
        rates = node.rates()
        return rates.base + rates.tip
    return fees.rate(node)[0]
