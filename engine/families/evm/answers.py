"""Whether a node answers what following and paying need: tried before coins arrive, once each."""

from __future__ import annotations

from dataclasses import dataclass

from engine.chain import Block
from engine.errors import NodeForbids, NodeRefused
from engine.families.evm.blocks import LATEST, block_of, header_at
from engine.families.evm.transfers import TRANSFER
from engine.families.evm.transport import UNKNOWN_METHOD, Call, Transport
from engine.families.evm.values import OddValue, list_of, table_of

STATES_BACK = 127  # blocks whose states every full node keeps
NOT_OFFERED = frozenset({UNKNOWN_METHOD, -32004})  # -32004: EIP-1474, "method not supported"
OLD_TRIED = 8  # blocks that are looked at for an old chain tx
_SOMEBODY = "0x" + "00" * 19 + "01"
_NO_HASH = "0x" + "00" * 32


@dataclass(frozen=True, slots=True)
class Answers:
    """`missing`: what the node does not tell, in words; `traces`: whether it tells what contracts
    pay on, which otherwise only balances show."""

    missing: tuple[str, ...]
    traces: bool


def node_answers(node: Transport) -> Answers:
    """Asked now, in a few requests. Raises OddValue, NodeDown, NodeRefused."""
    tip = table_of(node.call("eth_getBlockByNumber", LATEST, False))  # noqa: FBT003 - JSON-RPC
    newest = block_of(tip)
    deep = header_at(node, max(0, newest.height - STATES_BACK))
    if deep is None:
        raise OddValue("a block is missing")
    questions = _questions(newest, deep)
    replies = node.batch([call for _, call in questions])
    missing = [
        words
        for (words, _), reply in zip(questions, replies, strict=True)
        if isinstance(reply, NodeRefused)
    ]
    if tip.get("baseFeePerGas") is None:
        missing.append("a base fee (EIP-1559)")
    if not _knows_old(node, newest.height):
        missing.append("chain txs of old blocks by their hash")
    (traces,) = node.batch([("trace_block", (hex(newest.height),))])
    return Answers(tuple(missing), not isinstance(traces, NodeRefused))


def takes_sends(node: Transport) -> bool:
    """Whether the node lets us send: asked with no bytes at all, which no node can take for a
    chain tx. One that reads them refuses them; one that does not offer the call says so. Raises
    NodeDown."""
    try:
        node.call("eth_sendRawTransaction", "0x")
    except NodeForbids:
        return False
    except NodeRefused as error:
        return error.rpc_code not in NOT_OFFERED
    return True


def _questions(newest: Block, deep: Block) -> list[tuple[str, Call]]:
    """What is missing when the node refuses, and the call."""
    now, then = {"blockHash": newest.hash}, {"blockHash": deep.hash}
    back = newest.height - deep.height
    call = {"from": _SOMEBODY, "to": _SOMEBODY, "value": "0x0", "data": "0x"}
    return [
        (f"balances of {back} blocks ago", ("eth_getBalance", (_SOMEBODY, then))),
        (f"contracts of {back} blocks ago", ("eth_call", (call, then))),
        ("code by block hash", ("eth_getCode", (_SOMEBODY, now))),
        ("counts of sends by block hash", ("eth_getTransactionCount", (_SOMEBODY, now))),
        ("logs by block hash", ("eth_getLogs", ({**now, "topics": [TRANSFER]},))),
        ("chain txs by their hash", ("eth_getTransactionByHash", (_NO_HASH,))),
        ("receipts by their hash", ("eth_getTransactionReceipt", (_NO_HASH,))),
        ("estimates of gas", ("eth_estimateGas", (call, LATEST))),
    ]


def _knows_old(node: Transport, top: int) -> bool:
    """Whether the node still finds a chain tx of an old block, the oldest of some that has any."""
    for height in sorted({top * part // OLD_TRIED for part in range(1, OLD_TRIED + 1)}):
        row = table_of(node.call("eth_getBlockByNumber", hex(height), False))  # noqa: FBT003 - JSON-RPC
        txids = list_of(row.get("transactions"))
        if txids:
            return node.call("eth_getTransactionReceipt", txids[0]) is not None
    return True
