"""Real engines in processes of their own, as `cashier run --only engine` starts them."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from tests.nodes.node_process import stands_still
from tests.nodes.ports import PATIENCE_S, wait_until
from tests.together import end, start_module

READY = "ready engine"

_numbers = itertools.count()


class Nursery:
    """Where engines are born: a process that has all of it loaded, so that one starts at once."""

    def __init__(self) -> None:
        self._process = start_module("tests.engine.nursery")

    def start(self, words: Sequence[str], output: Path, *, crash_at: str = "") -> int:
        """A new process of these words (`cashier …`, `wish …`) that writes to `output`; its id."""
        return int(self._ask(do="start", words=list(words), output=str(output), crash_at=crash_at))

    def wait(self, child: int, *, seconds: float) -> int | None:
        """Its exit code, below zero the signal that ended it; None while it lives."""
        answer: int | None = self._ask(do="wait", child=child, seconds=seconds)
        return answer

    def _ask(self, **asked: object) -> Any:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        stdin.write(f"{json.dumps(asked)}\n")
        stdin.flush()
        return json.loads(stdout.readline())

    def close(self) -> None:
        end([self._process])


class EngineProcess:
    """One engine process after another. What they print is kept; leaving the `with` block ends
    the one that lives."""

    def __init__(self, config: Path, nursery: Nursery) -> None:
        self._words = ["cashier", "--config", str(config), "run", "--only", "engine", "--lifeline"]
        self._output = config.parent / f"engine-{next(_numbers)}.log"
        self._nursery = nursery
        self._pid: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def start(self) -> Self:
        """Start it and wait until it says that it is ready. Raises RuntimeError with its words."""
        said = self.words.count(READY)
        self.launch()
        wait_until(
            lambda: self.words.count(READY) > said or not self.running,
            what="an engine that is ready",
        )
        if not self.running:
            raise RuntimeError("the engine did not start:\n" + self.words)
        return self

    def launch(self, *, crash_at: str = "") -> None:
        """Start it and wait for nothing. `crash_at`: the point at which it dies or freezes."""
        assert self._pid is None
        self._pid = self._nursery.start(self._words, self._output, crash_at=crash_at)

    @property
    def words(self) -> str:
        """What it printed so far."""
        return self._output.read_text() if self._output.exists() else ""

    @property
    def running(self) -> bool:
        """Whether it lives, frozen or not."""
        if self._pid is not None and self._nursery.wait(self._pid, seconds=0) is not None:
            self._pid = None
        return self._pid is not None

    @property
    def frozen(self) -> bool:
        """Whether all of it stands still."""
        assert self._pid is not None
        return stands_still(self._pid)

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._pid is not None:
            os.kill(self._pid, signal.SIGKILL)
            self._wait(PATIENCE_S)

    def terminate(self, *, wait_s: int) -> int:
        """Ask it to stop; its exit code. Raises subprocess.TimeoutExpired when it does not."""
        self._signal(signal.SIGTERM)
        return self._wait(wait_s)

    def _wait(self, seconds: float) -> int:
        assert self._pid is not None
        code = self._nursery.wait(self._pid, seconds=seconds)
        if code is None:
            raise subprocess.TimeoutExpired("cashier run", seconds)
        self._pid = None
        return code

    def thaw(self) -> None:
        """Let one that sleeps go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, which: signal.Signals) -> None:
        assert self._pid is not None
        os.kill(self._pid, which)
