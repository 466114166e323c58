"""A console for tests: a real database, a clock that stands still, keys in and plain text out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from textual.app import App
from textual.message_pump import MessagePump
from textual.pilot import Pilot

from console.app import CashierConsole
from console.screens import SCREENS
from db.connection import database
from engine.clock import utc_now
from engine.config import load_config
from engine.store import open_fitting
from tests.nodes.ports import PATIENCE_S

NOW = datetime(2026, 10, 30, 12, 0, 41, tzinfo=UTC)
SMALL = (80, 24)
LARGE = (120, 40)
LOOKS = 3  # times in a row that nothing is left to do


class Terminal:
    """What a person at the console does and sees."""

    def __init__(self, app: CashierConsole, pilot: Pilot[None]) -> None:
        self.app = app
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        """Press keys as a person does, who sees what each of them did before the next."""
        for key in keys:
            await self.pilot.press(key)
            await self.settle()

    async def type(self, text: str) -> None:
        """Type text into what has the focus."""
        names = {" ": "space", ":": "colon", ">": "greater_than_sign", "-": "minus"}
        await self.press(*(names.get(letter, letter) for letter in text))

    async def settle(self) -> None:
        """Wait until no question is open, nobody has a message to deal with, and all is drawn."""
        await self._poll(self._asks_nothing, "the source to be idle")
        await come_to_rest(self.pilot, self._asks_nothing)

    def _asks_nothing(self) -> bool:
        """A database that is away answers nothing, however long one waits."""
        return self.app.source.idle or self.app.source.away is not None

    async def until(self, is_so: Callable[[], bool], what: str = "") -> None:
        """Wait until something is so, and what led to it is done; fails with the screen's text
        when it is not in time."""
        await self._poll(is_so, what or str(is_so))
        await self.settle()

    async def _poll(self, is_so: Callable[[], bool], what: str) -> None:
        give_up = time.monotonic() + PATIENCE_S
        while not is_so():
            assert time.monotonic() < give_up, f"waited for {what} in vain:\n{self.text}"
            await self.pilot.pause(0.02)

    async def sees(self, *words: str) -> None:
        """Wait until all of these stand on the screen."""
        await self.until(lambda: all(word in self.text for word in words), f"{words}")

    async def go_down_to(self, word: str) -> None:
        """Down until the selected row says so."""
        for _ in range(30):
            if word in self.selected:
                return
            await self.press("down")
        raise AssertionError(f"no row says {word}:\n{self.text}")

    @property
    def selected(self) -> str:
        """The row that the cursor stands on; empty where there is none."""
        return next((row for row in self.text.splitlines() if row.startswith(">")), "")

    @property
    def text(self) -> str:
        """The screen as lines of plain text, without what fills them up at the right."""
        return text_of(self.app)


async def come_to_rest(pilot: Pilot[None], asks_nothing: Callable[[], bool]) -> None:
    """Wait until an app has nothing more to do, and has drawn it.

    The pilot's own pauses take a process that gets no turn for one that has nothing to do. What is
    under way in a widget when one looks shows in another's messages at the next look.
    """
    give_up, calm = time.monotonic() + PATIENCE_S, 0
    while calm < LOOKS:
        assert time.monotonic() < give_up, "the app does not come to rest"
        await pilot.pause(0)
        calm = calm + 1 if asks_nothing() and _rests(pilot.app) else 0


def _rests(app: App[None]) -> bool:
    """Whether nobody on the stack has a message to deal with, or is to be laid out anew."""
    widgets = [each for screen in app.screen_stack for each in screen.walk_children(with_self=True)]
    return (
        not app.screen._layout_required
        and not any(screen._callbacks for screen in app.screen_stack)
        and all(_heard_all(each) for each in (app, *widgets))
    )


def _heard_all(node: MessagePump) -> bool:
    waiting = node._pending_message is not None or node._next_callbacks
    return not waiting and node._message_queue.empty()


def text_of(app: CashierConsole) -> str:
    """What stands on the screen, line by line."""
    width, height = app.size
    lines = app.screen._compositor.render_strips(app.size)
    return "\n".join(strip.text[:width].rstrip() for strip in lines[:height])


def make_app(
    config: Path, *, now: datetime | None = NOW, joins: bool = False, **who: Any
) -> CashierConsole:
    """The console over the database that this cashier.toml names; its clock stands at `now`, or
    runs if that is None, which signatures need. `joins` for a second one in this process, which
    has one open database: to open it again would take it from the first. `who` are staff, role
    and key."""
    clock = utc_now if now is None else lambda: now

    def load() -> Any:
        loaded = load_config(config, role="console", environ={})
        if not joins:
            open_fitting(loaded)
        return loaded

    return CashierConsole(load, clock=clock, **who)


@asynccontextmanager
async def terminal(
    config: Path, *, size: tuple[int, int] = SMALL, reopens: bool = False, **given: Any
) -> AsyncIterator[Terminal]:
    """The console, painted and with its first answers in; `given` as for make_app. `reopens` for
    one whose database goes away; where a test opens it instead, it takes it from the console,
    which opens it again and takes it from the test."""
    app = make_app(config, **given)
    async with app.run_test(size=size) as pilot:
        shown = Terminal(app, pilot)
        await shown.until(lambda: app.pulse is not None, "the first figures")
        opened = database.obj
        yield shown
        assert reopens or database.obj is opened, "`connected` is enough beside a console"
    app.source._thread.join(PATIENCE_S)  # what it still asks must not meet the next test's database


def at_terminal(config: Path, steps: Callable[[Terminal], Awaitable[None]], **given: Any) -> None:
    """Run `steps` at a console: `at_terminal(path, steps, size=LARGE, staff="ann", role=...)`."""

    async def run() -> None:
        async with terminal(config, **given) as shown:
            await steps(shown)

    asyncio.run(run())


def screen_name(shown: Terminal) -> str:
    """The name of the screen that is in sight."""
    return next(place.name for place in SCREENS if place.name == shown.app.current_mode)
