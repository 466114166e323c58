"""A check says where staff are told and whether it arrives, and sends nothing unasked."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.alerts import AlertDelivery
from engine.alerts import board
from engine.alerts.facts import Fact
from engine.config import Config
from engine.preflight import Finding, check_alerts
from tests.engine.alerts.receivers import http_receiver
from tests.engine.house import NOW, house

pytestmark = pytest.mark.usefixtures("database")


def look(config: Config, *, send: bool = False) -> list[Finding]:
    return list(check_alerts(config, now=NOW, with_database=True, send=send))


def test_a_test_is_sent_to_whoever_asks_for_it_and_to_nobody_else(tmp_path: Path) -> None:
    with http_receiver() as taken:
        config = house(tmp_path, tables={"alerts": {"webhook": taken.url}})
        (quiet,) = look(config)
        assert taken.bodies == []
        (loud,) = look(config, send=True)
    assert (quiet.ok, quiet.what) == (True, f"127.0.0.1:{taken.port}: configured")
    assert (loud.ok, loud.what) == (True, f"127.0.0.1:{taken.port}: it took a test")
    assert b"alert.test" in taken.bodies[0]
    assert len(taken.bodies) == 1


def test_what_does_not_take_a_test_fails_with_its_key(tmp_path: Path) -> None:
    alerts = {"command": ["/bin/false"]}
    (found,) = look(house(tmp_path, tables={"alerts": alerts}), send=True)
    assert (found.ok, found.what, found.key) == (
        False,
        "/bin/false: it ended with 1",
        "alerts.command",
    )


def test_a_sink_that_fails_in_the_engine_fails_the_check(tmp_path: Path) -> None:
    config = house(tmp_path, tables={"alerts": {"command": ["/bin/true"]}})
    board.note([Fact("parked", "LTC", "x", "x")], ["command"], NOW, guard=lambda: None)
    assert look(config)[0].ok
    AlertDelivery.update(tries=3, last_error="it ended with 1").execute()
    (found,) = look(config)
    assert (found.ok, found.what) == (False, "/bin/true: it ended with 1")
    assert found.cure == "cashier check --alerts tries it now"


def test_without_alerts_a_sandbox_is_quiet_and_a_test_is_a_failure(tmp_path: Path) -> None:
    config = house(tmp_path)
    assert look(config) == []
    (found,) = look(config, send=True)
    assert (found.ok, found.what) == (False, "nobody is told of anything: [alerts] is empty")
