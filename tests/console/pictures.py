"""The guide's pictures of the console: each screen over a house that is the same every time.

`make pictures` makes them anew, after a screen has changed.
"""

from __future__ import annotations

import asyncio
import os
import re
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from db import connection, migrate
from tests.commands.desk import Desk
from tests.console import guide
from tests.console.busy import BusyHouse, TwoCurrencies
from tests.console.sums import SumHouse
from tests.console.terminal import LARGE, Terminal, terminal
from tests.engine.approvals.people import People

TOP = Path(__file__).resolve().parents[2]
FOLDER = TOP / "docs" / "images"
FONT = re.compile(r"\s*@font-face \{[^}]*\}")

Steps = Callable[[Terminal], Awaitable[None]]


def take(folder: Path) -> tuple[Path, ...]:
    """Write console-SCREEN.svg of every screen into `folder`."""
    taken: list[Path] = []

    def shoot(name: str) -> Steps:
        async def save(shown: Terminal) -> None:
            path = folder / f"console-{name}.svg"
            path.write_text(_drawn(shown), encoding="utf-8")
            taken.append(path)

        return save

    with _rooms() as (first, second, people):
        busy = BusyHouse(TwoCurrencies(first, _database(first)), people)
        _look(busy, _busy_steps(shoot))
        connection.database.close()
        sums = SumHouse(Desk(second, _database(second)), people)
        _look(sums, _sum_steps(shoot))
        connection.database.close()
    return tuple(taken)


@contextmanager
def _rooms() -> Iterator[tuple[Path, Path, People]]:
    """Two folders for houses, and people; nothing of whoever makes the pictures is read."""
    kept = os.environ.get("XDG_STATE_HOME")
    with tempfile.TemporaryDirectory() as room:
        os.environ["XDG_STATE_HOME"] = f"{room}/state"
        folders = Path(room, "busy"), Path(room, "sums")
        for folder in folders:
            folder.mkdir()
        try:
            yield (*folders, People(Path(room, "keys")))
        finally:
            os.environ.pop("XDG_STATE_HOME")
            if kept is not None:
                os.environ["XDG_STATE_HOME"] = kept


def _database(folder: Path) -> str:
    url = f"sqlite:///{folder}/cashier.db"
    opened = connection.open_database(url)
    with connection.connected():
        migrate.apply()
    opened.close()
    return url


def _look(house: BusyHouse | SumHouse, steps: Steps) -> None:
    async def run() -> None:
        async with terminal(house.path, size=LARGE, theme="dark", **house.sits("ben")) as shown:
            await steps(shown)

    asyncio.run(run())


def _busy_steps(shoot: Callable[[str], Steps]) -> Steps:
    async def steps(shown: Terminal) -> None:
        await shown.sees("CR4410")
        await shoot("live")(shown)
        await shown.press("2")
        await shown.sees("the same, all 44 characters")
        await shoot("approvals")(shown)
        await shown.press("a")
        await shown.sees("to sign as ben")
        await shoot("sign")(shown)
        await shown.press("escape", "enter")
        await shown.sees("story · way out")
        await shoot("payment")(shown)
        await shown.press("escape", "4", "down")
        await shown.sees("last 24 h")
        await shoot("chains")(shown)
        await shown.press("5")
        await shown.sees("to tell the client")
        await shoot("clients")(shown)
        shown.app.wear("light")
        await shown.press("1")
        await shown.sees("CR4410")
        await shoot("light")(shown)

    return steps


def _sum_steps(shoot: Callable[[str], Steps]) -> Steps:
    async def steps(shown: Terminal) -> None:
        await shown.press("3")
        await shown.sees("unknown_spend")
        await shoot("reconcile")(shown)
        await shown.press("end", "enter")
        await shown.sees("coins spent")
        await shoot("break")(shown)

    return steps


def _drawn(shown: Terminal) -> str:
    """The screen as a picture that asks nothing of the network: any fixed-width font will do."""
    picture = FONT.sub("", shown.app.export_screenshot(title="cashier console"))
    lines = picture.replace("Fira Code,", "").splitlines()
    return "\n".join(line.rstrip() for line in lines) + "\n"


def main() -> None:
    """Write the pictures and name them, and the guide's tables of keys."""
    guide.write()
    for path in take(FOLDER):
        click.echo(path.relative_to(TOP))


if __name__ == "__main__":
    main()
