"""The frame: chains, badges, the banner, the keys."""

from __future__ import annotations

from datetime import timedelta

from tests.console.houses import FilledHouse
from tests.console.terminal import NOW, SMALL, Terminal, at_terminal


def test_a_quiet_day_has_no_banner(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        assert "LTC 1,000 · 0 behind" in shown.text
        assert "silent" not in shown.text
        assert "view only" in shown.text

    at_terminal(house.path, steps)


def test_an_engine_that_is_silent_is_said_on_every_screen(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.sees("the engine is silent since 12:00:41")

    at_terminal(house.path, steps, now=NOW + timedelta(minutes=2))


def test_a_sick_node_says_why_and_how_many_wait(house: FilledHouse) -> None:
    with house.till() as till:
        till.chain("LTC", height=1000, state="paused", reason="node syncing \x1b[31m")

    async def steps(shown: Terminal) -> None:
        await shown.sees("! LTC paused: node syncing \\x1b[31m since 12:00 (2 wait)")

    at_terminal(house.path, steps)


def test_a_held_payment_that_waits_for_long_is_said(house: FilledHouse) -> None:
    later = NOW + timedelta(hours=2)
    house.beat(later)

    async def steps(shown: Terminal) -> None:
        await shown.sees("a held payment has waited for 2h 03m")

    at_terminal(house.path, steps, now=later, size=SMALL)


def test_help_has_room_below_however_many_keys_there_are(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        for digit in "12345":
            await shown.press(digit)
            assert "? help" in shown.text.splitlines()[-1]
        await shown.press("1", "enter")
        assert "? help" in shown.text.splitlines()[-1]

    at_terminal(house.path, steps, size=SMALL, **house.sits("ben"))


def test_the_keys_that_matter_stand_below(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        assert shown.text.splitlines()[-1].split()[1::2][:2] == ["open", "filter"]

    at_terminal(house.path, steps)
