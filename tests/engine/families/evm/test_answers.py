"""A node that cannot answer what following and paying need is known before coins arrive."""

from __future__ import annotations

from contextlib import closing

import pytest

from engine.errors import NodeRefused
from engine.families.evm.answers import node_answers, takes_sends
from engine.families.evm.transport import Transport
from engine.families.evm.values import OddValue
from tests.engine.families.evm.doctored import Doctored, refused, with_field
from tests.nodes.anvil import Anvil
from tests.nodes.embedded import EmbeddedNode

pytestmark = pytest.mark.node


def test_anvil_tells_everything_and_traces(anvil: Anvil) -> None:
    with closing(Transport(anvil.url())) as node:
        told = node_answers(node)
    assert (told.missing, told.traces) == ((), True)


def test_the_embedded_chain_tells_everything_and_does_not_trace(embedded: EmbeddedNode) -> None:
    with closing(Transport(embedded.url())) as node:
        told = node_answers(node)
    assert (told.missing, told.traces) == ((), False)


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("eth_getBalance", "balances of"),
        ("eth_call", "contracts of"),
        ("eth_getCode", "code by block hash"),
        ("eth_getTransactionCount", "counts of sends"),
        ("eth_getLogs", "logs by block hash"),
        ("eth_getTransactionByHash", "chain txs by their hash"),
        ("eth_estimateGas", "estimates of gas"),
    ],
)
def test_what_a_node_refuses_is_named(anvil: Anvil, method: str, words: str) -> None:
    with closing(Doctored(anvil.url())) as node:
        node.changes[method] = refused()
        (missing,) = node_answers(node).missing
    assert missing.startswith(words)


def test_a_chain_without_a_base_fee_is_named(anvil: Anvil) -> None:
    with closing(Doctored(anvil.url())) as node:
        node.changes["eth_getBlockByNumber"] = with_field("baseFeePerGas", ...)
        assert node_answers(node).missing == ("a base fee (EIP-1559)",)


def test_a_node_that_forgot_old_chain_txs_is_named(own_anvil: Anvil) -> None:
    with closing(Doctored(own_anvil.url())) as node:
        node.changes["eth_getTransactionReceipt"] = lambda _answer: None
        assert node_answers(node).missing == ()  # nothing to remember yet
        for _ in range(3):
            own_anvil.pay(own_anvil.stranger(), 5)
            own_anvil.mine()
        assert node_answers(node).missing == ("chain txs of old blocks by their hash",)
        node.changes.clear()
        assert node_answers(node).missing == ()


def test_real_nodes_take_chain_txs_and_not_the_empty_one(
    anvil: Anvil, embedded: EmbeddedNode
) -> None:
    for url in (anvil.url(), embedded.url()):
        with closing(Transport(url)) as node:
            assert takes_sends(node)
            with pytest.raises(NodeRefused):
                node.call("eth_sendRawTransaction", "0x")


@pytest.mark.parametrize("code", [-32601, -32004])
def test_a_node_that_does_not_offer_sending_says_so(anvil: Anvil, code: int) -> None:
    with closing(Doctored(anvil.url())) as node:
        node.changes["eth_sendRawTransaction"] = refused(code)
        assert not takes_sends(node)


@pytest.mark.parametrize("answer", [None, 5, "0x", [], {}, {"number": "0x0"}])
def test_blocks_of_nonsense_are_not_read(anvil: Anvil, answer: object) -> None:
    with closing(Doctored(anvil.url())) as node:
        node.changes["eth_getBlockByNumber"] = lambda _answer: answer
        with pytest.raises(OddValue):
            node_answers(node)
