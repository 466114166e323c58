"""The guard ends what was named to it and removes the folder, however the demo ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from demo import guard
from demo.guard import Guard
from tests.nodes.ports import PATIENCE_S, wait_until

SLEEPER = [sys.executable, "-c", "import time; print(1, flush=True); time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "from signal import *; signal(SIGTERM, SIG_IGN); print(1, flush=True); pause()",
]


def _start(command: list[str]) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    return process


def test_an_orderly_end_leaves_neither_process_nor_folder(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    (folder / "wallet.dat").write_text("coins")
    with Guard(folder) as watching:
        sleeper = _start(SLEEPER)
        watching.watch(sleeper.pid)
    assert sleeper.wait(PATIENCE_S) == -signal.SIGTERM
    assert not folder.exists()


def test_what_does_not_want_to_end_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "GRACE_S", 0.2)
    stubborn = _start(STUBBORN)
    guard.keep(tmp_path, [f"{stubborn.pid}\n"])
    assert stubborn.wait(PATIENCE_S) == -signal.SIGKILL


def test_lines_that_name_no_process_are_passed_over(tmp_path: Path) -> None:
    gone = _start(SLEEPER)
    gone.kill()
    gone.wait()
    folder = tmp_path / "demo"
    folder.mkdir()
    guard.keep(folder, ["\n", "none\n", f"{gone.pid}\n", "99999999999999999999\n"])
    assert not folder.exists()


def test_a_demo_that_is_killed_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    folder.mkdir()
    program = (
        "import subprocess, sys, time; from pathlib import Path; from demo.guard import Guard\n"
        "watching = Guard(Path(sys.argv[1]))\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "watching.watch(child.pid)\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    demo = subprocess.Popen([sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE)
    assert demo.stdout is not None
    handle = os.pidfd_open(int(demo.stdout.readline()))
    demo.stdout.close()
    demo.kill()
    demo.wait()
    try:
        wait_until(lambda: _has_ended(handle), what="the demo's child")
    finally:
        os.close(handle)
    wait_until(lambda: not folder.exists(), what="the demo's folder to go")


def _has_ended(handle: int) -> bool:
    try:
        signal.pidfd_send_signal(handle, 0)
    except ProcessLookupError:
        return True
    return False
