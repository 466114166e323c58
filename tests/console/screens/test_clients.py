"""Clients by keys: found by id, their story copied, blocked and unblocked with a reason."""

from __future__ import annotations

import pytest

from db.models import Client
from tests.console.houses import FilledHouse
from tests.console.snapshots import assert_looks
from tests.console.terminal import LARGE, SMALL, Terminal, at_terminal


def test_a_client_is_found_by_the_beginning_of_the_id(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("5")
        await shown.sees("6 clients", "CR1040", "CR1045")
        await shown.press("f")
        await shown.type("CR1043")
        await shown.press("enter")
        await shown.sees("1 client", "client CR1043", "Credited")
        await shown.press("escape")
        await shown.sees("6 clients")

    at_terminal(house.path, steps, size=LARGE)


def test_support_reads_and_copies_what_to_tell_the_client(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("5", "down")
        await shown.sees("client CR1041", "to tell the client", "In a block")
        await shown.press("y")
        await shown.until(lambda: "2 of 3 confirmations" in shown.app.clipboard)

    at_terminal(house.path, steps, size=LARGE)


def test_what_moves_is_told_at_once(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("5")
        await shown.sees("client CR1040", "Waiting for your coins")
        with house.till(later_s=5) as till:
            till.see(house.paid["requested"], 77_000_000)
        await shown.sees("0.77", "on its way into a block")

    at_terminal(house.path, steps, size=LARGE)


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_it_looks_as_it_did(house: FilledHouse, size: tuple[int, int]) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("5", "down", "down", "down")
        await shown.sees("client CR1043", "Credited")
        await assert_looks(shown, "clients")

    at_terminal(house.path, steps, size=size, **house.sits("ben"))


@pytest.mark.parametrize(("blocked", "act"), [(False, "block"), (True, "unblock")])
def test_a_block_is_a_signed_act_with_a_reason(house: FilledHouse, blocked: bool, act: str) -> None:
    with house.connected():
        Client.update(blocked=blocked, blocked_reason="court" if blocked else "").execute()

    async def steps(shown: Terminal) -> None:
        await shown.press("5")
        await shown.sees("client CR1040")
        await shown.press("B")
        await shown.sees(f" {act} ", "Why?")
        await shown.type("court order")
        await shown.press("enter")
        await shown.sees("CR1040", "to sign as ben")
        await shown.press("escape")

    at_terminal(house.path, steps, **house.sits("ben"))


def test_who_only_looks_is_offered_no_block(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("5")
        await shown.sees("client CR1040")
        assert "block" not in shown.text.splitlines()[-1]
        await shown.press("B")
        assert "Why?" not in shown.text

    at_terminal(house.path, steps)


def test_enter_shows_all_payments_of_the_client(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("5", "down", "down", "down", "enter")
        await shown.sees("client:CR1043", "1 of 6", "= credited")

    at_terminal(house.path, steps)


def test_nasty_words_stay_words(house: FilledHouse) -> None:
    with house.connected():
        Client.update(blocked=True, blocked_reason="[red]x[/red]\x1b]0;hi\x07").execute()

    async def steps(shown: Terminal) -> None:
        await shown.press("5")
        await shown.sees("! blocked", "[red]x[/red]")
        assert "\x1b" not in shown.text

    at_terminal(house.path, steps)
