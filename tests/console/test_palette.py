"""Ctrl+P does whatever a key does, by its name; themes are kept for the next time."""

from __future__ import annotations

from console import preferences
from tests.console.houses import FilledHouse
from tests.console.terminal import Terminal, at_terminal


async def _choose(shown: Terminal, text: str, hit: str) -> None:
    await shown.press("ctrl+p")
    await shown.type(text)
    await shown.sees(hit)
    await shown.press("enter")


def test_a_theme_is_worn_and_kept(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await _choose(shown, "high", "theme high-contrast")
        await shown.until(lambda: shown.app.theme == "high-contrast")

    at_terminal(house.path, steps)
    assert preferences.load().theme == "high-contrast"

    async def again(shown: Terminal) -> None:
        assert shown.app.theme == "high-contrast"

    at_terminal(house.path, again)


def test_keys_of_the_screen_are_there(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await _choose(shown, "filter", "key f")
        await shown.until(lambda: shown.app.screen.query_one("#line").has_focus)

    at_terminal(house.path, steps)


def test_arrows_choose_and_escape_leaves(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("ctrl+p")
        kept = shown.app.screen
        await shown.type("theme")
        assert shown.text.count("colours;") > 1
        await shown.press("escape")
        assert len(shown.app.screen_stack) == 1
        await shown.press("ctrl+p", "ctrl+p")
        assert shown.app.screen is kept
        await shown.sees("go to the screen, key 1")
        await shown.press("escape")
        assert len(shown.app.screen_stack) == 1, "it was not opened over itself"
        await shown.press("ctrl+p", "down", "down", "up", "enter")
        await shown.until(lambda: shown.app.current_mode == shown.app.places[1].name)

    at_terminal(house.path, steps)


def test_what_is_found_can_be_clicked(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("ctrl+p")
        await shown.pilot.click("#entries", offset=(3, 1))
        await shown.until(lambda: shown.app.current_mode == shown.app.places[1].name)

    at_terminal(house.path, steps)


def test_nothing_that_fits_does_nothing(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("ctrl+p", "percent_sign")
        await shown.until(lambda: "go to the screen" not in shown.text)
        await shown.press("enter")
        assert len(shown.app.screen_stack) == 2

    at_terminal(house.path, steps)


def test_the_bell_rings_only_when_it_was_chosen(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        assert not shown.app.preferences.bell
        await _choose(shown, "bell", "bell on")
        await shown.until(lambda: shown.app.preferences.bell)

    at_terminal(house.path, steps)
    assert preferences.load().bell


def test_whatever_is_typed_can_be_searched(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await _choose(shown, "CR1043", "search CR1043")
        await shown.sees("= credited")

    at_terminal(house.path, steps)
