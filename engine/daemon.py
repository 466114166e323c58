"""The engine process: one thread per chain, and threads of their own for heartbeat and upkeep.

A thread that fails says so, waits and goes on; one chain's trouble never stops another. Only what
we raise on purpose is expected: anything else is logged with its trace and shown as the chain's
reason, and the round is tried again.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import peewee

from db.connection import connected, database
from db.models import Chain as ChainRow
from engine import address_pool, chains, installation, orders
from engine.approvals.office import Office
from engine.audit import seals
from engine.audit.keys import load_or_create
from engine.brakes import braked
from engine.chain import BlockRef, Chain
from engine.clock import rfc3339, utc_now
from engine.config import Config, Currency
from engine.errors import EngineStopping, LeaseLost, NodeError, NodeRefused, StaleState
from engine.families import open_chain
from engine.follower import Follower, Round
from engine.lease import BEAT_EVERY_S, ChainLease
from engine.moves.mover import Mover
from engine.reconciliation.reconciler import Reconciler
from engine.recount import Recount
from engine.risk import RiskHook, open_hook
from engine.sender.sender import Sender

log = logging.getLogger(__name__)

BREATH_S = 0.005  # seconds between commits of a busy round: SQLite's lock is not fair
BACKOFF_MAX_S = 30
SEAL_EVERY = timedelta(minutes=10)
RECOUNT_EVERY = timedelta(hours=6)
ORDERS_EVERY_S = 0.25  # seconds
READY_WAIT_S = 3
STOP_WAIT_S = 4  # for all threads together; what they had not committed is asked again

Opener = Callable[[Currency], Chain]


def open_node(currency: Currency) -> Chain:
    """The chain behind a currency's configured node."""
    return open_chain(currency, currency.node.reveal() if currency.node else "")


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
        self.began = threading.Event()  # set by the first round

    def run(self) -> None:
        """Until `stop`: rounds every `poll` seconds, at once while there is more to do."""
        node = self._opener(self._currency)
        follower, sender, mover = self._follower(node), self._sender(node), self._mover(node)
        fence = self.lease.fence
        recount = Recount(
            self._config,
            self.symbol,
            partial(self._opener, self._currency),
            breathe=self._breathe,
        )
        recounted: float | None = None
        while not self._stop.is_set():
            if not self.lease.held:
                self._stop.wait(BEAT_EVERY_S / 2)
                continue
            if self.lease.fence != fence:
                # A new term: whatever was remembered of the chain may be another engine's past.
                fence = self.lease.fence
                follower, sender = self._follower(node), self._sender(node)
                mover = self._mover(node)
            outcome = self._round(follower, mover, sender, node)
            self.began.set()
            if outcome.well and (
                recounted is None or time.monotonic() - recounted > RECOUNT_EVERY.total_seconds()
            ):
                recounted = time.monotonic()
                recount.start(self.lease, self._hook)
            self._reconcile()
            self._stop.wait(BREATH_S if outcome.busy else self._pause_s())
        recount.join(STOP_WAIT_S)
        self._reconciler.join(STOP_WAIT_S)
        node.close()

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

    def _follower(self, node: Chain) -> Follower:
        return Follower(
            self._config,
            self.symbol,
            node,
            guard=self.lease.guard_of_term(),
            hook=self._hook,
            breathe=self._breathe,
        )

    def _mover(self, node: Chain) -> Mover:
        return Mover(self._config, self.symbol, node, guard=self.lease.guard_of_term())

    def _sender(self, node: Chain) -> Sender:
        return Sender(
            self._config,
            self.symbol,
            node,
            guard=self.lease.guard_of_term(),
            paused=_withdrawals_paused,
        )

    def _breathe(self) -> None:
        """Between two commits. A stop ends the round here: a round without breath would keep the
        heartbeat of the stop from the database's lock."""
        if self._stop.wait(BREATH_S):
            raise EngineStopping("the engine is stopping")

    def _work(
        self, follower: Follower, mover: Mover, sender: Sender, node: Chain, now: datetime
    ) -> Round:
        outcome = follower.step(now)
        if outcome.well:
            self._breathe()
            self._refill(node, now)
            row = chains.state(self.symbol)
            tip = BlockRef(int(row.height), str(row.hash))
            mover.step(tip, now)
            self._breathe()
            sender.step(tip, now)
        return outcome

    def _round(self, follower: Follower, mover: Mover, sender: Sender, node: Chain) -> Round:
        now = utc_now()
        try:
            with connected():
                outcome = self._work(follower, mover, sender, node, now)
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

    def _refill(self, node: Chain, now: datetime) -> None:
        """Keep unused addresses ready. A wallet that makes none, such as a locked one, must not
        hold up the deposits to those that were given out."""
        try:
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

    def _pause_s(self) -> float:
        poll = self._currency.poll
        return min(poll * (1 << min(self._failures, 6)), max(poll, BACKOFF_MAX_S))


def _await_first_rounds(crew: Sequence[ChainThread]) -> None:
    """Ready means that addresses can be given out: wait a moment for the first round of each chain
    that is ours. A sick node does not hold it up for longer."""
    deadline = time.monotonic() + READY_WAIT_S
    for each in crew:
        if each.lease.held:
            each.began.wait(max(deadline - time.monotonic(), 0))


