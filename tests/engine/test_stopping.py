"""A stop in the middle of a long piece of work ends it between two commits, and loses nothing."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from db.attempts import Attempt
from db.models import Lease, Payment
from engine.chain import SendReply
from engine.clock import utc_now
from engine.lease import ChainLease
from tests.engine.running import STOP_MAX_S, running
from tests.engine.sender.desk import COIN, Desk
from tests.nodes.fake import FakeChain
from tests.nodes.harness import FakeHarness
from tests.nodes.ports import wait_until

ARRIVALS, ADDRESSES = 1200, 20
QUEUE = 20
SEND_S = 0.2  # what a slow node takes for each chain tx


@pytest.fixture
def fake() -> FakeHarness:
    return FakeHarness()


@pytest.fixture
def desk(database: str, tmp_path: Path, fake: FakeHarness) -> Desk:
    """A house that follows the clock on the wall, as its daemon does."""
    keys: dict[str, object] = {"batch.max": 1, "batch.every": 0, "address_pool": 25, "poll": 0.1}
    open_desk: Callable[..., Desk] = Desk.open
    opened = open_desk(tmp_path, database, fake, confirmations=1, **keys)
    opened.now = utc_now()
    return opened


def _stop_when(desk: Desk, begun: Callable[[], bool], caplog: pytest.LogCaptureFixture) -> None:
    """A daemon works until `begun`; then it is stopped, which is quick and no error."""
    desk.lease.release()
    chain = desk.on.chain
    assert isinstance(chain, FakeChain)
    chain.down = "it starts a moment later"  # a daemon is ready when its first round is over
    threads = threading.active_count()
    with caplog.at_level(logging.INFO), running(desk.config, {"LTC": chain}) as stop:
        chain.down = ""
        wait_until(begun, what="the middle of the work")
        stop.set()
        asked_at = time.monotonic()
        wait_until(lambda: threading.active_count() <= threads, what="the end of its threads")
        took_s = time.monotonic() - asked_at
    assert took_s < STOP_MAX_S
    assert Lease.get_by_id("LTC").holder is None
    bad = [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR]
    assert not bad
    assert "the engine is stopping" in caplog.text


def _go_on(desk: Desk) -> None:
    """Another engine does the rest."""
    desk.lease = ChainLease("LTC", "the next one")
    assert desk.lease.acquire(monotonic_s=0)
    desk.restart()
    desk.now = utc_now()
    desk.settle()


def _deposits() -> int:
    return Payment.select().where(~Payment.txid.is_null() & (Payment.kind == "deposit")).count()


def _pay_everybody(desk: Desk) -> None:
    addresses = [desk.address(f"client{number}") for number in range(ADDRESSES)]
    for _ in range(ARRIVALS // ADDRESSES):
        desk.on.pay_many(dict.fromkeys(addresses, COIN))


def test_in_a_round_of_thousands_of_arrivals(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    _pay_everybody(desk)
    desk.on.mine(1)
    _stop_when(desk, lambda: _deposits() > 0, caplog)
    assert 0 < _deposits() < ARRIVALS, "the round was over before the stop"
    _go_on(desk)
    assert set(desk.states()) == {"credited"}
    assert _deposits() == ARRIVALS


def test_in_a_recount_of_thousands_of_coins(
    desk: Desk, fake: FakeHarness, caplog: pytest.LogCaptureFixture
) -> None:
    """They are in blocks that the follower passed without seeing them, as before an import."""
    _pay_everybody(desk)
    fake.mine(2)
    ours, fake.fake.ours = fake.fake.ours, set()
    desk.step()
    fake.fake.ours = ours
    assert _deposits() == 0
    _stop_when(desk, lambda: _deposits() > 0, caplog)
    assert 0 < _deposits() < ARRIVALS, "the recount was over before the stop"


def test_in_a_queue_of_withdrawals_on_a_slow_node(
    desk: Desk, fake: FakeHarness, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.fund("ann", *[COIN] * (QUEUE + 5))
    paid = [desk.withdraw("ann", COIN // 2) for _ in range(QUEUE)]
    send = fake.fake.send

    def send_slowly(raw: str) -> SendReply:
        time.sleep(SEND_S)
        return send(raw)

    with monkeypatch.context() as slow:
        slow.setattr(fake.fake, "send", send_slowly)
        _stop_when(desk, lambda: len(fake.fake.sent) > 1, caplog)
    assert len(fake.fake.sent) < QUEUE, "all were sent before the stop"
    assert Attempt.select().where(Attempt.state == "stored").count() == QUEUE
    _go_on(desk)
    desk.finish(*paid)
