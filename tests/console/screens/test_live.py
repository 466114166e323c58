"""Live by keys: it follows what moves, and holds still under a cursor that left the first row."""

from __future__ import annotations

from tests.console.houses import FilledHouse
from tests.console.terminal import Terminal, at_terminal


def test_open_payments_say_what_they_wait_for(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.sees("5 payments", "CR1041", "~ pending 2/3", "1 more block", "someone to book")
        assert "CR1043" not in shown.text

    at_terminal(house.path, steps)


def test_what_moves_comes_to_the_top_by_itself(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        with house.till(later_s=5) as till:
            till.see(house.paid["requested"], 77_000_000)
        await shown.sees("0.77000000 LTC")
        rows = shown.text.splitlines()
        assert "CR1040" in next(row for row in rows if row.startswith(">"))

    at_terminal(house.path, steps)


def test_a_selected_row_stays_where_it_is_when_others_move(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("down", "down")
        before = next(row for row in shown.text.splitlines() if row.startswith(">"))
        with house.till(later_s=5) as till:
            till.see(house.paid["requested"], 77_000_000)
        await shown.sees("held still · 1 moved since", "0.77000000 LTC")
        assert before in shown.text.splitlines(), shown.text
        await shown.press("home")
        await shown.until(lambda: "held still" not in shown.text)

    at_terminal(house.path, steps)
