"""Chains by keys: health, what it means, funds that are missing, brakes put on and taken off."""

from __future__ import annotations

import pytest

from db.models import Chain
from engine import brakes
from tests.console.houses import FilledHouse
from tests.console.snapshots import assert_looks
from tests.console.terminal import LARGE, NOW, SMALL, Terminal, at_terminal


def test_a_well_chain_looks_calm(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("4")
        await shown.sees("= well", "1,000", "free to send", "hot address", "last 24 h")
        assert "to do" not in shown.text

    at_terminal(house.path, steps)


def test_a_sick_node_says_what_it_means_and_what_to_do(house: FilledHouse) -> None:
    with house.connected():
        Chain.update(state="paused", reason="[red]syncing\x1b[2J").execute()

    async def steps(shown: Terminal) -> None:
        await shown.press("4")
        await shown.sees("! paused", "[red]syncing", "it goes on by", "cashier check LTC")
        assert "\x1b" not in shown.text

    at_terminal(house.path, steps)


def test_a_silent_engine_says_what_it_means(house: FilledHouse) -> None:
    with house.connected():
        Chain.update(beat_at=None).execute()

    async def steps(shown: Terminal) -> None:
        await shown.press("4")
        await shown.sees("! no engine", "none is alive", "cashier run --only engine")

    at_terminal(house.path, steps)


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_it_looks_as_it_did(house: FilledHouse, size: tuple[int, int]) -> None:
    with house.connected():
        Chain.update(fee_rate=12_500, peers=8, version="/LitecoinCore:0.21.2/").execute()

    async def steps(shown: Terminal) -> None:
        await shown.press("4")
        await shown.sees("12.5 sat/vB", "last 24 h")
        await assert_looks(shown, "chains")

    at_terminal(house.path, steps, size=size, **house.sits("ben"))


@pytest.mark.parametrize(
    ("key", "act"),
    [("p", "pause"), ("w", "pause"), ("s", "pause"), ("d", "resume"), ("u", "resume")],
)
def test_brakes_are_signed_acts_with_a_reason(house: FilledHouse, key: str, act: str) -> None:
    with house.connected():
        brakes.put_on(currency="LTC", kind="deposit", reason="audit", staff="cleo", now=NOW)

    async def steps(shown: Terminal) -> None:
        await shown.press("4")
        await shown.sees("! braked", "deposits paused by staff", "audit")
        await shown.press(key)
        await shown.sees(f" {act} LTC", "Why?")
        await shown.type("node moves")
        await shown.press("enter")
        await shown.sees("LTC", "yes", "to sign as ben")
        await shown.press("escape")

    at_terminal(house.path, steps, **house.sits("ben"))


def test_who_only_looks_is_offered_no_brakes(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("4")
        await shown.sees("free to send")
        assert "pause" not in shown.text.splitlines()[-1]
        await shown.press("p")
        assert "Why?" not in shown.text

    at_terminal(house.path, steps)


def test_enter_shows_the_open_payments_of_the_currency(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("4")
        await shown.sees("free to send")
        await shown.press("enter")
        await shown.sees("state:open currency:LTC", "5 of 6")

    at_terminal(house.path, steps)


def test_what_does_not_fit_is_read_on(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("4")
        await shown.sees("free to send")
        await shown.press("space", "space")
        await shown.sees("queue")
        await shown.press("backspace", "backspace")
        await shown.sees("block ")

    at_terminal(house.path, steps)
