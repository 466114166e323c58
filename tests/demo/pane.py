"""Terminals of a real tmux server of the test's own: keys in, what a person sees out."""

from __future__ import annotations

import shlex
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.nodes.ports import PATIENCE_S


class Pane:
    """One terminal of 80x24."""

    def __init__(self, socket: Path, name: str) -> None:
        self._tmux = ["tmux", "-S", str(socket), "-f", "/dev/null"]
        self._name = name

    def open(self, command: Sequence[str], *, folder: Path, environ: dict[str, str]) -> None:
        """Start a program in it."""
        given = [word for name, text in environ.items() for word in ("-e", f"{name}={text}")]
        size = ["-x", "80", "-y", "24"]
        start = ["new-session", "-d", "-s", self._name, *size, "-c", str(folder), *given]
        self._run(*start, shlex.join(command))

    def press(self, *keys: str) -> None:
        """Keys by tmux's names: `Enter`, `Escape`, `a`."""
        self._run("send-keys", "-t", self._name, *keys)

    def type(self, text: str) -> None:
        self._run("send-keys", "-t", self._name, "-l", text)

    @property
    def text(self) -> str:
        """What stands on it now."""
        return self._run("capture-pane", "-p", "-t", self._name)

    def sees(self, *words: str) -> str:
        """Wait until all of these stand on it; its text."""
        text = ""

        def stands() -> bool:
            nonlocal text
            text = self.text
            return all(word in text for word in words)

        if not self.changes(stands):
            raise AssertionError(f"waited for {words} in vain:\n{text}")
        return text

    def loses(self, word: str) -> None:
        """Wait until it stands on it no more."""
        if not self.changes(lambda: word not in self.text):
            raise AssertionError(f"{word} stays:\n{self.text}")

    @staticmethod
    def changes(so: Callable[[], bool]) -> bool:
        """Whether something becomes so in time."""
        until = time.monotonic() + PATIENCE_S
        while not so():
            if time.monotonic() > until:
                return False
            time.sleep(0.1)
        return True

    @property
    def is_open(self) -> bool:
        done = subprocess.run(
            [*self._tmux, "has-session", "-t", self._name], capture_output=True, check=False
        )
        return done.returncode == 0

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            [*self._tmux, *words], capture_output=True, text=True, check=True, timeout=PATIENCE_S
        )
        return done.stdout


@contextmanager
def panes(socket: Path, *names: str) -> Iterator[tuple[Pane, ...]]:
    """Panes by name; the server ends with the block."""
    try:
        yield tuple(Pane(socket, name) for name in names)
    finally:
        subprocess.run(["tmux", "-S", str(socket), "kill-server"], capture_output=True, check=False)
