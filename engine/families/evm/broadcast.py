"""Handing signed bytes to the node: once, and what it says is compared with what it then has."""

from __future__ import annotations

from engine.chain import Sending, SendReply
from engine.errors import NodeDown, NodeRefused
from engine.families.evm.transport import Transport
from engine.families.evm.values import OddValue, hash_of, table_of
from engine.printable import printable

WORDS_MAX = 200


def broadcast(node: Transport, raw: str, txid: str) -> SendReply:
    """Never repeated. A refusal's code and words mean nothing: nodes share them for everything, so
    the chain tx is asked for by its hash. Raises OddValue, and NodeDown when it is unknown whether
    the bytes went out."""
    try:
        reply = node.call("eth_sendRawTransaction", raw)
    except NodeRefused as error:
        return _after_refusal(node, txid, error)
    if hash_of(reply) != txid:
        raise OddValue("the node took another chain tx than the one that was sent")
    return SendReply(Sending.ACCEPTED)


def _after_refusal(node: Transport, txid: str, error: NodeRefused) -> SendReply:
    words = printable(error.detail)[:WORDS_MAX]
    try:
        row = node.call("eth_getTransactionByHash", txid)
    except NodeRefused as unknown:
        raise NodeDown("the node does not tell whether it took it", detail=unknown.detail) from None
    if row is None:
        return SendReply(Sending.REFUSED, words)
    if hash_of(table_of(row).get("hash")) != txid:
        raise OddValue("the node told of another chain tx")
    in_block = table_of(row).get("blockHash") is not None
    return SendReply(Sending.MINED if in_block else Sending.ACCEPTED, words)
