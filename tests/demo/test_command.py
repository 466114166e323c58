"""What `cashier demo` refuses, in one line each."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from demo.sandbox import TOP
from tests.nodes.ports import PATIENCE_S


def _demo(*options: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(TOP / "cashier.py"), "demo", *options],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        env={**os.environ, **environ},
    )


@pytest.mark.parametrize(
    "options",
    [
        ["--for", "0"],
        ["--for", "-1"],
        ["--for", "nan"],
        ["--for", "1.5"],
        ["--for", "9" * 30],
        ["--for"],
        ["--port", "65536"],
        ["--port", "http"],
        ["--port", "\u0661"],
        ["--port", "1_0"],
        ["--nonsense"],
        ["litecoin"],
    ],
)
def test_garbage_is_wrong_use_said_in_one_line(options: list[str]) -> None:
    done = _demo(*options)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert not done.stdout


def test_a_taken_port_is_said_before_anything_starts(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        done = _demo("--port", port, TMPDIR=str(tmp_path))
    assert done.returncode == 2
    assert f"port {port} cannot be used: Address already in use" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_machine_without_a_node_is_told_what_to_install(tmp_path: Path) -> None:
    done = _demo(PATH=str(tmp_path), TMPDIR=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "litecoind is not installed; install it with: apt-get install litecoind"
    ]
    assert not list(tmp_path.iterdir())


def test_help_names_every_option() -> None:
    done = _demo("--help")
    assert done.returncode == 0
    for option in ("--no-console", "--port", "--for", "--config"):
        assert option in done.stdout
