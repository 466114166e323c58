"""One sink with a deadline: whatever it does, or never does, its caller goes on."""

from __future__ import annotations

import logging
import queue
import threading
import time
from datetime import datetime

from engine.alerts.message import Message
from engine.alerts.sinks import Sink
from engine.errors import DeliveryFailed, EngineStopping

log = logging.getLogger(__name__)

DEADLINE_S = 20  # for a whole delivery
LISTEN_S = 0.2  # seconds


class Courier:
    """Carries messages to one sink, one at a time."""

    def __init__(self, sink: Sink, *, deadline_s: float = DEADLINE_S) -> None:
        self.sink = sink
        self._deadline_s = deadline_s
        self._thread: threading.Thread | None = None
        self._closed = threading.Event()

    def deliver(self, message: Message, now: datetime) -> None:
        """Hand over one message. Raises DeliveryFailed; then it may have arrived all the same.
        Raises EngineStopping when `close` is called meanwhile."""
        if self._thread is not None and self._thread.is_alive():
            raise DeliveryFailed("it still hangs at an earlier message")
        answers: queue.SimpleQueue[DeliveryFailed | None] = queue.SimpleQueue()
        # A daemon thread: a receiver that hangs must not keep the engine from ending.
        self._thread = threading.Thread(
            target=self._send, args=(message, now, answers), name=self.sink.name, daemon=True
        )
        self._thread.start()
        failure = self._await(answers)
        if failure is not None:
            raise failure

    def close(self) -> None:
        """Wait for nothing any more, and end what is under way."""
        self._closed.set()
        self.sink.close()

    def _await(self, answers: queue.SimpleQueue[DeliveryFailed | None]) -> DeliveryFailed | None:
        deadline = time.monotonic() + self._deadline_s
        while time.monotonic() < deadline:
            try:
                return answers.get(timeout=LISTEN_S)
            except queue.Empty:
                if self._closed.is_set():
                    raise EngineStopping("the engine is stopping") from None
        return DeliveryFailed(f"no answer within {self._deadline_s} s")

    def _send(
        self, message: Message, now: datetime, answers: queue.SimpleQueue[DeliveryFailed | None]
    ) -> None:
        try:
            self.sink.send(message, now)
        except DeliveryFailed as error:
            answers.put(error)
        except BaseException:
            log.exception("alerts: %s failed", self.sink.name)
            answers.put(DeliveryFailed("an internal error; see the engine's log"))
        else:
            answers.put(None)
