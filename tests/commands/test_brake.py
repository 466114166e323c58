"""Brakes at the command line: put on, shown without a name, taken off."""

from __future__ import annotations

import pytest

from tests.commands.desk import Desk
from tests.commands.staffed import StaffedDesk
from tests.engine.approvals.people import People
from tests.engine.house import add_client


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    return People(tmp_path_factory.mktemp("people") / "keys")


@pytest.fixture
def staffed(desk: Desk, people: People) -> StaffedDesk:
    return StaffedDesk(desk, people)


def test_a_paused_currency_is_shown_in_status_and_resumed(staffed: StaffedDesk) -> None:
    with staffed.engine():
        assert staffed.desk.type("status").exit_code == 0
        paused = staffed.type_as("ann", "pause", "LTC", "deposits", "--reason", "fork ahead")
        (row,) = staffed.desk.json("status")["currencies"]
        resumed = staffed.type_as("ben", "resume", "LTC", "--reason", "fork is over")
        assert staffed.desk.type("status").exit_code == 0
    assert (paused.exit_code, resumed.exit_code) == (0, 0)
    assert "done: pause deposits of LTC" in paused.stdout
    assert (row["state"], row["reason"]) == ("paused", "deposits paused by staff: fork ahead")


def test_a_client_is_blocked_and_unblocked(staffed: StaffedDesk) -> None:
    with staffed.desk.opened():
        add_client("CR1")
    with staffed.engine():
        first = staffed.type_as("ann", "client", "block", "CR1", "--reason", "police")
        second = staffed.type_as("ann", "client", "block", "CR1", "--reason", "police")
        third = staffed.type_as("ann", "client", "unblock", "CR1", "--reason", "cleared")
    assert (first.exit_code, third.exit_code) == (0, 0)
    assert (second.exit_code, second.stderr) == (1, "client CR1 is blocked already: police\n")


CANNOT: list[tuple[tuple[str, ...], int]] = [
    (("pause", "XYZ", "--reason", "x"), 2),
    (("pause", "LTC"), 2),
    (("pause", "LTC", "transfers", "--reason", "x"), 2),
    (("pause", "LTC", "--reason", ""), 1),
    (("resume", "LTC", "--reason", "x"), 1),
    (("client", "block", "nobody", "--reason", "x"), 1),
    (("client", "block", "\x1b[2J", "--reason", "x"), 1),
    (("client", "--reason", "x"), 2),
]


def test_a_brake_that_grips_nothing_is_one_line(staffed: StaffedDesk) -> None:
    with staffed.engine():
        for words, code in CANNOT:
            result = staffed.type_as("ann", *words)
            assert (result.exit_code, result.stderr.count("\n")) == (code, 1), words
            assert result.stderr.rstrip("\n").isprintable()
