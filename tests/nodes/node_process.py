"""The process of a node in the tests: started, ended in order or by force, frozen and thawed."""

from __future__ import annotations

import signal
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path

from tests.nodes.ports import PATIENCE_S, free_port, wait_until


def stands_still(pid: int) -> bool:
    """Whether all of a process was stopped; a thread that ends while one looks was not."""
    try:
        tasks = list(Path(f"/proc/{pid}/task").iterdir())
        states = {(task / "stat").read_text().rpartition(")")[2].split()[0] for task in tasks}
    except (FileNotFoundError, ProcessLookupError):
        return False
    return states == {"T"}


class NodeProcess(ABC):
    """One node on a port of its own, with its data in `folder`; `flags` are added to its command.
    Only the process that this object started is ever signalled."""

    name: str
    not_ready: tuple[type[Exception], ...]  # what `_ask` raises until the node answers

    def __init__(self, folder: Path, *, flags: Sequence[str] = ()) -> None:
        self.folder = folder
        self.port = free_port()
        self._flags = flags
        self._process: subprocess.Popen[bytes] | None = None

    @abstractmethod
    def start(self) -> None:
        """Start it and wait until it is of use."""

    @abstractmethod
    def _command(self) -> list[str]:
        """What starts it. Raises FileNotFoundError, with what installs it."""

    @abstractmethod
    def _ask(self) -> object:
        """The cheapest question there is."""

    def launch(self) -> None:
        """Start its process and wait for nothing."""
        command = self._command()
        self.folder.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def wait(self) -> None:
        """Wait until it answers. Raises RuntimeError when it ended instead."""
        wait_until(self._answers, what=self.name)

    def _answers(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise RuntimeError(f"{self.name} ended with {self._process.returncode}")
        try:
            self._ask()
        except self.not_ready:
            return False
        return True

    def stop(self) -> None:
        """End it in an orderly way."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End it as a power cut does."""
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self._process is None:
            return
        self._process.send_signal(signal.SIGCONT)
        self._process.send_signal(how)
        self._process.wait(PATIENCE_S)
        self._process = None

    def restart(self) -> None:
        self.stop()
        self.start()

    def freeze(self) -> None:
        """It keeps its sockets and answers nothing, until thaw(). On a busy machine some of its
        threads go on for a moment, and may answer: wait for all of them."""
        self._signal(signal.SIGSTOP)
        assert self._process is not None
        pid = self._process.pid
        wait_until(lambda: stands_still(pid), what=f"{self.name} to stand still")

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, which: signal.Signals) -> None:
        if self._process is None:
            raise RuntimeError(f"{self.name} is not running")
        self._process.send_signal(which)
