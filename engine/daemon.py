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
from engine import chains, installation, orders
from engine.alerts.sinks import sinks_of
from engine.alerts.teller import Teller
from engine.approvals.office import Office
from engine.audit import seals
from engine.audit.keys import load_or_create
from engine.chain import Followed
from engine.chain_thread import STOP_WAIT_S, ChainThread, Opener, open_countable
from engine.clock import rfc3339, utc_now
from engine.config import Config, Currency
from engine.errors import LeaseLost
from engine.families import open_followed
from engine.lease import BEAT_EVERY_S, ChainLease
from engine.reconciliation.reconciler import Reconciler
from engine.risk import open_hook

log = logging.getLogger(__name__)

SEAL_EVERY = timedelta(minutes=10)
ORDERS_EVERY_S = 0.25  # seconds
READY_WAIT_S = 3


def open_node(currency: Currency) -> Followed:
    """The chain behind a currency's configured node."""
    return open_followed(currency, currency.node.reveal() if currency.node else "")


def _await_first_rounds(crew: Sequence[ChainThread]) -> None:
    """Ready means that addresses can be given out: wait a moment for the first round of each chain
    that is ours. A sick node does not hold it up for longer."""
    deadline = time.monotonic() + READY_WAIT_S
    for each in crew:
        if each.lease.held:
            each.began.wait(max(deadline - time.monotonic(), 0))


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
        self._teller = Teller(
            config, sinks_of(config), is_active=self._is_active, guard=self._prove_leases
        )
        self._reconcilers = {
            symbol: Reconciler(
                config, symbol, partial(open_countable, opener, config.currencies[symbol])
            )
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
        threads += [
            threading.Thread(target=work, args=(stop,), name=name, daemon=True)
            for name, work in (("upkeep", self._upkeep), ("alerts", self._teller.run))
        ]
        for thread in threads:
            thread.start()
        _await_first_rounds(crew)
        on_ready()
        while not stop.wait(BEAT_EVERY_S / 2):
            self._guarded(self._beat)
        self._teller.close()
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
            if self._is_active():
                self._guarded(lambda: orders.carry_out(acts, utc_now(), signed=signed))
                self._guarded(self._seal_when_due)

    def _is_active(self) -> bool:
        """Whether every chain is followed by this engine."""
        return all(lease.held for lease in self._leases.values())

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
