"""A block comes while something waits, and none on a quiet day."""

from __future__ import annotations

import asyncio

from demo.miner import Miner
from tests.nodes.ports import PATIENCE_S


class Ledger:
    """A node that counts: `waiting` chain txs go into the next block."""

    def __init__(self) -> None:
        self.waiting = 0
        self.blocks = 0
        self.down = 0

    def is_waited_for(self) -> bool:
        if self.down:
            self.down -= 1
            raise ConnectionRefusedError
        return bool(self.waiting)

    def mine(self, count: int = 1) -> None:
        self.blocks += count
        self.waiting = 0


def test_nothing_is_mined_while_nothing_waits() -> None:
    node = Ledger()
    miner = Miner(node, depth=3)
    assert not any(miner.step() for _ in range(5))
    assert node.blocks == 0


def test_a_deposit_is_seen_unconfirmed_and_then_mined_to_its_depth_and_no_further() -> None:
    node = Ledger()
    miner = Miner(node, depth=3)
    node.waiting = 1
    assert [miner.step() for _ in range(6)] == [False, True, True, True, False, False]


def test_a_second_deposit_gets_its_full_depth_too() -> None:
    node = Ledger()
    miner = Miner(node, depth=3)
    node.waiting = 1
    miner.step()
    miner.step()
    node.waiting = 1
    assert [miner.step() for _ in range(4)] == [True, True, True, False]


def test_a_node_that_is_away_for_a_moment_is_mined_on_afterwards() -> None:
    node = Ledger()
    node.waiting, node.down = 1, 2

    async def watch() -> None:
        mining = asyncio.create_task(Miner(node, depth=1).run(every_s=0.001))
        while not node.blocks:
            await asyncio.sleep(0.001)
        mining.cancel()

    asyncio.run(asyncio.wait_for(watch(), PATIENCE_S))
    assert node.blocks == 1
    assert node.down == 0
