"""One line for each event, whatever is in it."""

from __future__ import annotations

import io
import logging
import sys

import pytest

from commands.journal import OneLine, start_journal


def logged(monkeypatch: pytest.MonkeyPatch, *, verbose: bool = False) -> io.StringIO:
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    start_journal(verbose=verbose)
    return written


def test_an_event_is_one_line_with_its_utc_time(monkeypatch: pytest.MonkeyPatch) -> None:
    written = logged(monkeypatch)
    record = logging.LogRecord("engine.x", logging.WARNING, "", 0, "LTC: %s", ("paused",), None)
    record.created = 1_793_361_600
    assert OneLine("%(asctime)s %(levelname)s %(name)s %(message)s").format(record) == (
        "2026-10-30T12:00:00.000Z WARNING engine.x LTC: paused"
    )
    logging.getLogger("engine.x").warning("a node says\n\x1b[2J")
    assert written.getvalue().endswith(r"a node says | \x1b[2J" + "\n")


def test_a_trace_is_folded_into_its_event(monkeypatch: pytest.MonkeyPatch) -> None:
    written = logged(monkeypatch)
    try:
        int("broken")
    except ValueError:
        logging.getLogger("engine.x").exception("a round failed")
    (line,) = written.getvalue().splitlines()
    assert "a round failed | Traceback" in line
    assert "ValueError: invalid literal" in line


@pytest.mark.parametrize("name", ["BitcoinRPC", "peewee", "tornado.access"])
def test_those_that_print_what_they_carry_are_quiet(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    written = logged(monkeypatch, verbose=True)
    logging.getLogger(name).debug("walletpassphrase hunter2")
    logging.getLogger(name).info("GET /cashier?token=hunter2")
    logging.getLogger("engine.x").debug("a detail")
    assert "hunter2" not in written.getvalue()
    assert "a detail" in written.getvalue()


def test_details_come_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    written = logged(monkeypatch)
    logging.getLogger("engine.x").debug("a detail")
    logging.getLogger("engine.x").info("an event")
    assert "a detail" not in written.getvalue()
    assert "an event" in written.getvalue()
