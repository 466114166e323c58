"""The thread that tells staff: looks for facts, keeps the list, and carries what is due to each
sink. Nothing waits for it; a sink that is dead or slow holds up the others for seconds at most.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import peewee

from db.connection import connected
from engine.alerts import board, facts
from engine.alerts.courier import Courier
from engine.alerts.facts import Fact
from engine.alerts.sinks import Sink
from engine.clock import Interval, utc_now
from engine.config import Config
from engine.errors import DeliveryFailed, EngineStopping, LeaseLost

log = logging.getLogger(__name__)

LOOK_EVERY = timedelta(seconds=10)
PAUSE_S = 1
PER_ROUND = 20  # messages to one sink


class Teller:
    """`is_active` says whether this engine is the one that works, `guard` proves it in a database
    transaction: an engine that stands by tells nobody."""

    def __init__(
        self,
        config: Config,
        sinks: Sequence[Sink],
        *,
        is_active: Callable[[], bool] = lambda: True,
        guard: Callable[[], None] = lambda: None,
    ) -> None:
        self._config = config
        self._couriers = [Courier(sink) for sink in sinks]
        self._is_active = is_active
        self._guard = guard
        self._look_due = Interval(LOOK_EVERY)

    def run(self, stop: threading.Event) -> None:
        """Until `stop`."""
        while not stop.wait(PAUSE_S):
            try:
                with connected():
                    self.step(utc_now())
            except (EngineStopping, LeaseLost) as error:
                log.info("alerts: %s", error)
            except peewee.PeeweeException as error:
                log.warning("alerts: database: %s", error)
            except Exception:  # a fault here must not end the telling of all that follows
                log.exception("alerts: a round failed")

    def close(self) -> None:
        """End what is under way; after `stop`, from any thread."""
        for courier in self._couriers:
            courier.close()

    def step(self, now: datetime) -> int:
        """One round; returns how many messages arrived. Raises LeaseLost."""
        if not self._is_active():
            return 0
        if self._look_due.is_due(now):
            self._look(now)
            self._look_due.wait(now)
        return sum(self._carry(courier, now) for courier in self._couriers)

    def _look(self, now: datetime) -> None:
        names = [courier.sink.name for courier in self._couriers]
        failing = [view for view in board.sink_views(names) if view.failing]
        found = [*facts.find(self._config, now), *(_of_sink(view) for view in failing)]
        board.note(found, names, now, guard=self._guard)

    def _carry(self, courier: Courier, now: datetime) -> int:
        """What is due to one sink, oldest first, up to the first failure: the next round goes on
        with those that were tried least, so that no message holds up the others."""
        name, arrived = courier.sink.name, 0
        for message in board.due(name, now, house=self._config.site.name, limit=PER_ROUND):
            try:
                courier.deliver(message, now)
            except DeliveryFailed as error:
                log.warning("alerts: %s by %s: %s", message.kind, name, error)
                board.note_failed(message.id, name, str(error), now)
                break
            board.note_delivered(message.id, name, now)
            arrived += 1
        return arrived


def _of_sink(view: board.SinkView) -> Fact:
    text = f"alerts by {view.name} do not arrive: {view.failing}; cashier check --alerts"
    return Fact(board.SINK_FAILING, "", view.name, text, {"waiting": view.waiting})
