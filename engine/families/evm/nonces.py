"""How many chain txs an address has in blocks, and who took one of its numbers."""

from __future__ import annotations

from engine.chain import BlockRef, Fact, Standing
from engine.errors import NodeDown, NodeRefused
from engine.families.evm.blocks import LATEST, FullBlock, full_blocks, header_at
from engine.families.evm.transport import Transport
from engine.families.evm.values import OddValue, hash_of, quantity_of

FIRST_STEP = 64  # blocks back; each further step is four times as long


def mined_nonce(node: Transport, address: str, at: str | None) -> int:
    """After the block of hash `at`, else after the newest. Raises OddValue, NodeDown, NodeRefused
    where the node does not have that state."""
    where: object = LATEST if at is None else {"blockHash": at}
    return quantity_of(node.call("eth_getTransactionCount", address, where))


def user_of(node: Transport, address: str, nonce: int, tip: BlockRef) -> Fact | None:
    """The chain tx in a block up to `tip` that took this number of `address`; None where none did,
    or where the node has no state any more of before it. The search halves: some dozens of calls at
    most. Raises OddValue, NodeDown."""
    height = _height_of(node, address, nonce, tip.height)
    fact = None if height is None else _in_block(node, address, nonce, height)
    now = header_at(node, tip.height)
    if now is None or now.hash != tip.hash:
        raise NodeDown("the node's chain moved while it was asked")
    return fact


def _height_of(node: Transport, address: str, nonce: int, top: int) -> int | None:
    """The lowest height up to `top` at which the number is known to be taken. Raises OddValue."""
    if not _is_taken(node, address, nonce, top):
        return None
    taken, free, step = top, top - FIRST_STEP, FIRST_STEP
    while free >= 0 and _is_taken(node, address, nonce, free):
        step *= 4
        taken, free = free, free - step
    free = max(free, -1)
    while taken - free > 1:
        middle = (taken + free) // 2
        if _is_taken(node, address, nonce, middle):
            taken = middle
        else:
            free = middle
    return taken


def _is_taken(node: Transport, address: str, nonce: int, height: int) -> bool:
    """Not known to be, where the node has no state of that block any more: the search then ends at
    a block that does not have the chain tx."""
    try:
        count = node.call("eth_getTransactionCount", address, hex(height))
    except NodeRefused:
        return False
    return quantity_of(count) > nonce


def _in_block(node: Transport, address: str, nonce: int, height: int) -> Fact | None:
    (full,) = full_blocks(node, [height]) or (None,)
    if full is None:
        raise NodeDown("the node's chain moved while it was asked")
    for row in full.rows:
        if str(row.get("from")).lower() == address.lower() and quantity_of(row["nonce"]) == nonce:
            return _fact(full, row.get("hash"))
    return (
        None  # an account that hands itself to a contract takes a number without a row of its own
    )


def _fact(full: FullBlock, txid: object) -> Fact:
    if not isinstance(txid, str):
        raise OddValue("a chain tx in a block has no hash")
    return Fact(hash_of(txid), Standing.MINED, full.block.ref)
