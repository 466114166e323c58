"""Engines that die: `python -m tests.engine.sender.dying_sender CONFIG NODE_PORT`.

Reads one line for each engine: where it dies (a crash point, or `-`), after how many milliseconds
it is killed blindly (0: never), and how many withdrawals its client asks for first. Each is a
process of its own, forked from here so that it starts at once; answers `died` or `done`.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from db import connection
from db.connection import connected
from engine import chains
from engine.chain import BlockRef
from engine.clock import utc_now
from engine.config import Config, load_config
from engine.crashpoints import VARIABLE
from engine.families import open_chain
from engine.follower import Follower
from engine.sender.sender import Sender
from engine.withdrawals.request import request_withdrawal
from tests.nodes.litecoind import Litecoind

ROUNDS = 10


def live(config: Config, node: Litecoind, requests: int) -> None:
    """A client asks, and the engine works while blocks are found."""
    connection.open_database(config.database)
    chain = open_chain(config.currencies["LTC"], node.url())
    follower = Follower(config, "LTC", chain, guard=_unfenced)
    sender = Sender(config, "LTC", chain, guard=_unfenced)
    with connected():
        for _ in range(requests):
            request_withdrawal(
                config,
                client="ann",
                currency="LTC",
                address=node.stranger(),
                amount="0.01",
                now=utc_now(),
            )
        for _ in range(ROUNDS):
            follower.step(utc_now())
            tip = chains.state("LTC")
            sender.step(BlockRef(int(tip.height), str(tip.hash)), utc_now())
            node.mine(1)


def _unfenced() -> None:
    """One engine at a time: the test sees to it."""


def _kill_after(child: int, milliseconds: int) -> None:
    deadline = time.monotonic() + milliseconds / 1000
    while time.monotonic() < deadline:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return
        time.sleep(0.001)
    os.kill(child, 9)


def main() -> None:
    path, port = sys.argv[1:]
    config = load_config(Path(path), role="engine")
    node = Litecoind(Path(path).parent / "none")
    node.port = int(port)
    for line in sys.stdin:
        point, milliseconds, requests = line.split()
        child = os.fork()
        if child == 0:
            os.environ[VARIABLE] = point
            live(config, node, int(requests))
            os._exit(0)
        if int(milliseconds):
            _kill_after(child, int(milliseconds))
        _, status = os.waitpid(child, 0)
        sys.stdout.write("died\n" if os.WIFSIGNALED(status) else f"done {status}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
