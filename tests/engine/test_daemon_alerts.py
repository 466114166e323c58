"""A running engine tells staff by itself, and a sink that hangs keeps nothing else from it."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from db.models import Parked
from engine.clock import rfc3339, utc_now
from engine.config import load_config
from tests.engine.alerts.receivers import http_receiver
from tests.engine.running import STOP_MAX_S, running
from tests.engine.test_daemon import _is_credited, _pay
from tests.engine.toml_text import dump, minimal
from tests.nodes.fake import FakeChain
from tests.nodes.ports import wait_until


def test_staff_are_told_while_deposits_go_on_and_a_stop_is_quick(
    database: str, tmp_path: Path
) -> None:
    path, told = tmp_path / "cashier.toml", tmp_path / "told"
    with http_receiver("hang") as hanging:
        alerts = {"webhook": hanging.url, "command": ["/bin/sh", "-c", f"cat >> {told}; sleep 60"]}
        document = minimal(confirmations=2, poll=1, address_pool=3)
        path.write_text(dump({**document, "cashier": {"database": database}, "alerts": alerts}))
        config = load_config(path, role="engine", environ={})
        node = FakeChain("LTC")
        with running(config, {"LTC": node}) as stop:
            Parked.create(chain="LTC", key="x", reason="no amount", since=rfc3339(utc_now()))
            wait_until(lambda: bool(hanging.bodies), what="the alert")
            _pay(config, "LTC", node)
            wait_until(lambda: _is_credited("LTC"), what="the credit")
            wait_until(lambda: _said(told) != "", what="the alert by the other way")
            began_s = time.monotonic()
            stop.set()
        assert time.monotonic() - began_s < STOP_MAX_S
    assert "cannot be used: no amount" in _said(told)
    wait_until(
        lambda: all(thread.name != "alerts" for thread in threading.enumerate()),
        what="the end of its thread",
    )


def _said(told: Path) -> str:
    """What the command was given so far: its file is there before anything is in it."""
    return told.read_text() if told.exists() else ""
