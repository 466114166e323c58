"""The filter line: every word of it, and what is said of one that means nothing."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from console.filters import FIRST, FilterSuggester, FilterWrong, parse
from engine.moving import Wanted
from engine.queries import OPEN_STATES

NOW = datetime(2026, 10, 30, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("", Wanted()),
        (FIRST, Wanted(states=OPEN_STATES)),
        ("state:all", Wanted()),
        ("state:held,pending", Wanted(states=("held", "pending"))),
        ("state:open,held", Wanted(states=OPEN_STATES)),
        ("kind:in", Wanted(kinds=("deposit",))),
        ("kind:out,move", Wanted(kinds=("withdrawal", "transfer"))),
        ("currency:ltc", Wanted(currency="LTC")),
        ("client:a:b", Wanted(client="a:b")),
        ("age>10m", Wanted(before="2026-10-30T11:50:00.000000Z")),
        ("age<2h", Wanted(after="2026-10-30T10:00:00.000000Z")),
        ("age>1d age<2d", Wanted(before="2026-10-29T12:00:00.000000Z")),
        ("3f2a91", Wanted(find="3f2a91")),
        ("user:5", Wanted(find="user:5")),
        ("  state:held   CR7 ", Wanted(states=("held",), find="CR7")),
    ],
)
def test_a_line_says_what_is_wanted(line: str, wanted: Wanted) -> None:
    found = parse(line, NOW)
    if line == "age>1d age<2d":
        assert (found.before, found.after[:10]) == (wanted.before, "2026-10-28")
    else:
        assert found == wanted


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("state:lost", "no state lost; known: open, all, cancelled"),
        ("state:", "state: lacks its value"),
        ("kind:up", "no kind up; known: in, out"),
        ("age>soon", "age>10m"),
        ("age>5", "age>10m"),
        ("one two", "one search word at a time: one or two"),
    ],
)
def test_what_means_nothing_is_said(line: str, said: str) -> None:
    with pytest.raises(FilterWrong, match=said):
        parse(line, NOW)


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("sta", "state:open"),
        ("state:h", "state:held"),
        ("state:held cur", "state:held currency:LTC"),
        ("", None),
        ("state:held ", None),
        ("zzz", None),
    ],
)
def test_the_last_word_is_completed(typed: str, completed: str | None) -> None:
    suggester = FilterSuggester(lambda: ("LTC",))
    assert asyncio.run(suggester.get_suggestion(typed)) == completed
