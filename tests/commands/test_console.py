"""`cashier console` at a real terminal; its screens are in tests/console."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from engine import installation
from tests.commands.desk import Desk
from tests.commands.processes import TOP
from tests.commands.staffed import StaffedDesk
from tests.engine.approvals.people import People
from tests.nodes.ports import PATIENCE_S


class Seat:
    """A process at a pseudo-terminal of 80x24."""

    def __init__(self, words: list[str], state: Path) -> None:
        self.drawn = b""
        self._own, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        environ = {**os.environ, "TERM": "xterm-256color", "XDG_STATE_HOME": str(state)}
        self.process = subprocess.Popen(
            words, stdin=theirs, stdout=theirs, stderr=theirs, cwd=TOP, env=environ
        )
        os.close(theirs)

    def sees(self, text: str) -> None:
        until = time.monotonic() + PATIENCE_S
        while text.encode() not in self.drawn:
            assert time.monotonic() < until, self.drawn[-2000:]
            assert self._read(0.1) or self.process.poll() is None, self.drawn[-2000:]

    def press(self, key: str) -> None:
        os.write(self._own, key.encode())

    def leaves(self) -> int:
        """The exit code; what it still says is read, so that it need not wait for us."""
        until = time.monotonic() + PATIENCE_S
        while self.process.poll() is None:
            assert time.monotonic() < until, self.drawn[-2000:]
            self._read(0.1)
        while self._read(0):
            pass
        return int(self.process.returncode)

    def _read(self, most_s: float) -> bool:
        ready, _, _ = select.select([self._own], [], [], most_s)
        try:
            said = os.read(self._own, 65_536) if ready else b""
        except OSError:  # the terminal's other side is closed
            return False
        self.drawn += said
        return bool(said)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._own)


@contextmanager
def seat(desk: Desk, *words: str) -> Iterator[Seat]:
    command = [sys.executable, str(TOP / "cashier.py"), "--config", str(desk.path), "console"]
    sitting = Seat([*command, *words], desk.folder / "state")
    try:
        yield sitting
    finally:
        sitting.end()


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    return People(tmp_path_factory.mktemp("people") / "keys")


def _name_installation(desk: Desk) -> None:
    with desk.opened():
        installation.ensure_id()


def test_without_a_terminal_it_says_so_in_one_line(desk: Desk) -> None:
    done = desk.type("console")
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1
    assert "needs a terminal" in done.stderr


def test_a_person_proves_who_sits_here_and_leaves_by_a_key(desk: Desk, people: People) -> None:
    StaffedDesk(desk, people).held()
    _name_installation(desk)
    with seat(desk, "--as", "ben", "--key", str(people.key("ben")), "--theme", "light") as sitting:
        sitting.sees("ben · approver")
        sitting.sees("! held")
        sitting.press("q")
        assert sitting.leaves() == 0


def test_the_key_of_another_opens_nothing(desk: Desk, people: People) -> None:
    StaffedDesk(desk, people)
    _name_installation(desk)
    with seat(desk, "--as", "ben", "--key", str(people.key("ann"))) as sitting:
        assert sitting.leaves() == 1
        assert sitting.drawn.strip() == b"the key is not one of ben that is in force now"


def test_a_database_that_is_not_there_is_one_line_after_the_screen(new_desk: Desk) -> None:
    with seat(new_desk) as sitting:
        assert sitting.leaves() == 2
        assert b"run `cashier migrate`" in sitting.drawn
