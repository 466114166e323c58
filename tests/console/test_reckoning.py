"""Sums and breaks as text: a shape and a word for each standing, columns that align when copied."""

from __future__ import annotations

from dataclasses import replace

import pytest

from console import reckoning
from engine.clock import rfc3339
from engine.reconciliation.board import BoardRow
from engine.reconciliation.kinds import ENGINE
from engine.reconciliation.standing import BreakView, SumView
from engine.reconciliation.telling import sum_lines
from tests.console.terminal import NOW

AT = rfc3339(NOW)
SUMS = SumView("LTC", 8, 2_741_003, "0f" * 32, AT, 5, 5, {"wallet:hot": 5}, (), 0)
EVEN = BoardRow("LTC", "currency", "LTC", 8, sums=SUMS)
UNEVEN = replace(EVEN, id="BTC", currency="BTC", sums=replace(SUMS, residual=-1), breaks=2)
NEVER = BoardRow("ETH", "currency", "ETH", 18)
BREAK = BreakView(
    *("1" * 32, "state_lags", "LTC", 8, "about", 5, {}, ENGINE, "cure", (), "open", AT, AT, "", 0)
)


@pytest.mark.parametrize(
    ("row", "left", "right"),
    [
        (EVEN, "LTC at block 2,741,003  0f0f0…0f0f  00:00 ago", "= explained"),
        (replace(EVEN, breaks=1), "LTC at block 2,741,003", "! 1 break"),
        (UNEVEN, "BTC", "! NOT EXPLAINED, 2 breaks"),
        (NEVER, "cashier check ETH", "never compared"),
        (BoardRow("m", "more", "LTC", 8, left=1234), "… and 1,234 more", ""),
        (BoardRow("b", "break", "LTC", 8, found=BREAK), "~ state_lags  00:00  cures", "0.00000005"),
        (BoardRow("g", "gap", "LTC", 8), "", ""),
    ],
)
def test_each_row_says_how_it_stands_by_words_and_shape(
    row: BoardRow, left: str, right: str
) -> None:
    assert left in reckoning.text_of(row, NOW)[0]
    assert reckoning.figure_of(row)[0] == right


def test_one_line_tells_whether_anything_is_wrong() -> None:
    assert reckoning.standing_of([EVEN, replace(EVEN, currency="BTC")])[0] == (
        "= all 2 currencies are explained to the last unit, no break is open"
    )
    assert reckoning.standing_of([EVEN, UNEVEN, NEVER])[0] == (
        "! BTC NOT EXPLAINED · 2 breaks open · ETH never compared"
    )


def test_what_is_copied_aligns_at_the_right() -> None:
    rows = [BoardRow(str(n), "line", "LTC", 8, line=x) for n, x in enumerate(sum_lines(SUMS))]
    lines = reckoning.copied([EVEN, *rows], NOW).splitlines()
    assert {len(line) for line in lines} == {reckoning.COPIED_CELLS}


def test_a_kind_that_is_newer_than_this_console_is_shown() -> None:
    assert "does not know" in reckoning.means(replace(BREAK, kind="from_the_future"))
