"""Bytes are handed over once, and a refusal is believed only when the node does not have them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import pytest

from engine.chain import Sending
from engine.errors import NodeDown
from engine.families.evm.broadcast import WORDS_MAX, broadcast
from engine.families.evm.transport import Transport
from engine.families.evm.values import OddValue
from tests.nodes.canned import CannedNode

TXID = "0x" + "ab" * 32
BLOCK = "0x" + "cd" * 32


def _error(code: int, message: str) -> Mapping[str, Any]:
    return {"__error__": {"code": code, "message": message}}


def _sent(reply: object, known: object = None) -> tuple[Sending, str, list[str]]:
    replies = {"eth_sendRawTransaction": reply, "eth_getTransactionByHash": known}
    with CannedNode(replies) as canned, closing(Transport(canned.url)) as node:
        answer = broadcast(node, "0x02", TXID)
        return answer.outcome, answer.words, [method for method, _ in canned.asked]


def test_what_the_node_takes_is_accepted_and_sent_once() -> None:
    assert _sent(TXID) == (Sending.ACCEPTED, "", ["eth_sendRawTransaction"])


@pytest.mark.parametrize(
    ("code", "message"),
    [(-32000, "already known"), (-32003, "nonce too low"), (-32000, "insufficient funds")],
)
def test_no_words_of_a_refusal_count_but_whether_the_node_has_it(code: int, message: str) -> None:
    refusal = _error(code, message)
    asked = ["eth_sendRawTransaction", "eth_getTransactionByHash"]
    waiting, mined = {"hash": TXID, "blockHash": None}, {"hash": TXID, "blockHash": BLOCK}
    for known, outcome in (
        (None, Sending.REFUSED),
        (waiting, Sending.ACCEPTED),
        (mined, Sending.MINED),
    ):
        found, words, calls = _sent(refusal, known)
        assert (found, calls) == (outcome, asked)
        assert message in words


def test_the_words_of_a_node_are_bounded_and_cannot_drive_a_terminal() -> None:
    _, words, _ = _sent(_error(-1, "\x1b]0;x\x07" + "long " * 500))
    assert len(words) <= WORDS_MAX
    assert words.isprintable()


@pytest.mark.parametrize("reply", [None, "", "0x", 5, [], {}, BLOCK, TXID.upper()])
def test_an_answer_of_nonsense_means_nothing(reply: object) -> None:
    with pytest.raises(OddValue):
        _sent(reply)


@pytest.mark.parametrize("known", [5, "0x", [], {}, {"hash": BLOCK}])
def test_a_chain_tx_of_nonsense_after_a_refusal_means_nothing(known: object) -> None:
    with pytest.raises(OddValue):
        _sent(_error(-1, "no"), known)


def test_a_node_that_does_not_tell_after_a_refusal_has_told_nothing() -> None:
    with pytest.raises(NodeDown):
        _sent(_error(-1, "no"), _error(-32005, "limit exceeded"))