def _withdrawals_paused(currency: str) -> str:
    """Why a person stopped withdrawals of this currency, empty when nobody did."""
    brake = braked("withdrawal").get(currency)
    return "" if brake is None else f"paused by staff: {brake.reason}"


class Daemon:
    """Everything that the engine process runs. `opener` makes the node connections."""

    def __init__(self, config: Config, *, opener: Opener = open_node) -> None:
        self._config = config
        self._opener = opener
        self._hook = open_hook(config)
        self._key = load_or_create(config.audit_key)
        self._sealed_at: float | None = None
        holder = secrets.token_hex(8)
        symbols = sorted({currency.chain for currency in config.currencies.values()})
        self._leases = {symbol: ChainLease(symbol, holder) for symbol in symbols}
        self._reconcilers = {
            symbol: Reconciler(config, symbol, partial(opener, config.currencies[symbol]))
            for symbol in symbols
        }

    def run(self, stop: threading.Event, *, on_ready: Callable[[], None]) -> None:
        """Until `stop` is set. Calls `on_ready` when this engine follows or stands by."""
        with connected():
            chains.ensure(self._config, utc_now())
            installation.note_configuration(self._config, utc_now())
            self._beat()
        # Daemon threads: one that waits for a hanging node must not keep the process from ending.
        crew = [self._chain_thread(symbol, stop) for symbol in self._leases]
        threads = [
            threading.Thread(target=each.run, name=f"chain-{each.symbol}", daemon=True)
            for each in crew
        ]
        threads.append(
            threading.Thread(target=self._upkeep, args=(stop,), name="upkeep", daemon=True)
        )
        for thread in threads:
            thread.start()
        _await_first_rounds(crew)
        on_ready()
        while not stop.wait(BEAT_EVERY_S / 2):
            self._guarded(self._beat)
        deadline = time.monotonic() + STOP_WAIT_S
        for thread in threads:
            thread.join(max(deadline - time.monotonic(), 0))
        self._guarded(self._release)

    def _chain_thread(self, symbol: str, stop: threading.Event) -> ChainThread:
        lease = self._leases[symbol]
        return ChainThread(
            self._config,
            symbol,
            lease,
            stop,
            opener=self._opener,
            hook=self._hook,
            reconciler=self._reconcilers[symbol],
        )

    def _beat(self) -> None:
        """Renew what is held, try for what is not; the row also tells others that we live."""
        for symbol, lease in self._leases.items():
            if lease.held:
                try:
                    lease.renew()
                except LeaseLost as error:
                    log.warning("%s: %s", symbol, error)
                    continue
            elif not lease.acquire(monotonic_s=int(time.monotonic())):
                continue
            ChainRow.update(beat_at=rfc3339(utc_now())).where(ChainRow.symbol == symbol).execute()

    def _release(self) -> None:
        for lease in self._leases.values():
            lease.release()

    def _upkeep(self, stop: threading.Event) -> None:
        acts: dict[str, orders.Act] = {
            "seal": self._seal_order,
            "reconcile": self._reconcile_order,
        }
        signed = Office(self._config, guard=self._prove_leases).acts()
        while not stop.wait(ORDERS_EVERY_S):
            if all(lease.held for lease in self._leases.values()):
                self._guarded(lambda: orders.carry_out(acts, utc_now(), signed=signed))
                self._guarded(self._seal_when_due)

    def _prove_leases(self) -> None:
        """Inside a database transaction: no other engine took a chain of ours. Raises LeaseLost."""
        for _, lease in sorted(self._leases.items()):
            lease.guard()

    def _seal_when_due(self) -> None:
        now_s = time.monotonic()
        if self._sealed_at is None or now_s - self._sealed_at >= SEAL_EVERY.total_seconds():
            self._sealed_at = now_s
            seals.seal(now=utc_now(), key=self._key)

    def _seal_order(self, _body: object, now: datetime) -> dict[str, object]:
        made = seals.seal(now=now, key=self._key)
        return {"seals": [line["number"] for line in made]}

    def _reconcile_order(self, body: Mapping[str, Any], _now: datetime) -> dict[str, object]:
        """Compare the chains of the currencies that are asked for, all without any; why one could
        not be compared stands beside it."""
        asked = body.get("currencies") or list(self._config.currencies)
        known = [self._config.currencies[each] for each in asked if each in self._config.currencies]
        return {
            symbol: self._reconcilers[symbol].answer(
                self._leases[symbol], self._hook, full=body.get("full") is True
            )
            for symbol in sorted({currency.chain for currency in known})
        }

    @staticmethod
    def _guarded(work: Callable[[], object]) -> None:
        """Run one piece of upkeep; a fault of the database is said and tried again later."""
        try:
            with connected():
                work()
        except LeaseLost as error:
            log.warning("%s", error)
        except peewee.PeeweeException as error:
            log.warning("database: %s", error)
            _drop_connection()
        except Exception:
            log.exception("upkeep failed")


def _drop_connection() -> None:
    if not database.is_closed():
        database.close()
