"""What of the coins that were sent to addresses of ours stayed there. Where there is no code, all
of it does; where there is, the balance before and after the block tells."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.chain import Block
from engine.errors import NodeDown, NodeRefused
from engine.families.evm.arrivals import receipts_in
from engine.families.evm.balances import balances
from engine.families.evm.blocks import FullBlock, full_blocks
from engine.families.evm.transport import Transport
from engine.families.evm.values import data_of, hash_of, quantity_of


@dataclass(frozen=True, slots=True)
class Landed:
    """`units` stayed at the address; None where the node does not know the states of that block any
    more."""

    units: int | None


def landed_coins(
    node: Transport, asked: Sequence[tuple[str, str, Block]]
) -> dict[str, Landed | None]:
    """By txid, for chain txs that succeeded: id, target in lower case, and block. None where no
    code could pass anything on: all of it stayed. Raises OddValue, NodeDown."""
    spots = sorted({(target, block.hash) for _, target, block in asked})
    replies = node.batch([("eth_getCode", (target, {"blockHash": at})) for target, at in spots])
    codes = dict(zip(spots, replies, strict=True))
    found: dict[str, Landed | None] = {}
    doubted: dict[Block, list[tuple[str, str]]] = defaultdict(list)
    for txid, target, block in asked:
        code = codes[target, block.hash]
        if isinstance(code, NodeRefused):
            found[txid] = Landed(None)
        elif data_of(code):
            doubted[block].append((txid, target))
        else:
            found[txid] = None
    for block, pairs in doubted.items():
        found |= _by_balance(node, block, pairs)
    return found


def _by_balance(
    node: Transport, block: Block, pairs: Sequence[tuple[str, str]]
) -> dict[str, Landed]:
    """What the target's balance grew by, and what went off it for other reasons, was brought by
    the block's payments to it, the first ones first."""
    rows = _rows(node, block)
    found: dict[str, Landed] = {}
    for target in sorted({target for _, target in pairs}):
        wanted = [txid for txid, to in pairs if to == target]
        grown = _growth(node, block, target)
        if grown is None:
            found |= {txid: Landed(None) for txid in wanted}
            continue
        rest = max(0, grown + _spent(node, block, rows, target))
        for row in rows:
            if _to(row) == target and row.get("hash") in wanted:
                units = min(quantity_of(row.get("value")), rest)
                found[hash_of(row.get("hash"))] = Landed(units)
                rest -= units
    return found


def _rows(node: Transport, block: Block) -> Sequence[Mapping[str, Any]]:
    (full,) = full_blocks(node, [block.height]) or (None,)
    if not isinstance(full, FullBlock) or full.block.hash != block.hash:
        raise NodeDown("the node's chain moved while it was asked")
    return full.rows


def _growth(node: Transport, block: Block, address: str) -> int | None:
    (before,) = balances(node, [(None, address)], at=block.parent)
    (after,) = balances(node, [(None, address)], at=block.hash)
    return None if before is None or after is None else after - before


def _spent(node: Transport, block: Block, rows: Iterable[Mapping[str, Any]], address: str) -> int:
    """What the address itself sent in this block, with its fees."""
    own = [row for row in rows if str(row.get("from")).lower() == address]
    receipts = receipts_in(node, [hash_of(row.get("hash")) for row in own], block)
    total = 0
    for row in own:
        told = receipts[hash_of(row.get("hash"))]
        total += quantity_of(told.get("gasUsed")) * quantity_of(told.get("effectiveGasPrice"))
        total += quantity_of(row.get("value")) if quantity_of(told.get("status")) else 0
    return total


def _to(row: Mapping[str, Any]) -> str:
    return str(row.get("to") or "").lower()
