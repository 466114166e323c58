"""Text from outside: nothing of it can style, break or drive a terminal, and it fits its cells."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from console.safe import clip, fit, middle, plain, safe

NASTY = [
    "\x1b[31mred\x1b[0m",
    "\x1b]52;c;ZXZpbA==\x07",
    "bell\x07 and back\x08\x08",
    "new\nline\r\ttab",
    "left\u202eto right\u2066",
    "zero\u200bwidth\u200d",
    "null\x00",
    "c1 \x9b31m",
    "half \ud83d",
    "private \ue000 and tag \U000e0041",
]


@pytest.mark.parametrize("text", NASTY)
def test_nothing_that_is_not_visible_comes_through(text: str) -> None:
    assert safe(text).isprintable()


def test_markup_is_only_text() -> None:
    shown = plain("[red]loss[/red] [@click=app.quit]x[/]")
    assert shown.plain == "[red]loss[/red] [@click=app.quit]x[/]"
    assert not shown.spans


def test_marks_do_not_pile_up_over_other_lines() -> None:
    assert "\u0336" * 3 not in safe("a" + "\u0336" * 40)
    assert safe("e\u0301") == "\u00e9"


@pytest.mark.parametrize("text", ["plain", "\u6f22\u5b57\u6f22\u5b57", "a" * 50, "\x1b[2J", ""])
@pytest.mark.parametrize("width", [1, 2, 5, 11])
def test_what_fits_is_exactly_so_wide(text: str, width: int) -> None:
    assert cell_len(fit(text, width)) == width
    assert cell_len(clip(text, width)) <= width
    assert cell_len(middle(text, width)) <= width


def test_the_middle_of_an_id_is_left_out() -> None:
    assert middle("0123456789abcdef", 9) == "0123…cdef"
    assert middle("short", 9) == "short"


def test_an_amount_stands_at_the_right() -> None:
    assert fit("1.5", 6, right=True) == "   1.5"
