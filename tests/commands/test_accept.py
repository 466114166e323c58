"""Accepting at the command line: what waits is shown everywhere, and two approvers let it count."""

from __future__ import annotations

from typing import Any

import pytest

from engine import installation
from engine.clock import utc_now
from tests.commands.desk import Desk
from tests.commands.staffed import StaffedDesk
from tests.engine.approvals.people import People
from tests.engine.toml_text import LTC_NODE, SITE_SECRET
from tests.web.till import Till


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    return People(tmp_path_factory.mktemp("people") / "keys")


class MainDesk(StaffedDesk):
    """A desk on a main network."""

    def __init__(self, desk: Desk, people: People) -> None:
        super().__init__(desk, people)
        for name, text in (("secret", SITE_SECRET), ("node", LTC_NODE)):
            (desk.folder / name).write_text(text)
            (desk.folder / name).chmod(0o600)

    def write(self, *names: str) -> None:
        """Cashier.toml with these people, as an engine finds it when it starts."""
        staff = [
            {"name": name, "role": role, "key": self.people.public[name]}
            for name, role in (("ben", "approver"), ("cleo", "approver"), ("ann", "payments"))
            if name in names
        ]
        site = {"handshake": {"algorithm": "HS256", "secret": "file:secret"}}
        limits = {"approve_above": "5", "daily_limit": "50", "total_daily": "500"}
        main: dict[str, Any] = {"network": "main", "node": "file:node", "withdrawal": limits}
        self.desk.write(tables={"staff": staff, "site": site}, **main)
        with self.desk.opened() as config:
            installation.note_configuration(config, utc_now())


@pytest.fixture
def staffed(desk: Desk, people: People) -> MainDesk:
    """Founded with two approvers; ann came later."""
    made = MainDesk(desk, people)
    made.write("ben", "cleo")
    with desk.opened() as config:
        Till(config)
    made.write("ben", "cleo", "ann")
    return made


def test_two_approvers_let_a_new_key_count(staffed: MainDesk) -> None:
    listed = staffed.desk.type("keys", "accept")
    assert listed.exit_code == 0
    assert "ann as payments" in listed.stdout
    (item,) = staffed.desk.json("keys", "accept")["items"]
    assert item["account"] == "ann/payments/-/-"
    with staffed.engine():
        refused = staffed.type_as("ann", "pause", "LTC", "--reason", "mine")
        assert refused.exit_code == 1
        assert "the key of ann waits for two approvers" in refused.stderr
        first = staffed.type_as("ben", "keys", "accept", "ann")
        assert "signed, 1 of 2" in first.stdout, first.output
        second = staffed.type_as("cleo", "keys", "accept", "ann")
        assert "done: accept the key SHA256:" in second.stdout
        paused = staffed.type_as("ann", "pause", "LTC", "--reason", "mine")
        assert paused.exit_code == 0, paused.output
    assert staffed.desk.type("keys", "accept").stdout == "nothing waits\n"


def test_check_and_status_say_what_waits(staffed: MainDesk) -> None:
    checked = staffed.desk.type("check")
    assert "acceptance" in checked.stdout
    assert "cashier keys accept ann" in checked.stdout
    assert "ann as payments" in staffed.desk.type("status").stdout
    (item,) = staffed.desk.json("status")["acceptance"]
    assert item["kind"] == "staff_key"


def test_what_does_not_wait_is_wrong_use(staffed: MainDesk) -> None:
    result = staffed.type_as("ben", "keys", "accept", "zoe")
    assert (result.exit_code, "nothing of zoe waits" in result.stderr) == (2, True)
    result = staffed.desk.type("keys", "accept", "--as", "ben")
    assert (result.exit_code, "say what to accept" in result.stderr) == (2, True)
