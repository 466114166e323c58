"""A real engine in a process of its own, as `cashier run --only engine` starts it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Self

READY = "ready engine"
ROOT = Path(__file__).parents[2]


class EngineProcess:
    """One engine process. Whatever it prints is kept; leaving the `with` block ends it."""

    def __init__(self, config: Path) -> None:
        self._command = [sys.executable, "-m", "cashier", "--config", str(config)]
        self._process: subprocess.Popen[str] | None = None
        self._lines: list[str] = []
        self._is_ready = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> Self:
        """Start it and wait until it says that it is ready. Raises RuntimeError with its words."""
        self._is_ready.clear()
        started = len(self._lines)
        self._process = subprocess.Popen(
            [*self._command, "run", "--only", "engine"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        reader.start()
        self._is_ready.wait(30)
        if READY not in self._lines[started:]:
            self.kill()
            raise RuntimeError("the engine did not start:\n" + self.words)
        return self

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as output:
            for line in output:
                self._lines.append(line.rstrip("\n"))
                if self._lines[-1] == READY:
                    self._is_ready.set()
        self._is_ready.set()

    @property
    def words(self) -> str:
        """What it printed so far."""
        return "\n".join(self._lines)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(30)
            self._process = None

    def terminate(self, *, wait_s: int) -> int:
        """Ask it to stop; its exit code. Raises subprocess.TimeoutExpired when it does not."""
        assert self._process is not None
        self._process.terminate()
        code = self._process.wait(wait_s)
        self._process = None
        return code

    def freeze(self) -> None:
        """It keeps all it has and does nothing, until thaw()."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, which: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(which)
