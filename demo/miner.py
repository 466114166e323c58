"""The sandbox's miner: a block every few seconds while a chain tx waits, else none."""

from __future__ import annotations

import asyncio
from typing import Protocol

from demo.rpc import RpcError

EVERY_S = 4.0


class Mine(Protocol):
    """What the miner needs of a node."""

    def mine(self, count: int = 1) -> None: ...

    def is_waited_for(self) -> bool: ...


class Miner:
    """Mines until what was in the mempool is `depth` blocks deep, one block at a time, so that a
    person who watches sees "pending 1 of 3", "2 of 3" and so on."""

    def __init__(self, node: Mine, *, depth: int) -> None:
        self._node = node
        self._depth = depth
        self._due = 0

    def step(self) -> bool:
        """One round; whether it mined a block. The round that first sees something waiting only
        notes it: it may be a moment old, and is worth being seen with no confirmation at all."""
        waiting = self._node.is_waited_for()
        if waiting and not self._due:
            self._due = self._depth
            return False
        if waiting:
            self._due = self._depth
        if not self._due:
            return False
        self._node.mine()
        self._due -= 1
        return True

    async def run(self, *, every_s: float = EVERY_S) -> None:
        """Mine for ever. A node that does not answer now is asked again."""
        while True:
            await asyncio.sleep(every_s)
            try:
                await asyncio.to_thread(self.step)
            except (OSError, RpcError):
                continue
