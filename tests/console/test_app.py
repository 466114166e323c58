"""The whole console: its screens by digits, what it does when it cannot start."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

from console.app import CashierConsole
from console.screens import SCREENS
from engine.config import Config
from engine.errors import ConfigError, Problem
from tests.commands.processes import TOP
from tests.console.houses import FilledHouse
from tests.console.terminal import LARGE, Terminal, at_terminal, terminal
from tests.console.test_source import overwrite
from tests.nodes.ports import PATIENCE_S

FIRST_PAINT = """
import sys
from console.app import CashierConsole
class Console(CashierConsole):
    def _begin(self):
        lines = self.screen._compositor.render_strips(self.size)
        assert "1 Live" in "".join(strip.text for strip in lines)
        self.exit()
Console(load=None).run(headless=True, size=(80, 24))
print(sorted({"peewee", "pydantic", "engine.config", "transitions"} & set(sys.modules)))
"""


def test_the_first_paint_waits_for_nothing_of_the_engine() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FIRST_PAINT], cwd=TOP, capture_output=True, text=True, check=False
    )
    assert (done.stdout.strip(), done.returncode) == ("[]", 0), done.stderr


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


def test_a_database_that_goes_away_leaves_the_last_picture(house: FilledHouse) -> None:
    file = Path(house.desk.url.removeprefix("sqlite:///"))

    async def steps(shown: Terminal) -> None:
        await shown.press("down", "down")
        kept = file.read_bytes()
        overwrite(file, b"no database at all" * 1000)
        await shown.sees("the database is away since 12:00:41, this is the last picture", "CR1042")
        await shown.pilot.press("up", "slash", "escape")
        overwrite(file, kept)
        await shown.until(lambda: "is away" not in shown.text, "the banner to go")
        assert "CR1044" in shown.selected

    at_terminal(house.path, steps, size=LARGE, reopens=True)


def test_two_consoles_see_the_same_move(house: FilledHouse) -> None:
    async def run() -> None:
        async with terminal(house.path) as one, terminal(house.path, joins=True) as other:
            with house.till(later_s=5) as till:
                till.see(house.paid["requested"], 77_000_000)
            await one.sees("0.77000000 LTC")
            await other.sees("0.77000000 LTC")

    asyncio.run(run())


def test_a_configuration_that_cannot_be_read_ends_the_console() -> None:
    def load() -> Config:
        raise ConfigError((Problem("site", "is missing"),))

    async def run() -> CashierConsole:
        app = CashierConsole(load)
        async with app.run_test():
            async with asyncio.timeout(PATIENCE_S):
                while app.failure is None:
                    await asyncio.sleep(0.02)
        return app

    app = asyncio.run(run())
    assert str(app.failure) == "cashier.toml: site: is missing"
    assert app.return_code == 2
