"""What commands print cannot drive a terminal, and its columns align."""

from __future__ import annotations

import io
import sys

import pytest

from commands.output import print_table, printable


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain text", "plain text"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("two\nlines\r", r"two\nlines\r"),
        ("a\u202eb", r"a\u202eb"),
        ("\x9b2J", r"\x9b2J"),
        ("\udcff", r"\udcff"),
        ("Ł", "Ł"),
    ],
)
def test_only_visible_characters_reach_a_terminal(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_columns_align_and_numbers_stand_right(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name", ">amount"), [("ann", "1.5"), ("bob the second", None)])
    assert capsys.readouterr().out.splitlines() == [
        "name            amount",
        "ann                1.5",
        "bob the second       -",
    ]


def test_a_terminal_shows_markup_as_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("COLUMNS", "100")
    print_table(("name", "reason"), [("[red]x[/red]", "\x1b]0;title\x07 :smile:")])
    shown = terminal.getvalue()
    assert "[red]x[/red]" in shown
    assert r"\x1b]0;title\x07 :smile:" in shown
    assert "\x07" not in shown
