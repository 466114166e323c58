"""A console for tests: a real database, a clock that stands still, keys in and plain text out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from console.app import CashierConsole
from console.screens import SCREENS
from engine.clock import utc_now
from engine.config import load_config
from engine.store import open_fitting
from tests.nodes.ports import PATIENCE_S

NOW = datetime(2026, 10, 30, 12, 0, 41, tzinfo=UTC)
SMALL = (80, 24)
LARGE = (120, 40)


class Terminal:
    """What a person at the console does and sees."""

    def __init__(self, app: CashierConsole, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        """Press keys, and wait until what they asked for is on the screen."""
        await self.pilot.press(*keys)
        await self.settle()

    async def type(self, text: str) -> None:
        """Type text into what has the focus."""
        names = {" ": "space", ":": "colon", ">": "greater_than_sign", "-": "minus"}
        await self.press(*(names.get(letter, letter) for letter in text))

    async def settle(self) -> None:
        """Wait until no question is open and what was answered is drawn."""
        await self.until(lambda: self.app.source.idle, "the source to be idle")
        await self.pilot.pause()

    async def until(self, is_so: Callable[[], bool], what: str = "") -> None:
        """Wait until something is so; fails with the screen's text when it is not in time."""
        for _ in range(int(PATIENCE_S / 0.02)):
            if is_so():
                return
            await self.pilot.pause(0.02)
        raise AssertionError(f"waited for {what or is_so} in vain:\n{self.text}")

    async def sees(self, *words: str) -> None:
        """Wait until all of these stand on the screen."""
        await self.until(lambda: all(word in self.text for word in words), f"{words}")

    @property
    def text(self) -> str:
        """The screen as lines of plain text, without what fills them up at the right."""
        return text_of(self.app)


def text_of(app: CashierConsole) -> str:
    """What stands on the screen, line by line."""
    width, height = app.size
    lines = app.screen._compositor.render_strips(app.size)
    return "\n".join(strip.text[:width].rstrip() for strip in lines[:height])


def make_app(config: Path, *, now: datetime | None = NOW, **who: Any) -> CashierConsole:
    """The console over the database that this cashier.toml names; its clock stands at `now`, or
    runs if that is None, which signatures need. `who` are staff, role and key."""
    clock = utc_now if now is None else lambda: now

    def load() -> Any:
        loaded = load_config(config, role="console", environ={})
        open_fitting(loaded)
        return loaded

    return CashierConsole(load, clock=clock, **who)


@asynccontextmanager
async def terminal(
    config: Path, *, size: tuple[int, int] = SMALL, now: datetime | None = NOW, **who: Any
) -> AsyncIterator[Terminal]:
    """The console, painted and with its first answers in."""
    app = make_app(config, now=now, **who)
    async with app.run_test(size=size) as pilot:
        shown = Terminal(app, pilot)
        await shown.until(lambda: app.pulse is not None, "the first figures")
        await shown.settle()
        yield shown


def at_terminal(config: Path, steps: Callable[[Terminal], Awaitable[None]], **given: Any) -> None:
    """Run `steps` at a console: `at_terminal(path, steps, size=LARGE, staff="ann", role=...)`."""

    async def run() -> None:
        async with terminal(config, **given) as shown:
            await steps(shown)

    asyncio.run(run())


def screen_name(shown: Terminal) -> str:
    """The name of the screen that is in sight."""
    return next(place.name for place in SCREENS if place.name == shown.app.current_mode)
