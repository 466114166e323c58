"""Receipts, each read for itself, and which blocks the active chain has at their heights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.chain import Block, BlockRef
from engine.errors import NodeDown, NodeRefused
from engine.families.evm.blocks import block_of
from engine.families.evm.transport import Transport
from engine.families.evm.values import OddValue, hash_of, list_of, quantity_of, table_of


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the node says became of a chain tx, in the block where it says so; `row` is the rest of
    it, unread."""

    txid: str
    block: BlockRef
    succeeded: bool
    row: Mapping[str, Any]


def receipts_told(node: Transport, txids: Iterable[str]) -> dict[str, Receipt | OddValue]:
    """One for each chain tx that is in a block; in place of one that makes no sense, what is wrong
    with it. Raises NodeDown."""
    asked = list(dict.fromkeys(txids))
    replies = node.batch([("eth_getTransactionReceipt", (txid,)) for txid in asked])
    found: dict[str, Receipt | OddValue] = {}
    for txid, reply in zip(asked, replies, strict=True):
        if isinstance(reply, NodeRefused):
            raise NodeDown("the node gives no receipts", detail=reply.detail)
        if reply is not None:
            found[txid] = _told(txid, reply)
    return found


def _told(txid: str, reply: object) -> Receipt | OddValue:
    try:
        return _receipt(txid, table_of(reply))
    except OddValue as error:
        return error


def _receipt(txid: str, row: Mapping[str, Any]) -> Receipt:
    if hash_of(row.get("transactionHash")) != txid:
        raise OddValue("a receipt is of another chain tx")
    status = quantity_of(row.get("status"))
    if status > 1:
        raise OddValue("a receipt's status is none")
    for log in list_of(row.get("logs")):
        table_of(log)
    block = BlockRef(quantity_of(row.get("blockNumber")), hash_of(row.get("blockHash")))
    return Receipt(txid, block, status == 1, row)


def active_blocks(node: Transport, heights: Iterable[int]) -> dict[int, Block]:
    """The headers of the active chain at these heights, the highest asked last. Raises OddValue,
    NodeDown."""
    asked: Sequence[int] = sorted(set(heights))
    replies = node.batch([("eth_getBlockByNumber", (hex(height), False)) for height in asked])
    found = {}
    for height, reply in zip(asked, replies, strict=True):
        if isinstance(reply, NodeRefused):
            raise NodeDown("the node gives no blocks", detail=reply.detail)
        if reply is None:
            continue
        block = block_of(reply)
        if block.height != height:
            raise OddValue("the block is of another height")
        found[height] = block
    return found
