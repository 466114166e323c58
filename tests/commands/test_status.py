"""Status says at a glance what stands still, and its figures add up."""

from __future__ import annotations

from datetime import timedelta

import pytest

from db.alerts import AlertDelivery
from db.models import Chain
from engine.alerts import board
from engine.alerts.facts import Fact
from engine.clock import rfc3339, utc_now
from engine.money import parse_amount
from tests.commands.desk import Desk
from tests.commands.test_payments import credited
from tests.engine.house import add_deposit
from tests.web.till import Till

CURRENCY_KEYS = [
    *("currency", "network", "state", "reason", "height", "hash", "behind", "tip_age"),
    *("hot_address", "balances", "payments", "breaks", "unexplained"),
]


def beat(seconds_ago: int = 0) -> None:
    """The engine shows a sign of life."""
    Chain.update(beat_at=rfc3339(utc_now() - timedelta(seconds=seconds_ago))).execute()


def test_a_well_currency_is_exit_0(desk: Desk) -> None:
    with desk.opened() as config:
        Till(config, height=1234)
        beat()
    assert desk.type("status").exit_code == 0
    status = desk.json("status")
    assert status["engine"] == "running"
    (row,) = status["currencies"]
    assert list(row) == CURRENCY_KEYS
    assert (row["state"], row["reason"]) == ("well", None)
    assert (row["height"], row["behind"], row["network"]) == (1234, 0, "regtest")


def test_a_paused_currency_is_exit_1_with_its_reason(desk: Desk) -> None:
    with desk.opened() as config:
        Till(config).chain("LTC", height=7, state="paused", reason="catching up\x1b[0m")
        beat()
    result = desk.type("status")
    assert result.exit_code == 1
    assert r"catching up\x1b[0m" in result.stdout
    assert desk.json("status")["currencies"][0]["state"] == "paused"


@pytest.mark.parametrize("seconds_ago", [20, 86_400])
def test_what_a_silent_engine_said_last_is_not_believed(desk: Desk, seconds_ago: int) -> None:
    with desk.opened() as config:
        Till(config)
        beat(seconds_ago)
    status = desk.json("status")
    assert status["engine"] == "stopped"
    assert status["currencies"][0]["reason"] == "the engine is not running"
    assert desk.type("status").exit_code == 1


def test_a_currency_that_nobody_contacted_is_shown(desk: Desk) -> None:
    (row,) = desk.json("status")["currencies"]
    assert (row["state"], row["height"], row["tip_age"]) == ("paused", None, None)


def test_balances_add_up_and_clients_are_one_line(desk: Desk) -> None:
    with desk.opened() as config:
        Till(config)
        for number in range(3):
            credited(config, f"c{number}", units=10**8 + number)
        add_deposit(config, "dan", state="held", units=4)
    (row,) = desk.json("status")["currencies"]
    units = {name: parse_amount(amount, 8) for name, amount in row["balances"].items()}
    assert units["wallet:deposits"] == units["client:*"] == 300_000_003
    assert units["suspense:*"] == 0
    assert row["payments"] == {"credited": 3, "held": 1}
    shown = desk.type("status").stdout
    assert "3.00000003" in shown
    assert "client:c1" not in shown


def test_the_sandbox_clock_is_honoured_and_garbage_in_it_is_wrong_use(desk: Desk) -> None:
    with desk.opened() as config:
        Till(config)
        beat()
    later = desk.type("status", environ={"CASHIER_CLOCK": "+1d"})
    assert "stopped" in later.stdout
    garbage = desk.type("status", environ={"CASHIER_CLOCK": "tomorrow"})
    assert garbage.exit_code == 2
    assert "CASHIER_CLOCK must look like +3d" in garbage.stderr
    assert desk.type("status").exit_code == 0


def test_what_staff_must_know_is_shown_and_what_could_not_be_told(desk: Desk) -> None:
    desk.write(tables={"alerts": {"command": ["/bin/false"]}})
    now = utc_now()
    with desk.opened() as config:
        Till(config)
        beat()
        fact = Fact("parked", "LTC", "x", "LTC: x cannot be used\x1b[0m")
        board.note([fact], ["command"], now, guard=lambda: None)
        AlertDelivery.update(tries=3, last_error="it ended with 1").execute()
    shown = desk.type("status").stdout
    assert r"LTC: x cannot be used\x1b[0m" in shown
    assert "it ended with 1" in shown
    told = desk.json("status")["alerts"]
    assert [(each["kind"], each["since"]) for each in told["open"]] == [("parked", rfc3339(now))]
    assert told["sinks"] == [
        {
            "name": "command",
            "state": "failing",
            "waiting": 1,
            "reason": "it ended with 1",
            "delivered_at": None,
        }
    ]
