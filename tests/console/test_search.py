"""`/` finds a payment from anywhere by what people have at hand, and opens it."""

from __future__ import annotations

from console.screens.payment import PaymentScreen
from db.connection import connected
from db.models import Payment
from tests.console.houses import FilledHouse
from tests.console.terminal import Terminal, at_terminal


def test_a_client_is_found_and_opened(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("slash")
        await shown.type("CR1043")
        await shown.sees("= credited")
        await shown.press("enter")
        await shown.sees("story")
        assert isinstance(shown.app.screen, PaymentScreen)
        assert shown.app.screen.payment == house.paid["credited"]

    at_terminal(house.path, steps)


def test_what_was_searched_before_is_forgotten(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("slash")
        kept = shown.app.screen
        await shown.type("CR1044")
        await shown.sees("! held")
        await shown.press("escape", "slash")
        assert shown.app.screen is kept
        assert "CR1044" not in shown.text.partition("search")[2].partition("Enter opens")[0]
        await shown.press("enter")
        assert shown.app.screen is kept, "nothing was chosen"
        await shown.press("escape")
        for _ in range(2):
            shown.app.action_search("CR1044")
            await shown.sees("! held")
            await shown.press("escape")

    at_terminal(house.path, steps)


def test_the_beginning_of_a_txid_is_enough(house: FilledHouse) -> None:
    with house.connected():
        txid = str(Payment.get_by_id(house.paid["held"]).txid)

    async def steps(shown: Terminal) -> None:
        await shown.press("slash")
        await shown.type(txid[:7])
        await shown.sees("CR1044")

    at_terminal(house.path, steps)


def test_arrows_choose_and_escape_leaves(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("slash")
        await shown.type("CR1044")
        await shown.sees("! held")
        await shown.press("down", "up", "escape")
        assert len(shown.app.screen_stack) == 1
        await shown.press("slash")
        await shown.type("nobody-like-this")
        await shown.sees("nothing like this")
        await shown.press("enter", "escape")
        assert len(shown.app.screen_stack) == 1

    at_terminal(house.path, steps)
    with connected():
        assert Payment.select().count() == 6
