"""One payment by keys: its story, live, with what the role may do now."""

from __future__ import annotations

import pytest

from tests.console.houses import FilledHouse
from tests.console.snapshots import assert_looks
from tests.console.terminal import LARGE, SMALL, Terminal, at_terminal


@pytest.mark.parametrize("size", [SMALL, LARGE])
@pytest.mark.parametrize("state", ["held", "credited"])
def test_it_looks_as_it_did(house: FilledHouse, size: tuple[int, int], state: str) -> None:
    async def steps(shown: Terminal) -> None:
        shown.app.open_payment(house.paid[state])
        await shown.sees("story · way out")
        await assert_looks(shown, f"payment_{state}")

    at_terminal(house.path, steps, size=size, **house.sits("ben"))


def test_enter_opens_and_escape_goes_back_to_the_same_row(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("down", "down", "enter")
        await shown.sees(house.paid["confirmed"], "1.50000000 LTC")
        await shown.press("escape")
        assert "CR1042" in shown.selected

    at_terminal(house.path, steps)


def test_a_move_is_seen_while_one_reads(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        shown.app.open_payment(house.paid["confirmed"])
        await shown.sees("+ confirmed")
        with house.till(later_s=5) as till:
            till.credit(house.paid["confirmed"])
        await shown.sees("= credited", "client:CR1042")

    at_terminal(house.path, steps, size=LARGE)


def test_only_acts_of_the_role_are_offered(house: FilledHouse) -> None:
    held = house.paid["held"]

    async def approver(shown: Terminal) -> None:
        shown.app.open_payment(held)
        await shown.sees("a approve", "r refuse", "n note", "not now", "its coin is not final yet")
        assert "b book" not in shown.text

    async def support(shown: Terminal) -> None:
        shown.app.open_payment(held)
        await shown.sees("story")
        assert "a approve" not in shown.text
        await shown.press("a", "r")
        assert len(shown.app.screen_stack) == 2

    at_terminal(house.path, approver, size=LARGE, **house.sits("ben"))
    at_terminal(house.path, support, size=LARGE, **house.sits("sue"))


def test_what_people_need_elsewhere_is_copied(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        shown.app.open_payment(house.paid["pending"])
        await shown.sees("story")
        for key, column in (("c", "id"), ("y", "address"), ("t", "txid")):
            await shown.press(key)
            screen = shown.app.screen
            assert shown.app.clipboard == getattr(screen.story.view, column)  # type: ignore[attr-defined]  # a PaymentScreen
            assert shown.app.clipboard

    at_terminal(house.path, steps)


def test_all_evidence_is_shown_when_it_is_asked_for(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        shown.app.open_payment(house.paid["credited"])
        await shown.sees("story")
        assert "node 10.0.0.5" not in shown.text
        await shown.press("e")
        assert "node 10.0.0.5" in shown.text
        await shown.press("end", "home", "pagedown", "pageup", "down", "up", "e")
        assert "node 10.0.0.5" not in shown.text

    at_terminal(house.path, steps, size=LARGE)


def test_text_from_outside_stays_text(house: FilledHouse) -> None:
    nasty = "[red]x[/] \x1b[31m \u202e"
    with house.till(later_s=1) as till:
        till.move(house.paid["confirmed"], "hold", reason=nasty)

    async def steps(shown: Terminal) -> None:
        shown.app.open_payment(house.paid["confirmed"])
        await shown.sees("[red]x[/] \\x1b[31m \\u202e")

    at_terminal(house.path, steps)


def test_one_payment_leads_to_another_and_back(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        shown.app.open_payment(house.paid["held"])
        await shown.sees("CR1044", "story")
        shown.app.open_payment(house.paid["credited"])
        await shown.sees("CR1043", "= credited")
        assert "CR1044" not in shown.text
        await shown.press("escape")
        await shown.sees("CR1044", "! held")
        await shown.press("escape")
        await shown.sees("filter")
        shown.app.open_payment(house.paid["pending"])
        await shown.sees("CR1041", "story")
        await shown.press("escape")
        await shown.sees("filter")

    at_terminal(house.path, steps)
