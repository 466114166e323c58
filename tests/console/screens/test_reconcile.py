"""Reconcile by keys: the sum, what stands behind its items, breaks and their cures."""

from __future__ import annotations

import pytest

from tests.commands.desk import Desk
from tests.console.snapshots import assert_looks
from tests.console.sums import SumHouse
from tests.console.terminal import LARGE, SMALL, Terminal, at_terminal
from tests.engine.approvals.people import People


@pytest.fixture
def planted(desk: Desk, people: People) -> SumHouse:
    return SumHouse(desk, people)


@pytest.fixture
def honest(desk: Desk, people: People) -> SumHouse:
    return SumHouse(desk, people, honest=True)


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_it_looks_as_it_did(planted: SumHouse, size: tuple[int, int]) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("3")
        await shown.sees("unknown_spend")
        await assert_looks(shown, "reconcile")

    at_terminal(planted.path, steps, size=size, **planted.sits("ann"))


def test_a_quiet_day_says_that_everything_is_explained(honest: SumHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("3")
        await shown.sees(
            "= the currency is explained to the last unit, no break is open",
            "= explained",
            "node: coins at this block",
            "+ deposits mined, not yet deep enough (1)",
            "00:41 ago",
        )
        await assert_looks(shown, "reconcile_quiet")

    at_terminal(honest.path, steps, **honest.sits("sue"))


def test_a_timing_item_opens_to_its_payments_and_these_to_their_story(honest: SumHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("3")
        await shown.sees("not yet deep")
        await shown.go_down_to("not yet deep")
        await shown.press("enter")
        await shown.sees("~ pending 1/", "CR1042")
        await shown.press("down", "enter")
        await shown.sees("story")
        await shown.press("escape")
        await shown.go_down_to("pending")
        await shown.press("up", "enter")
        await shown.until(lambda: "CR1042" not in shown.text)

    at_terminal(honest.path, steps, **honest.sits("sue"))


def test_all_of_it_is_copied_with_amounts_below_each_other(honest: SumHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("3")
        await shown.sees("difference")
        await shown.press("y")
        copied = shown.app.clipboard.splitlines()
        assert "node: coins at this block" in shown.app.clipboard
        assert len({len(line) for line in copied if line.endswith("1.50010021")}) == 1

    at_terminal(honest.path, steps, **honest.sits("sue"))


def test_comparing_now_without_an_engine_says_whose_figures_these_are(honest: SumHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("3")
        await shown.sees("difference")
        await shown.press("x")
        await shown.sees("no engine answered: these are the figures that it found last")

    at_terminal(honest.path, steps, **honest.sits("sue"))


def test_a_currency_that_was_never_compared_says_what_to_do(desk: Desk, people: People) -> None:
    with desk.opened():
        pass

    async def steps(shown: Terminal) -> None:
        await shown.press("3")
        await shown.sees("LTC never compared", "cashier check LTC says what is missing")

    at_terminal(desk.path, steps, staff="ann", role="payments", key=people.key("ann"))


def test_a_cure_is_seen_before_it_is_signed(planted: SumHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("3")
        await shown.sees("3 breaks open")
        await shown.go_down_to("unknown_spend")
        await shown.press("c")
        await shown.sees("entry that will be posted", "it takes 2 persons; signed: nobody yet")
        await shown.press("escape")
        await shown.sees("3 breaks open")

    at_terminal(planted.path, steps, **planted.sits("ann"))


def test_a_coin_of_nobody_is_booked_from_its_break(planted: SumHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("3")
        await shown.go_down_to("unknown_arrival")
        await shown.press("c")
        await shown.sees("To which account?")
        await shown.press("escape", "enter")
        await shown.sees("a coin of nobody is in suspense", "if it is booked to the house")
        await shown.press("enter")
        await shown.sees("story")

    at_terminal(planted.path, steps, **planted.sits("ben"))


@pytest.mark.parametrize("name", ["sue", "aud"])
def test_who_may_not_sign_has_no_key_for_it(planted: SumHouse, name: str) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("3")
        await shown.go_down_to("unknown_spend")
        assert "c cure" not in shown.text
        await shown.press("c", "enter")
        await shown.sees(f"{name} is ", "to cure is for payments or approver")
        assert "c cure" not in shown.text

    at_terminal(planted.path, steps, size=LARGE, **planted.sits(name))
