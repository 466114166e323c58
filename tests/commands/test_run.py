"""Engine and web run as two processes that know only their own secrets, and end together."""

from __future__ import annotations

import os
import signal
import socket
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.families.bitcoin.transport import TIMEOUT_S as NODE_ANSWERS_S
from tests.commands.desk import NODE_DOWN, Desk
from tests.commands.processes import Process, environment_of, is_running
from tests.engine.toml_text import SITE_SECRET
from tests.nodes.litecoind import Litecoind
from tests.nodes.ports import PATIENCE_S, wait_until

SECRETS = {
    "CASHIER_LTC_NODE": NODE_DOWN,
    "CASHIER_SITE_SECRET": SITE_SECRET,
    "SOMEBODY_ELSES_PASSWORD": "hunter3",
}

Start = Callable[..., Process]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts `cashier` on a desk; everything is gone after the test."""
    started: list[Process] = []

    def start(desk: Desk, *words: str, environ: dict[str, str] | None = None) -> Process:
        folder = tmp_path / f"process{len(started)}"
        folder.mkdir()
        command = ("--config", str(desk.path), *words)
        started.append(Process(folder, *command, environ=environ))
        return started[-1]

    yield start
    for process in started:
        process.destroy()


def run_both(start: Start, desk: Desk, **environ: str) -> Process:
    return start(desk, "run", "--listen", "127.0.0.1:0", environ=environ)


def health_of(url: str) -> int:
    with urllib.request.urlopen(f"{url}/healthz", timeout=PATIENCE_S) as answer:
        return int(answer.status)


def test_both_come_up_serve_and_end_in_good_order(desk: Desk, start: Start) -> None:
    process = run_both(start, desk)
    assert health_of(process.ready()) == 200
    assert set(process.known) == {"engine", "web"}
    assert process.end() == 0, "nobody had to be killed"
    assert not any(map(is_running, process.known.values()))


def test_a_new_database_is_made_by_itself(new_desk: Desk, start: Start) -> None:
    process = run_both(start, new_desk)
    process.ready()
    assert "applied 0001_initial" in process.printed()
    assert new_desk.json("status")["engine"] == "running"
    assert new_desk.json("status")["audit_key"].startswith("ed25519:")
    assert process.end(signal.SIGINT) == 0


def test_each_process_is_given_its_own_secrets_only(new_desk: Desk, start: Start) -> None:
    handshake = {"algorithm": "HS256", "secret": "env:CASHIER_SITE_SECRET"}
    new_desk.write(node="env:CASHIER_LTC_NODE", tables={"site": {"handshake": handshake}})
    process = run_both(start, new_desk, **SECRETS)
    process.ready()
    engine, web = (environment_of(process.known[role]) for role in ("engine", "web"))
    assert engine["CASHIER_LTC_NODE"] == NODE_DOWN
    assert "CASHIER_SITE_SECRET" not in engine
    assert web["CASHIER_SITE_SECRET"] == SITE_SECRET
    assert "CASHIER_LTC_NODE" not in web
    assert "SOMEBODY_ELSES_PASSWORD" not in web
    for role in ("engine", "web"):
        words = Path(f"/proc/{process.known[role]}/cmdline").read_text()
        assert not [secret for secret in SECRETS.values() if secret in words]
    assert not [secret for secret in SECRETS.values() if secret in process.printed()]


@pytest.mark.parametrize(("role", "other"), [("engine", "web"), ("web", "engine")])
def test_when_one_dies_the_other_is_ended_and_it_says_so(
    new_desk: Desk, start: Start, role: str, other: str
) -> None:
    process = run_both(start, new_desk)
    process.ready()
    os.kill(process.known[role], signal.SIGKILL)
    assert process.popen.wait(PATIENCE_S) == 1
    assert f"cashier run: {role} was killed by signal 9; stopping" in process.printed()
    assert not is_running(process.known[other])


def test_no_child_outlives_a_killed_parent(new_desk: Desk, start: Start) -> None:
    process = run_both(start, new_desk)
    process.ready()
    process.end(signal.SIGKILL)
    wait_until(lambda: not any(map(is_running, process.known.values())), what="the end")


def test_a_node_that_is_down_is_named_and_stops_nothing_else(new_desk: Desk, start: Start) -> None:
    process = run_both(start, new_desk)
    url = process.ready()
    process.wait_for(
        "cashier.toml: currency.LTC.node: connection refused at 127.0.0.1:1; is litecoind running?"
        " (cashier check LTC)\n"
    )
    assert health_of(url) == 200
    assert "hunter2" not in process.printed()
    assert "Traceback" not in process.printed()


def test_a_place_that_is_taken_is_one_line(desk: Desk, start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        process = start(desk, "run", "--only", "web", "--listen", place)
        assert process.popen.wait(PATIENCE_S) == 2
    (line,) = process.printed().splitlines()
    assert f"cannot listen on {place}" in line


def test_web_alone_makes_no_database(new_desk: Desk, start: Start) -> None:
    process = start(new_desk, "run", "--only", "web")
    assert process.popen.wait(PATIENCE_S) == 2
    assert "run `cashier migrate`" in process.printed()
    assert not (new_desk.folder / "var").exists()


def test_a_log_line_is_one_event_in_utc(new_desk: Desk, start: Start) -> None:
    process = run_both(start, new_desk)
    process.ready()
    logged = [line for line in process.err.read_text().splitlines() if " INFO " in line]
    assert logged
    assert all(line[10] == "T" and line[23] == "Z" for line in logged)


@pytest.mark.node
def test_on_a_real_node_status_is_well_and_check_passes_beside_the_engine(
    new_desk: Desk, start: Start, litecoind: Litecoind
) -> None:
    new_desk.write(node=litecoind.url(), address_pool=5)
    process = run_both(start, new_desk)
    process.ready()
    wait_until(lambda: new_desk.type("status").exit_code == 0, what="well")
    (row,) = new_desk.json("status")["currencies"]
    assert (row["state"], row["behind"]) == ("well", 0)
    ready = "5 of 5 unused addresses are ready"  # made after the node is called well
    wait_until(lambda: ready in new_desk.type("check").stdout, what=ready)
    result = new_desk.type("check")
    assert result.exit_code == 0, result.stdout
    assert process.end() == 0


@pytest.mark.node
def test_a_node_that_hangs_does_not_keep_it_from_stopping(
    new_desk: Desk, start: Start, own_litecoind: Litecoind
) -> None:
    new_desk.write(node=own_litecoind.url())
    process = run_both(start, new_desk)
    process.ready()
    wait_until(lambda: new_desk.type("status").exit_code == 0, what="well")
    own_litecoind.freeze()
    time.sleep(3)  # a round begins, and waits for an answer
    began = time.monotonic()
    assert process.end() in {0, 1}
    assert time.monotonic() - began < NODE_ANSWERS_S - 10
    own_litecoind.thaw()
    assert not any(map(is_running, process.known.values()))
