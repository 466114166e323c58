"""On a terminal a signing command asks, and no answer but yes signs."""

from __future__ import annotations

import os
import pty
import subprocess
import sys

import pytest

from tests.commands.desk import Desk
from tests.commands.processes import TOP
from tests.commands.staffed import StaffedDesk
from tests.engine.approvals.people import People
from tests.nodes.ports import PATIENCE_S


@pytest.fixture
def staffed(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> StaffedDesk:
    return StaffedDesk(desk, People(tmp_path_factory.mktemp("people") / "keys"))


def answer(staffed: StaffedDesk, text: str, *words: str) -> tuple[int, str]:
    """Type a command on a terminal and answer its question; exit code and what it printed."""
    ours, theirs = pty.openpty()
    command = [sys.executable, str(TOP / "cashier.py"), "--config", str(staffed.desk.path), *words]
    os.write(ours, text.encode())
    try:
        done = subprocess.run(
            command, stdin=theirs, capture_output=True, text=True, timeout=PATIENCE_S, check=False
        )
    finally:
        os.close(ours)
        os.close(theirs)
    return done.returncode, done.stdout + done.stderr


def test_a_person_is_asked_and_nothing_but_yes_signs(staffed: StaffedDesk) -> None:
    payment = staffed.held()
    key = str(staffed.people.key("ann"))
    words = ("refuse", payment, "--reason", "no", "--as", "ann", "--key", key)
    with staffed.engine():
        code, printed = answer(staffed, "n\n", *words)
        assert (code, "Sign as ann?" in printed) == (1, True)
        assert "nothing was signed" in printed
        assert staffed.desk.json("show", payment)["state"] == "held"
        code, printed = answer(staffed, "y\n", *words)
        assert (code, "done: refuse" in printed) == (0, True)
    assert staffed.desk.json("show", payment)["state"] == "refused"
