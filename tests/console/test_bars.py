"""Bars: the most is the highest, nothing is a dot, what was not counted is blank."""

from __future__ import annotations

from console.bars import bars


def test_the_most_is_the_highest_and_nothing_is_a_dot() -> None:
    assert bars((0, 1, 4, 8)) == "·▁▄█"


def test_what_was_not_counted_is_blank() -> None:
    assert bars((5, 5, 5), known=1) == "  █"


def test_no_figures_are_no_bars() -> None:
    assert bars(()) == ""
    assert bars((0, 0)) == "··"
