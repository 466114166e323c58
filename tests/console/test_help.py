"""`?` lists every key that works here, from the bindings themselves."""

from __future__ import annotations

from textual.binding import Binding

from console.help import keys_of
from tests.console.houses import FilledHouse
from tests.console.terminal import Terminal, at_terminal


def test_help_names_the_keys_of_this_screen_and_of_all(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("question_mark")
        await shown.sees("Live", "filter", "copy id", "everywhere", "search", "state:open")
        assert "Scroll Left" not in shown.text
        await shown.press("down", "up", "pagedown")
        await shown.press("escape")
        assert "everywhere" not in shown.text

    at_terminal(house.path, steps, size=(100, 70))


def test_help_is_kept_and_begins_at_its_top(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("question_mark")
        kept, top = shown.app.screen, shown.text
        await shown.press("pagedown")
        assert shown.text != top
        await shown.press("escape", "question_mark")
        assert shown.app.screen is kept
        assert shown.text == top

    at_terminal(house.path, steps)


def test_help_over_a_payment_is_about_payments(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("enter", "question_mark")
        await shown.sees("help", "Payment", "copy txid")

    at_terminal(house.path, steps)


def test_an_act_with_two_keys_is_one_line() -> None:
    keys = [Binding("q", "quit", "quit"), Binding("x", "quit", "quit"), Binding("z", "hidden")]
    assert keys_of(keys, lambda binding: binding.key) == [("q x", "quit")]
