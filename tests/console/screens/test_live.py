"""Live by keys: it follows what moves, and holds still under a cursor that left the first row."""

from __future__ import annotations

import pytest

from tests.console.houses import FilledHouse
from tests.console.snapshots import assert_looks
from tests.console.terminal import LARGE, SMALL, Terminal, at_terminal


def test_open_payments_say_what_they_wait_for(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.sees("5 of 6", "CR1041", "~ pending 2/3", "1 more block", "someone to book")
        assert "CR1043" not in shown.text

    at_terminal(house.path, steps)


def test_what_moves_comes_to_the_top_by_itself(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        with house.till(later_s=5) as till:
            till.see(house.paid["requested"], 77_000_000)
        await shown.sees("0.77000000 LTC")
        assert "CR1040" in shown.selected

    at_terminal(house.path, steps)


def test_a_selected_row_stays_where_it_is_when_others_move(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("down", "down")
        before = shown.selected
        with house.till(later_s=5) as till:
            till.see(house.paid["requested"], 77_000_000)
        await shown.sees("1 moved · Home follows", "0.77000000 LTC")
        assert before in shown.text.splitlines(), shown.text
        await shown.press("home")
        await shown.until(lambda: "Home follows" not in shown.text)

    at_terminal(house.path, steps)


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_it_looks_as_it_did(house: FilledHouse, size: tuple[int, int]) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.sees("5 of 6")
        await assert_looks(shown, "live")

    at_terminal(house.path, steps, size=size, **house.sits("ben"))


def test_a_filter_line_is_written_taken_and_left(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("f", "ctrl+u")
        await shown.type("state:held")
        await shown.press("enter")
        await shown.sees("2 of 6", "CR1044")
        assert "CR1041" not in shown.text
        await shown.press("f", "ctrl+u")
        await shown.type("client:CR1043")
        await shown.press("enter")
        await shown.sees("= credited", "1 of 6")
        await shown.press("f")
        await shown.type(" x")
        await shown.press("escape")
        assert "client:CR1043 x" not in shown.text
        await shown.press("escape")
        await shown.sees("state:open", "5 of 6")

    at_terminal(house.path, steps)


def test_while_one_types_only_what_is_no_letter_is_offered_as_a_key(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("f")
        await shown.sees("⏎ take it", "esc leave", "^p everything")
        assert "/ search" not in shown.text
        await shown.press("ctrl+p")
        await shown.sees("go to the screen, key 1")
        assert "key home" not in shown.text
        await shown.press("escape", "escape")
        await shown.sees("/ search")

    at_terminal(house.path, steps)


def test_a_filter_that_means_nothing_is_said(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("f", "ctrl+u")
        await shown.type("state:lost")
        await shown.press("enter")
        await shown.sees("no state lost; known: open")
        await shown.press("escape")
        assert "no state lost" not in shown.text

    at_terminal(house.path, steps, size=LARGE)


def test_a_block_makes_payments_deeper_by_itself(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("end")
        with house.till() as till:
            till.chain("LTC", height=1001)
        await shown.sees("~ pending 3/3", "LTC 1,001")

    at_terminal(house.path, steps)


def test_what_is_selected_is_copied(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("c")
        assert shown.app.clipboard == house.paid["suspense"]
        await shown.press("down", "c")
        assert shown.app.clipboard == house.paid["held"]

    at_terminal(house.path, steps)


def test_acts_are_offered_to_whom_they_are_for(house: FilledHouse) -> None:
    async def approver(shown: Terminal) -> None:
        assert "a approve" in shown.text
        await shown.press("down", "a")
        await shown.sees("client:CR1044", "to sign as ben")
        await shown.press("escape")
        await shown.press("r")
        await shown.sees("Why?")

    async def support(shown: Terminal) -> None:
        assert "a approve" not in shown.text
        await shown.press("a")
        assert len(shown.app.screen_stack) == 1

    at_terminal(house.path, approver, **house.sits("ben"))
    at_terminal(house.path, support, **house.sits("sue"))


def test_an_act_leaves_its_row_in_sight(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("down", "enter")
        await shown.sees("story")
        with house.till(later_s=5) as till:
            till.move(house.paid["held"], "refuse")
        await shown.sees("x refused")
        await shown.press("escape")
        await shown.sees("x refused")
        assert "CR1044" in shown.selected

    at_terminal(house.path, steps)
