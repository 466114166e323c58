"""Blocks as the node tells them, each checked to be the one that was asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.chain import Block
from engine.errors import NodeDown
from engine.families.evm.transport import Transport
from engine.families.evm.values import OddValue, hash_of, list_of, quantity_of, table_of

LATEST = "latest"
AT_ONCE = 20  # blocks in the first request of all
AT_ONCE_MAX = 50
ROWS_AT_ONCE = 2000  # chain txs in one request: with their logs and calls they bound what is held


@dataclass(frozen=True, slots=True)
class FullBlock:
    """A block and the rows of its chain txs, unread."""

    block: Block
    rows: Sequence[Mapping[str, Any]]


class Pace:
    """How many blocks to ask for at once, by how full the last ones were: as many as hold a bounded
    number of chain txs together."""

    def __init__(self) -> None:
        self.blocks = AT_ONCE

    def note(self, blocks: Sequence[FullBlock]) -> None:
        """After these, which were at least one; it grows slowly, because full ones may follow."""
        each = max(1, sum(len(block.rows) for block in blocks) // len(blocks))
        self.blocks = max(1, min(ROWS_AT_ONCE // each, 2 * self.blocks, AT_ONCE_MAX))


def block_of(reply: object) -> Block:
    """The header in a reply. Raises OddValue."""
    row = table_of(reply)
    time = quantity_of(row.get("timestamp"))
    return Block(
        height=quantity_of(row.get("number")),
        hash=hash_of(row.get("hash")),
        parent=hash_of(row.get("parentHash")),
        time=time,
        median_time=time,  # headers are not allowed to go back in time here
    )


def header_at(node: Transport, where: int | str) -> Block | None:
    """The header at a height or by a tag of the active chain. One call. Raises OddValue."""
    tag = hex(where) if isinstance(where, int) else where
    reply = node.call("eth_getBlockByNumber", tag, False)  # noqa: FBT003 - JSON-RPC's own form
    if reply is None:
        return None
    block = block_of(reply)
    if isinstance(where, int) and block.height != where:
        raise OddValue("the block is of another height")
    return block


def full_blocks(node: Transport, heights: Iterable[int]) -> list[FullBlock]:
    """Whole blocks of these heights, as far as the node has them, in one request. Raises OddValue,
    NodeDown."""
    asked = list(heights)
    replies = node.batch([("eth_getBlockByNumber", (hex(height), True)) for height in asked])
    found = []
    for height, reply in zip(asked, replies, strict=True):
        if reply is None:
            break
        if isinstance(reply, Exception):
            raise NodeDown("the node gives no blocks", detail=str(reply))
        block = block_of(reply)
        if block.height != height:
            raise OddValue("the block is of another height")
        rows = [table_of(row) for row in list_of(reply.get("transactions"))]
        found.append(FullBlock(block, rows))
    return found
