"""The bar is for a person at a terminal and never gets into output."""

from __future__ import annotations

import io
import sys

import pytest

from commands.progress import progress_bar


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_without_a_terminal_nothing_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with progress_bar("Exporting", total=10) as advance:
        advance(5)
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_it_shows_on_stderr_only(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with progress_bar("Exporting", total=10) as advance:
        advance(10)
    assert "Exporting" in terminal.getvalue()
    assert capsys.readouterr().out == ""
