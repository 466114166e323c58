"""The process: it says when it is ready, serves, and ends when it is told to."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import pytest

from engine.config import Config
from tests.nodes.ports import PATIENCE_S
from tests.web.conftest import Configure, write_config
from web.server import url_of

TOP = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
from engine.config import load_config
from web.server import serve
serve(load_config(sys.argv[1], role="web"), lambda url: print(url, flush=True))
"""


def _start(config: Config) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(config.path)],
        cwd=TOP,
        env={**os.environ, "PYTHONPATH": str(TOP)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _first_line(process: subprocess.Popen[str]) -> str:
    lines: queue.Queue[str] = queue.Queue()
    stdout = process.stdout
    assert stdout is not None
    threading.Thread(target=lambda: lines.put(stdout.readline()), daemon=True).start()
    return lines.get(timeout=PATIENCE_S).strip()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_told_to_stop(
    tmp_path: Path, database_url: str, number: signal.Signals
) -> None:
    config = write_config(tmp_path, database_url)
    config.path.write_text(config.path.read_text().replace(":8700", ":0"))
    process = _start(config)
    try:
        url = _first_line(process)
        with urllib.request.urlopen(f"{url}/readyz", timeout=PATIENCE_S) as answer:
            assert answer.status == 200
        process.send_signal(number)
        _, errors = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, errors
        assert "Traceback" not in errors
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def test_its_url_is_the_public_one_or_the_port_that_was_opened(configure: Configure) -> None:
    assert url_of(configure(), port=8700) == "http://127.0.0.1:8700"
    assert url_of(configure(), port=4242) == "http://127.0.0.1:4242"
    public = configure(web='public_url = "https://cashier.example"')
    assert url_of(public, port=4242) == "https://cashier.example"
