"""Sees to it that no process and no folder of a demo outlives it, even if it was killed.

The guard is a process of its own that holds the reading end of a pipe. However the demo ends, the
pipe closes; then the guard ends every process that was named to it and removes the folder. It is
started by its path and needs nothing but the standard library, so that it is there at once.
"""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

GRACE_S = 8.0
REMOVE_S = 5.0


class Guard:
    """The demo's side: start the guard, name processes to it, and let it clean up at the end."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-I", __file__, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C at the terminal is meant for the demo
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    def watch(self, pid: int) -> None:
        """This process ends when the demo does. Name it as soon as it is there."""
        if self._process.stdin is not None:
            self._process.stdin.write(f"{pid}\n".encode())
            self._process.stdin.flush()

    def __enter__(self) -> Guard:
        return self

    def __exit__(self, *_: object) -> None:
        """Close the pipe, and return when everything is gone."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(GRACE_S + REMOVE_S + 5)


def keep(folder: Path, lines: Iterable[str]) -> None:
    """The guard's side: note the process ids of `lines` until they end, then clean up."""
    handles: list[int] = []
    for line in lines:
        # A handle means this very process, even if its number is given to another one later.
        with contextlib.suppress(OSError, OverflowError, ValueError):
            handles.append(os.pidfd_open(int(line)))
    end_all(handles)
    remove(folder)


def end_all(handles: Iterable[int]) -> None:
    """End the processes in an orderly way, and after GRACE_S in the other way."""
    alive = list(handles)
    for how, patience_s in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, REMOVE_S)):
        for handle in alive:
            with contextlib.suppress(OSError):
                signal.pidfd_send_signal(handle, how)
        alive = _still_there(alive, patience_s)
        if not alive:
            return


def _still_there(handles: list[int], patience_s: float) -> list[int]:
    """Those of `handles` whose process has not ended when the patience has."""
    deadline = time.monotonic() + patience_s
    left = handles
    while left and time.monotonic() < deadline:
        # The handle of a process becomes readable when the process ends.
        ended, _, _ = select.select(left, [], [], max(0.0, deadline - time.monotonic()))
        left = [handle for handle in left if handle not in ended]
    return left


def remove(folder: Path) -> None:
    """Remove the folder; what ends at this moment may still write into it."""
    deadline = time.monotonic() + REMOVE_S
    while folder.exists() and time.monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.05)


def main() -> None:
    """Stand guard over the folder that the command line names."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    keep(Path(sys.argv[1]), sys.stdin)


if __name__ == "__main__":
    main()
