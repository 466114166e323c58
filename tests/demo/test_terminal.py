"""The demo's terminal is lent to the console and comes back; what is said meanwhile waits."""

from __future__ import annotations

import asyncio
import os
import pty
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from demo import terminal
from demo.guard import Guard
from demo.terminal import AGAIN, Terminal
from tests.nodes.ports import PATIENCE_S

HELLO = "press Enter"


@pytest.fixture
def guard(tmp_path: Path) -> Iterator[Guard]:
    with Guard(tmp_path / "guarded") as guard:
        yield guard


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The other end of what the demo reads."""
    ours, theirs = pty.openpty()
    monkeypatch.setattr(terminal, "STDIN", theirs)
    yield ours
    for end in (ours, theirs):
        os.close(end)


async def _until(is_so: Callable[[], bool]) -> None:
    async def comes() -> None:
        while not is_so():
            await asyncio.sleep(0.02)

    await asyncio.wait_for(comes(), PATIENCE_S)


def test_enter_opens_the_console_and_what_is_said_waits_for_its_end(
    guard: Guard, keys: int, tmp_path: Path
) -> None:
    go, said = tmp_path / "go", list[str]()
    program = f"import pathlib, time\nwhile not pathlib.Path({str(go)!r}).exists(): time.sleep(.02)"

    async def steps() -> None:
        desk = Terminal(
            [sys.executable, "-c", program], guard=guard, say=said.append, invitation=HELLO
        )
        running = asyncio.create_task(desk.run())
        await _until(lambda: said == [HELLO])
        os.write(keys, b"\n")
        await _until(lambda: desk.lent)
        desk.say("the node has ended")
        assert said == [HELLO]
        go.touch()
        await _until(lambda: said == [HELLO, "the node has ended", AGAIN])
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(steps())


def test_an_end_of_the_demo_ends_the_console_first(guard: Guard, keys: int, tmp_path: Path) -> None:
    ended = tmp_path / "ended"
    program = (
        "import pathlib, signal, sys, time\n"
        f"end = lambda *_: (pathlib.Path({str(ended)!r}).touch(), sys.exit(0))\n"
        "signal.signal(signal.SIGTERM, end)\n"
        f"pathlib.Path({str(tmp_path / 'up')!r}).touch()\n"
        "time.sleep(600)"
    )

    async def steps() -> None:
        said = list[str]()
        desk = Terminal(
            [sys.executable, "-c", program], guard=guard, say=said.append, invitation=HELLO
        )
        running = asyncio.create_task(desk.run())
        await _until(lambda: said == [HELLO])
        os.write(keys, b"\n")
        await _until((tmp_path / "up").exists)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert ended.exists()

    asyncio.run(steps())


def test_a_console_that_fails_is_said(guard: Guard, keys: int) -> None:
    async def steps() -> None:
        said = list[str]()
        desk = Terminal(
            [sys.executable, "-c", "raise SystemExit(2)"],
            guard=guard,
            say=said.append,
            invitation=HELLO,
        )
        running = asyncio.create_task(desk.run())
        await _until(lambda: said == [HELLO])
        os.write(keys, b"\n")
        await _until(lambda: said == [HELLO, "the console ended with exit code 2", AGAIN])
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(steps())
