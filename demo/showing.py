"""The demo as another program starts it: what it prints, and its end."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

from demo.sandbox import TOP

LINES = 9  # that a demo without a console prints
END_S = 120.0  # the demo insists long before, with each of its parts


class Showing:
    """A running `cashier demo`, ended by Ctrl-C when the block ends."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, str(TOP / "cashier.py"), "demo", "--no-console", *options]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.lines: tuple[str, ...] = ()

    def __enter__(self) -> Showing:
        """Wait for what it prints when all is up. Raises RuntimeError when it ends instead."""
        stdout = self.process.stdout
        lines = [] if stdout is None else [stdout.readline() for _ in range(LINES)]
        self.lines = tuple(line.rstrip("\n") for line in lines if line)
        if len(self.lines) < LINES:
            self.close()
            raise RuntimeError(f"the demo did not start: {self.process.returncode}")
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def site(self) -> str:
        return self._named("site")

    @property
    def page(self) -> str:
        return self._named("page")

    @property
    def node(self) -> str:
        return self._named("node LTC")

    @property
    def evm_node(self) -> str:
        return self._named("node ETH")

    @property
    def config(self) -> Path:
        """The configuration that other commands can be given."""
        found = re.search(r"--config (.+?cashier\.toml'?)", self.lines[-1])
        return Path(shlex.split(found[1])[0]) if found else Path()

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        """Ask it to end; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        return self.process.wait(END_S)

    def close(self) -> None:
        """End it if it still runs, and let go of its output."""
        try:
            self.end()
        finally:
            for stream in (self.process.stdout, self.process.stderr):
                if stream is not None:
                    stream.close()

    def _named(self, name: str) -> str:
        start = f"{name}: "
        return next(line.removeprefix(start) for line in self.lines if line.startswith(start))
