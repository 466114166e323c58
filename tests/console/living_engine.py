"""A whole engine on a chain in memory, a process of its own, for tests that sit at a console.

Started as `python -m tests.console.living_engine CASHIER_TOML`; says `ready`. Each line of its
input is done and answered by one of output: `pay ADDRESS UNITS`, `know ADDRESS` (the node takes it
for a good one), `steal UNITS` (somebody with the node's keys spends a coin), `mine COUNT`. It ends
with its input.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

from db.connection import open_database
from engine.config import load_config
from engine.daemon import Daemon
from tests.nodes.fake import FakeChain
from tests.nodes.ports import PATIENCE_S


class SharedChain(FakeChain):
    """A chain of two threads, the engine's and that of what happens: one call at a time."""

    def __init__(self) -> None:
        self._one = threading.RLock()
        super().__init__()

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name.startswith("_") or not callable(found):
            return found

        def alone(*given: Any, **named: Any) -> Any:
            with self._one:
                return found(*given, **named)

        return alone


class World:
    """What happens outside of the engine, by the words of a line."""

    def __init__(self, chain: FakeChain) -> None:
        self._chain = chain

    def do(self, line: str) -> str:
        name, *words = line.split()
        told: object = getattr(self, f"_{name}")(*words)
        return str(told)

    def _pay(self, address: str, units: str) -> str:
        return self._chain.pay(address, int(units))

    def _know(self, address: str) -> str:
        self._chain.valid.add(address)
        return address

    def _mine(self, count: str) -> int:
        self._chain.mine(int(count))
        return self._chain.tip.height

    def _steal(self, units: str) -> str:
        coin = max(self._chain.coins(self._chain.tip.hash), key=lambda each: each.units)
        change = coin.units - int(units) - 1000
        outputs = [("other1thief", int(units)), (self._chain.address(), change)]
        spent = f"{coin.txid}:{coin.index.removeprefix('vout:')}"
        return self._chain.pay(outputs, inputs=[spent], own=True)


def _live(path: str) -> None:
    config = load_config(path, role="engine", environ={})
    open_database(config.database)
    chain = SharedChain()
    chain.mine(3)
    stop, ready = threading.Event(), threading.Event()
    daemon = Daemon(config, opener=lambda _currency: chain)
    thread = threading.Thread(target=daemon.run, args=(stop,), kwargs={"on_ready": ready.set})
    thread.start()
    try:
        ready.wait(PATIENCE_S)
        _say("ready")
        world = World(chain)
        for line in sys.stdin:
            _say(world.do(line))
    finally:
        stop.set()
        thread.join()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _live(sys.argv[1])
