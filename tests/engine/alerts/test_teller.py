"""Staff are told for certain, whatever the sinks do, and nobody waits for it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from db.alerts import Alert
from db.connection import database as opened
from db.models import Chain, Parked
from engine import chains
from engine.alerts import board
from engine.alerts.message import Message
from engine.alerts.sinks import Sink, WebhookSink, sinks_of
from engine.alerts.teller import Teller
from engine.clock import rfc3339
from engine.config import Config
from engine.errors import DeliveryFailed
from engine.signed_post import Receiver
from tests.engine.alerts.receivers import Taken, http_receiver
from tests.engine.house import NOW, house
from tests.nodes.ports import PATIENCE_S, wait_until


class Dead:
    """A mailbox whose server is gone for ever."""

    name, where = "email", "nowhere"

    def send(self, message: Message, now: datetime) -> None:
        raise DeliveryFailed("connection refused", detail=f"{message.id} at {now}")

    def close(self) -> None:
        """Nothing."""


@pytest.fixture
def config(database: str, tmp_path: Path) -> Config:
    assert database
    config = house(tmp_path)
    chains.ensure(config, NOW)
    Chain.update(state="well", reason="").execute()
    return config


@pytest.fixture
def taken() -> Iterator[Taken]:
    with http_receiver() as taken:
        yield taken


def hook(taken: Taken) -> Sink:
    return WebhookSink(Receiver(taken.url, None, private=True, timeout_s=10))


def trouble(key: str = "tx/vout:0") -> None:
    """Something that staff must know."""
    Parked.create(chain="LTC", key=key, reason="no amount", since=rfc3339(NOW))


def texts(taken: Taken) -> list[str]:
    return [json.loads(body)["data"]["text"] for body in taken.bodies]


def test_trouble_is_told_once_and_again_when_it_comes_back(config: Config, taken: Taken) -> None:
    teller, now = Teller(config, [hook(taken)]), NOW
    trouble()
    for _ in range(5):
        teller.step(now)
        now += timedelta(minutes=1)
    assert texts(taken) == ["LTC: tx/vout:0 cannot be used: no amount"]
    Parked.delete().execute()
    teller.step(now)
    trouble()
    teller.step(now + timedelta(hours=1))
    assert len(texts(taken)) == 2


def test_what_was_found_survives_a_restart_and_a_receiver_that_was_away(
    config: Config, taken: Taken
) -> None:
    trouble()
    taken.mode = "500"
    assert Teller(config, [hook(taken)]).step(NOW) == 0
    Parked.delete().execute()  # it is over before anybody could be told
    taken.mode = "200"
    assert Teller(config, [hook(taken)]).step(NOW + timedelta(seconds=1)) == 0
    assert Teller(config, [hook(taken)]).step(NOW + timedelta(seconds=5)) == 1
    ids = [headers["webhook-id"] for headers in taken.headers]
    assert len(ids) == 2
    assert ids[0] == ids[1]
    assert Teller(config, [hook(taken)]).step(NOW + timedelta(seconds=60)) == 0


def test_a_dead_sink_is_named_and_holds_up_no_other(config: Config, taken: Taken) -> None:
    teller, now = Teller(config, [Dead(), hook(taken)]), NOW
    trouble()
    for _ in range(8):
        teller.step(now)
        now += timedelta(minutes=1)
    assert texts(taken) == [
        "LTC: tx/vout:0 cannot be used: no amount",
        "alerts by email do not arrive: connection refused; cashier check --alerts",
    ]
    (email,) = board.sink_views(["email"])
    assert (email.failing, email.waiting) == ("connection refused", 1)


def test_an_engine_that_stands_by_tells_nobody(config: Config, taken: Taken) -> None:
    trouble()
    assert Teller(config, [hook(taken)], is_active=lambda: False).step(NOW) == 0
    assert Alert.select().count() == 0


def test_without_a_sink_the_list_is_kept_for_whoever_looks(config: Config) -> None:
    trouble()
    Teller(config, sinks_of(config)).step(NOW)
    assert [view.kind for view in board.open_alerts()] == ["parked"]


def test_the_thread_outlives_a_fault_and_ends_at_a_stop(
    config: Config, taken: Taken, caplog: pytest.LogCaptureFixture
) -> None:
    trouble()
    stop, faults = threading.Event(), iter([RuntimeError("once")])

    def guard() -> None:
        for fault in faults:
            raise fault

    teller = Teller(config, [hook(taken)], guard=guard)
    thread = threading.Thread(target=teller.run, args=(stop,))
    thread.start()
    wait_until(lambda: bool(taken.bodies), what="the alert")
    assert "alerts: a round failed" in caplog.text
    began_s = time.monotonic()
    stop.set()
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
    assert time.monotonic() - began_s < PATIENCE_S / 5
    assert not opened.is_closed()  # this thread's connection
