"""Internal transfers as `trace_block` tells them: what contracts send on, and selfdestructs.

A frame counts only if neither it nor any frame above it was reverted. Nodes without `trace_block`
show such coins by the balance alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.chain import Block
from engine.errors import NodeDown, NodeRefused
from engine.families.evm.transport import UNKNOWN_METHOD, Transport
from engine.families.evm.values import OddValue, address_of, hash_of, list_of, quantity_of, table_of


@dataclass(frozen=True, slots=True)
class Frame:
    """Coins that a contract sent. `path` leads to it from its chain tx: `0.1` is the second call of
    the first one; empty for the chain tx itself."""

    txid: str
    path: str
    sender: str
    to: str
    units: int


class Tracer:
    """Frames of blocks, as long as the node has them. One thread owns an instance."""

    def __init__(self, node: Transport) -> None:
        self._node = node
        self.able: bool | None = None  # None: never asked yet

    def frames(self, blocks: Sequence[Block], ours: Container[str]) -> list[list[Frame]]:
        """Those of each block that moved coins to addresses of ours, without those of chain txs
        themselves; nothing where the node cannot tell. Raises OddValue, NodeDown."""
        if self.able is False or not blocks:
            return [[] for _ in blocks]
        replies = self._node.batch([("trace_block", (hex(each.height),)) for each in blocks])
        refused = [each for each in replies if isinstance(each, NodeRefused)]
        if any(each.rpc_code == UNKNOWN_METHOD for each in refused):
            self.able = False
        if refused:  # a node that has pruned these states shows their balances all the same
            return [[] for _ in blocks]
        self.able = True
        return [
            list(_frames(_rows(reply, block), ours))
            for block, reply in zip(blocks, replies, strict=True)
        ]


def _rows(reply: object, block: Block) -> list[Mapping[str, Any]]:
    rows = [table_of(row) for row in list_of(reply)]
    if any(row.get("blockHash") != block.hash for row in rows):
        raise NodeDown("the node's chain moved while it was asked")
    return rows


def _frames(rows: Sequence[Mapping[str, Any]], ours: Container[str]) -> Iterator[Frame]:
    """Nearly all frames of a block are between others: a quick look finds the chain txs with one
    for us, and only these are read."""
    wanted = {str(row.get("transactionHash")) for row in rows if _names(row, ours)}
    by_txid: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows if wanted else ():
        if row.get("transactionHash") is not None and str(row["transactionHash"]) in wanted:
            by_txid[hash_of(row["transactionHash"])].append(row)
    for txid, own in by_txid.items():
        reverted = {_path(row) for row in own if row.get("error") is not None}
        for row in own:
            path = _path(row)
            if path and not any(path[:depth] in reverted for depth in range(len(path) + 1)):
                yield from (each for each in _moved(txid, path, row) if each.to in ours)


def _names(row: Mapping[str, Any], ours: Container[str]) -> bool:
    """Whether it is below its chain tx and pays an address of ours."""
    action = row.get("action")
    if not isinstance(action, dict) or not row.get("traceAddress"):
        return False
    paid = action.get("to"), action.get("refundAddress")
    return any(isinstance(each, str) and each.lower() in ours for each in paid)


def _path(row: Mapping[str, Any]) -> tuple[int, ...]:
    path = tuple(list_of(row.get("traceAddress")))
    if not all(isinstance(step, int) for step in path):
        raise OddValue("a trace address is none")
    return path


def _moved(txid: str, path: tuple[int, ...], row: Mapping[str, Any]) -> Iterator[Frame]:
    action, kind = table_of(row.get("action")), row.get("type")
    if kind == "call" and action.get("callType") == "call":
        sender, to, units = action.get("from"), action.get("to"), action.get("value")
    elif kind == "suicide":
        sender, to, units = (action.get(key) for key in ("address", "refundAddress", "balance"))
    else:  # a delegated call names its caller's value, and moves nothing
        return
    moved = quantity_of(units)
    if moved:
        name = ".".join(map(str, path))
        yield Frame(txid, name, address_of(sender), address_of(to), moved)
