"""Work done at the same moment by many threads or by other processes."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from db.connection import connected
from tests.nodes.ports import PATIENCE_S

T = TypeVar("T")
TOP = Path(__file__).resolve().parent.parent


def at_once(count: int, work: Callable[[int], T]) -> list[T | Exception]:
    """`work(0)` … `work(count - 1)`, each in a thread with a connection of its own, let go
    together; what each returned or raised."""
    outcomes: dict[int, T | Exception] = {}
    gate = threading.Barrier(count)

    def run(number: int) -> None:
        try:
            with connected():
                gate.wait(PATIENCE_S)
                outcomes[number] = work(number)
        except Exception as error:
            outcomes[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert not any(thread.is_alive() for thread in threads)
    return [outcomes[number] for number in range(count)]


def start_module(module: str, *arguments: str) -> subprocess.Popen[str]:
    """`python -m module arguments…` from the top of the tree, its stdin and stdout in our hands."""
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        cwd=TOP,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def end(processes: Sequence[subprocess.Popen[str]]) -> None:
    """Kill what still runs, and close the pipes."""
    for process in processes:
        if process.poll() is None:
            process.kill()
        process.wait(PATIENCE_S)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
