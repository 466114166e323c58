"""A daemon in a thread of this process, on chains in memory."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from engine.chain import Chain
from engine.config import Config, Currency
from engine.daemon import Daemon
from tests.nodes.fake import FakeChain
from tests.nodes.ports import PATIENCE_S

STOP_MAX_S = 30  # what hangs longer than that in a test hangs for ever


@contextmanager
def running(config: Config, nodes: Mapping[str, FakeChain]) -> Iterator[threading.Event]:
    """A daemon on these nodes; the event stops it, and so does leaving the block."""
    stop, ready = threading.Event(), threading.Event()

    def opener(currency: Currency) -> Chain:
        return nodes[currency.symbol]

    daemon = Daemon(config, opener=opener)
    thread = threading.Thread(target=daemon.run, args=(stop,), kwargs={"on_ready": ready.set})
    thread.start()
    try:
        assert ready.wait(PATIENCE_S)
        yield stop
    finally:
        stop.set()
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), "the daemon did not stop"
