"""`cashier run` as a process of its own, with what it printed and the children that it started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.nodes.ports import PATIENCE_S, wait_until

TOP = Path(__file__).resolve().parents[2]


class Process:
    """`cashier WORDS`, its output in files below `folder`."""

    def __init__(self, folder: Path, *words: str, environ: Mapping[str, str] | None = None) -> None:
        self.out, self.err = folder / "out", folder / "err"
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.popen = subprocess.Popen(
                [sys.executable, str(TOP / "cashier.py"), *words],
                stdout=out,
                stderr=err,
                cwd=folder,
                env={**os.environ, **(environ or {})},
            )
        self.known: dict[str, int] = {}

    def wait_for(self, *lines: str) -> None:
        """Until each text is in what it printed. Raises AssertionError if it ends before."""

        def there() -> bool:
            found = all(line in self.printed() for line in lines)
            assert found or self.popen.poll() is None, self.printed()
            return found

        wait_until(there, what=f"{lines}")

    def ready(self) -> str:
        """Until engine and web are ready; the URL of the page."""
        self.wait_for("ready engine\n", "ready web http")
        self.known = self.children()
        line = next(line for line in self.out.read_text().splitlines() if "ready web" in line)
        return line.removeprefix("ready web ")

    def printed(self) -> str:
        return self.out.read_text() + self.err.read_text()

    def children(self) -> dict[str, int]:
        """Process ids of the children by what they run: engine, web."""
        found = {}
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and _parent(folder) == self.popen.pid:
                role = _role(folder)
                if role is not None:
                    found[role] = int(folder.name)
        return found

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Signal it and wait; its exit code."""
        self.popen.send_signal(how)
        return self.popen.wait(PATIENCE_S)

    def destroy(self) -> None:
        """Whatever it started is gone after this, however the test went."""
        children = self.known or self.children()
        if self.popen.poll() is None:
            self.popen.kill()
            self.popen.wait(PATIENCE_S)
        for pid in children.values():
            if is_running(pid):
                os.kill(pid, signal.SIGKILL)


def environment_of(pid: int) -> dict[str, str]:
    """The environment that a process was started with."""
    pairs = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return dict(pair.split("=", 1) for pair in pairs if "=" in pair)


def is_running(pid: int) -> bool:
    """Whether the process is there and more than a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _role(folder: Path) -> str | None:
    """What a child runs; None for one that is not yet, or no more, of our own making."""
    try:
        words = (folder / "cmdline").read_text().split("\0")
        return words[words.index("--only") + 1]
    except (OSError, ValueError):
        return None


def _parent(folder: Path) -> int | None:
    try:
        return int((folder / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None
