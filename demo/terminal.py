"""The demo's terminal: what is said there, and the staff console when somebody presses Enter.

While the console has the terminal, what the demo has to say waits; what it starts and ends goes on.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Sequence

from demo.children import STOP_S
from demo.guard import Guard

STDIN = 0
AGAIN = "Enter opens the console again, Ctrl-C ends the demo."
Say = Callable[[str], None]


class Terminal:
    """`command` starts the console in the foreground, `invitation` says how to."""

    def __init__(self, command: Sequence[str], *, guard: Guard, say: Say, invitation: str) -> None:
        self._command = tuple(command)
        self._guard = guard
        self._say = say
        self._invitation = invitation
        self._waiting: list[str] = []
        self.lent = False

    def say(self, line: str) -> None:
        """Say it now, or as soon as the terminal is ours again."""
        if self.lent:
            self._waiting.append(line)
        else:
            self._say(line)

    async def run(self) -> None:
        """Open the console at each Enter; ends only by being cancelled, or with its terminal."""
        self.say(self._invitation)
        while True:
            if not await _a_line():
                await asyncio.Event().wait()  # nobody is there any more: the demo goes on
            await self._open()
            self.say(AGAIN)

    async def _open(self) -> None:
        self.lent = True
        try:
            code = await self._console()
        finally:
            self.lent = False
            for line in self._waiting:
                self._say(line)
            self._waiting.clear()
        if code:
            self.say(f"the console ended with exit code {code}")

    async def _console(self) -> int:
        """The console's exit code. It has our terminal, so it stays in our session."""
        process = await asyncio.create_subprocess_exec(*self._command)
        self._guard.watch(process.pid)
        try:
            return await process.wait()
        finally:
            if process.returncode is None:
                await _end(process)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask it to give the terminal back, and insist after a while."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOP_S)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _a_line() -> bool:
    """Whether a line came; not when the input has ended."""
    loop = asyncio.get_running_loop()
    came: asyncio.Future[bool] = loop.create_future()

    def read() -> None:
        try:
            got = os.read(STDIN, 1024)
        except OSError:
            got = b""
        if not came.done() and (not got or b"\n" in got):
            came.set_result(bool(got))

    loop.add_reader(STDIN, read)
    try:
        return await came
    finally:
        loop.remove_reader(STDIN)


def is_there() -> bool:
    """Whether a person sits here."""
    return sys.stdin.isatty() and sys.stdout.isatty()
