"""A sink that hangs, whatever it does, costs a delivery its deadline and no more."""

from __future__ import annotations

import threading
import time
from datetime import datetime

import pytest

from engine.alerts.courier import Courier
from engine.alerts.message import Message
from engine.alerts.sinks import WebhookSink
from engine.errors import DeliveryFailed, EngineStopping
from engine.signed_post import Receiver
from tests.engine.alerts.receivers import HANGS_S, Taken, http_receiver
from tests.engine.alerts.test_sinks import MESSAGE, NOW
from tests.nodes.ports import PATIENCE_S, wait_until


class Faulty:
    """A sink with a fault that nobody thought of."""

    name, where = "faulty", "nowhere"

    def send(self, message: Message, now: datetime) -> None:
        raise RuntimeError(f"{message.id} at {now}")

    def close(self) -> None:
        """Nothing."""


def test_an_answer_that_never_ends_is_cut_at_the_deadline() -> None:
    with http_receiver("endless") as taken:
        courier = Courier(WebhookSink(_receiver(taken)), deadline_s=1)
        began_s = time.monotonic()
        with pytest.raises(DeliveryFailed, match="no answer within 1 s"):
            courier.deliver(MESSAGE, NOW)
        with pytest.raises(DeliveryFailed, match="still hangs at an earlier message"):
            courier.deliver(MESSAGE, NOW)
        assert time.monotonic() - began_s < HANGS_S
        wait_until(lambda: len(taken.bodies) == 1, what="the message")
        _end(taken.release)
        taken.mode = "200"
        courier._deadline_s = PATIENCE_S  # an answer that does come may take its time here
        courier.deliver(MESSAGE, NOW)
    assert len(taken.bodies) == 2


def test_a_stop_waits_for_no_answer() -> None:
    with http_receiver("hang") as taken:
        courier = Courier(WebhookSink(_receiver(taken)), deadline_s=PATIENCE_S)
        timer = threading.Timer(0.3, courier.close)
        timer.start()
        began_s = time.monotonic()
        with pytest.raises(EngineStopping):
            courier.deliver(MESSAGE, NOW)
        assert time.monotonic() - began_s < HANGS_S
        timer.join()
        _end(taken.release)


def _receiver(taken: Taken) -> Receiver:
    return Receiver(taken.url, None, private=True, timeout_s=int(PATIENCE_S))


def _end(release: threading.Event) -> None:
    release.set()
    wait_until(
        lambda: all(thread.name != "webhook" for thread in threading.enumerate()),
        what="the end of its thread",
    )


def test_a_fault_of_ours_is_a_failure_like_any_other(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(DeliveryFailed, match="an internal error; see the engine's log"):
        Courier(Faulty()).deliver(MESSAGE, NOW)
    assert "alerts: faulty failed" in caplog.text
