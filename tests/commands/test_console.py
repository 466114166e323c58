"""`cashier console` at the command line; the console itself is in tests/console."""

from __future__ import annotations

from tests.commands.desk import Desk


def test_without_a_terminal_it_says_so_in_one_line(desk: Desk) -> None:
    done = desk.type("console")
    assert done.exit_code == 2
    assert len(done.stderr.splitlines()) == 1
    assert "needs a terminal" in done.stderr
