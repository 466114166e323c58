"""The whole console: its screens by digits, what it does when it cannot start."""

from __future__ import annotations

import asyncio

from console.app import CashierConsole
from console.screens import SCREENS
from engine.config import Config
from engine.errors import ConfigError, Problem
from tests.console.houses import FilledHouse
from tests.console.terminal import Terminal, at_terminal


def test_each_digit_leads_to_its_screen(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        for place in SCREENS:
            await shown.press(place.digit)
            assert shown.app.current_mode == place.name
            assert type(shown.app.screen) is place.load()

    at_terminal(house.path, steps, **house.sits("ann"))


def test_who_sits_here_is_said(house: FilledHouse) -> None:
    async def steps(shown: Terminal) -> None:
        assert "ann · payments" in shown.text

    at_terminal(house.path, steps, **house.sits("ann"))


def test_a_configuration_that_cannot_be_read_ends_the_console() -> None:
    def load() -> Config:
        raise ConfigError((Problem("site", "is missing"),))

    async def run() -> CashierConsole:
        app = CashierConsole(load)
        async with app.run_test() as pilot:
            for _ in range(200):
                if app.failure is not None:
                    break
                await pilot.pause(0.02)
        return app

    app = asyncio.run(run())
    assert str(app.failure) == "cashier.toml: site: is missing"
    assert app.return_code == 2
