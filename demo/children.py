"""The processes that the demo starts: each ends with it, and none is looked for by name."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from demo.guard import Guard

STOP_S = 12.0
TAIL_LINES = 12


class Child:
    """One running process; what it says on stderr goes to `log`, what it prints is in `lines()`."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        *,
        guard: Guard,
        log: Path,
        environ: Mapping[str, str] | None = None,
    ) -> Child:
        """Start `command` in a session of its own: Ctrl-C reaches the demo alone, which then ends
        its children in order. Raises OSError."""
        with log.open("ab") as stream:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=stream,
                env=None if environ is None else dict(environ),
                start_new_session=True,
            )
        guard.watch(process.pid)
        return cls(process, log)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        return self._process.returncode is not None

    async def lines(self) -> AsyncIterator[str]:
        """What it prints, line by line, until it ends."""
        if self._process.stdout is None:
            return
        async for line in self._process.stdout:
            yield line.decode(errors="replace").rstrip("\r\n")

    async def drain(self) -> None:
        """Read on and forget, so that it never waits for a reader."""
        async for _ in self.lines():
            pass

    async def wait(self) -> int:
        """Return when it has ended, with its exit code."""
        return await self._process.wait()

    async def stop(self) -> None:
        """Ask it to end, and insist after STOP_S."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            await asyncio.wait_for(self._process.wait(), STOP_S)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await self._process.wait()

    def last_words(self) -> str:
        """The end of its log, for the message that says why it is gone."""
        text = self._log.read_text(errors="replace")
        return os.linesep.join(text.splitlines()[-TAIL_LINES:])
