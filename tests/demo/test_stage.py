"""The demo as a whole: what it prints, how it ends, and that nothing of it is left."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from demo.sandbox import TOP
from demo.showing import Showing
from tests.nodes.ports import PATIENCE_S, wait_until

pytestmark = pytest.mark.node

URL = r"http://127\.0\.0\.1:\d+"


def _parts(folder: Path) -> list[int]:
    """Process ids whose command line names the demo's folder: its guard, node, engine and web."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in words:
            found.append(int(entry.name))
    return found


@contextmanager
def _leaving_nothing(showing: Showing) -> Iterator[None]:
    """However the block ends the demo: no process, no folder, within seconds."""
    folder = showing.config.parent
    assert folder.is_dir()
    # The guard, litecoind, anvil, `cashier run` and its two parts.
    assert len(_parts(folder)) >= 6
    yield
    wait_until(lambda: not _parts(folder), what="the demo's processes to end")
    wait_until(lambda: not folder.exists(), what="the demo's folder to go")


def test_it_ends_by_itself_when_its_time_is_over() -> None:
    started = time.monotonic()
    with Showing("--for", "1") as showing:
        folder = showing.config.parent
        assert folder.name.startswith("cashier-demo-")
        assert showing.process.wait(PATIENCE_S) == 0
    assert time.monotonic() - started > 1
    assert not _parts(folder)
    assert not folder.exists()


def test_it_prints_where_everything_is_and_leaves_nothing_when_it_is_killed() -> None:
    with Showing() as showing, _leaving_nothing(showing):
        site, page, node, evm_node, *advice = showing.lines
        assert re.fullmatch(f"site: {URL}", site)
        assert re.fullmatch(f"page: {URL}", page)
        assert re.fullmatch(r"node LTC: http://\w+:\w+@127\.0\.0\.1:\d+/wallet/cashier", node)
        assert re.fullmatch(f"node ETH: {URL}", evm_node)
        assert all(len(line) < 80 for line in advice[:-1])
        with urlopen(f"{showing.page}/readyz") as answer:
            assert answer.status == 200
        with urlopen(showing.site) as answer:
            assert b"Ada Lindqvist" in answer.read()
        assert showing.end(signal.SIGKILL) == -signal.SIGKILL


def test_ctrl_c_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    environ = {**os.environ, "TMPDIR": str(tmp_path)}
    command = [sys.executable, str(TOP / "cashier.py"), "demo", "--no-console"]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE) as demo:
        wait_until(lambda: any(tmp_path.glob("*/litecoin/*")), what="the node's folder")
        demo.send_signal(signal.SIGINT)
        assert demo.wait(PATIENCE_S) == 0
        assert demo.stdout is not None
        assert demo.stdout.read() == b""
    assert not _parts(tmp_path)
    assert not list(tmp_path.iterdir())


def test_two_demos_live_side_by_side_and_each_ends_its_own() -> None:
    with Showing() as one, Showing() as two:
        parts = [(each.site, each.page, each.node, each.evm_node) for each in (one, two)]
        assert len({*parts[0], *parts[1]}) == 8
        with _leaving_nothing(one):
            assert one.end(signal.SIGTERM) == 0
        with urlopen(f"{two.page}/readyz") as answer:
            assert "LTC" in answer.read().decode()
        with _leaving_nothing(two):
            assert two.end(signal.SIGINT) == 0


def test_a_node_that_dies_comes_back_and_a_cashier_that_dies_ends_the_demo_with_a_word() -> None:
    with Showing() as showing, _leaving_nothing(showing):
        before = len(_told(showing))
        os.kill(_part(showing, b"litecoind\0"), signal.SIGKILL)
        # Whoever only asks how it is now may ask before the pause and then after it.
        wait_until(lambda: _told(showing)[before:][:2] == ["paused", "well"], what="its return")
        wait_until(lambda: _state(showing) == "well", what="litecoin to be well")
        os.kill(_part(showing, b"--only\0engine"), signal.SIGKILL)
        assert showing.process.wait(PATIENCE_S) == 1
        assert showing.process.stderr is not None
        said = showing.process.stderr.read()
        assert "the LTC node is back" in said
        assert "`cashier run` ended with exit code 1" in said


def _part(showing: Showing, words: bytes) -> int:
    """The process id of the demo's part whose command line holds `words`."""
    return next(
        pid
        for pid in _parts(showing.config.parent)
        if words in Path(f"/proc/{pid}/cmdline").read_bytes()
    )


def _told(showing: Showing) -> list[str]:
    """The states of litecoin that the engine told, oldest first."""
    log = (showing.config.parent / "cashier.log").read_text()
    return re.findall(r"engine\.chains LTC: (\w+)", log)


def _state(showing: Showing) -> str:
    command = [sys.executable, str(TOP / "cashier.py"), "status", "--json"]
    done = subprocess.run(
        [*command, "--config", str(showing.config)], capture_output=True, check=False
    )
    return str(json.loads(done.stdout)["currencies"][0]["state"])
