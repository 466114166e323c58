"""Engines born in a moment: `python -m tests.engine.nursery` has everything loaded, and forks.

Reads one JSON object a line and answers one: `start` gives birth to a process that goes through
`cashier …` like any other, or is a client with a wish; `wait` tells its exit code (below zero: the
signal that ended it, null: it still lives). When the nursery ends, so do its engines.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import cashier
import commands.run
import commands.supervisor
import engine.daemon
import engine.families.bitcoin
import engine.families.evm.chain
import engine.preflight
import engine.store
from engine.crashpoints import VARIABLE
from tests.engine import wishes

LOADED = (commands.run, commands.supervisor, engine.daemon, engine.families.bitcoin)
LOADED_TOO = (engine.families.evm.chain, engine.preflight, engine.store)
LOOK_EVERY_S = 0.005


def _start(words: Sequence[str], output: Path, crash_at: str, lifeline: tuple[int, int]) -> int:
    """A child that runs these words; its process id."""
    child = os.fork()
    if child:
        return child
    try:
        _redirect(output, lifeline)
        if crash_at:
            os.environ[VARIABLE] = crash_at
        _run(*words)
    except SystemExit as error:
        _leave(error.code if isinstance(error.code, int) else 1)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        _leave(1)
    _leave(0)
    raise AssertionError("a child went on")


def _run(program: str, *words: str) -> None:
    if program == "wish":
        wishes.main(*words)
    else:
        cashier.cli.main(args=list(words), prog_name=program)


def _leave(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _redirect(output: Path, lifeline: tuple[int, int]) -> None:
    """Nothing to read until the nursery ends, and all that is written into one file."""
    ends, held = lifeline
    os.close(held)
    journal = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for number, place in enumerate((ends, journal, journal)):
        os.dup2(place, number)


def _wait(child: int, seconds: float) -> int | None:
    deadline = time.monotonic() + seconds
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            return None
        time.sleep(LOOK_EVERY_S)


def main() -> None:
    lifeline = os.pipe()
    for line in sys.stdin:
        asked = json.loads(line)
        answer: int | None
        if asked["do"] == "start":
            answer = _start(asked["words"], Path(asked["output"]), asked["crash_at"], lifeline)
        else:
            answer = _wait(asked["child"], asked["seconds"])
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
