"""What can go wrong between us and a node: NodeDown or NodeRefused, and well again afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest
from web3 import Web3

from engine.errors import NodeDown, NodeRefused
from engine.families.evm import TIMEOUT_S
from engine.families.evm.transport import Transport
from tests.engine.families.hung import Hung
from tests.nodes.anvil import CHAIN_ID, Anvil
from tests.nodes.canned import CannedNode, raw
from tests.nodes.proxy import (
    HTML_401,
    Breakage,
    Proxy,
    changed,
    cut_at,
    dripping,
    instead,
)

pytestmark = pytest.mark.node


@pytest.fixture
def proxy(anvil: Anvil) -> Iterator[Proxy]:
    between = Proxy(anvil.port)
    yield between
    between.close()


@pytest.fixture
def node(proxy: Proxy) -> Iterator[Transport]:
    transport = Transport(f"http://127.0.0.1:{proxy.port}")
    yield transport
    transport.close()


@pytest.fixture
def hung(proxy: Proxy) -> Iterator[Hung]:  # noqa: ARG001 - which waits for the end of replies
    made = Hung()
    yield made
    made.end()


def test_a_batch_answers_in_the_order_of_its_questions(node: Transport) -> None:
    answers = node.batch([("eth_chainId", ()), ("no_such_call", ()), ("eth_blockNumber", ())])
    assert int(answers[0], 16) == CHAIN_ID
    assert isinstance(answers[1], NodeRefused)
    assert int(answers[2], 16) >= 0
    assert (node.calls, node.requests) == (3, 1)


def test_an_error_answer_is_a_refusal_and_the_connection_lives_on(
    node: Transport, proxy: Proxy
) -> None:
    with pytest.raises(NodeRefused) as caught:
        node.call("eth_getBalance", "zz", "latest")
    assert caught.value.rpc_code == -32602
    assert int(node.call("eth_chainId"), 16) == CHAIN_ID
    assert proxy.connections >= 1


@pytest.mark.parametrize(
    ("breakage", "word"),
    [
        (cut_at(0), "connection"),
        (cut_at(-3), "cut off"),
        (cut_at(40), "connection|cut off|malformed"),
        (instead(HTML_401), "401"),
        (changed(b'"id":', b'"ix":'), "malformed|another"),
        (changed(b'{"jsonrpc"', b'["jsonrpc"'), "malformed"),
    ],
)
def test_a_broken_reply_is_a_node_that_is_down_and_the_next_call_works(
    node: Transport, proxy: Proxy, breakage: Breakage, word: str
) -> None:
    proxy.break_next(breakage)
    with pytest.raises(NodeDown, match=word):
        node.call("eth_getBlockByNumber", "latest", False)
    assert proxy.broken == 1
    assert int(node.call("eth_chainId"), 16) == CHAIN_ID


@pytest.mark.parametrize("how", ["dripping", "hung"])
def test_a_reply_that_does_not_end_in_time_is_a_node_that_is_down_and_the_next_call_works(
    proxy: Proxy, hung: Hung, how: str
) -> None:
    with closing(Transport(f"http://127.0.0.1:{proxy.port}", timeout_s=1)) as hasty:
        proxy.break_next(dripping(0.05) if how == "dripping" else hung)
        with pytest.raises(NodeDown, match="in time"):
            hasty.call("eth_getBlockByNumber", "latest", False)
        assert proxy.broken == 1
        hasty._timeout_s = TIMEOUT_S  # for what never comes a second is enough, and only for that
        hasty.close()
        assert int(hasty.call("eth_chainId"), 16) == CHAIN_ID


def test_nothing_is_ever_asked_twice_by_itself(node: Transport, proxy: Proxy) -> None:
    node.call("eth_chainId")
    before = node.requests
    proxy.break_next(cut_at(0))
    with pytest.raises(NodeDown):
        node.call("eth_sendRawTransaction", "0x00")
    assert node.requests == before + 1


def test_a_node_that_is_not_there_says_so() -> None:
    with pytest.raises(NodeDown, match="nothing answers"):
        Transport("http://127.0.0.1:1").call("eth_chainId")
    with pytest.raises(NodeDown, match="URL"):
        Transport("nowhere")


@pytest.mark.parametrize(
    ("reply", "word"),
    [
        (raw("<html>", status=429, content_type="text/html"), "429"),
        (raw("[]"), "another"),
        (raw('{"id": ID, "result"'), "malformed"),
        (raw('{"id": 12345, "result": "0x1"}'), "another"),
        (raw('{"id": ID, "error": {"message": "no code"}}'), "malformed"),
        (raw('"a text"'), "malformed"),
        (raw("[" * 500_000), "malformed"),
    ],
)
def test_a_reply_that_is_none_of_ours_is_not_believed(reply: object, word: str) -> None:
    with (
        CannedNode({"eth_chainId": reply}) as canned,
        closing(Transport(canned.url)) as transport,
        pytest.raises(NodeDown, match=word),
    ):
        transport.call("eth_chainId")


def test_the_password_is_sent_and_never_shown(node: Transport) -> None:
    refused = {"__error__": {"code": -1, "message": "no"}}
    with (
        CannedNode({"eth_chainId": refused}) as canned,
        closing(Transport(canned.url)) as transport,
    ):
        with pytest.raises(NodeRefused) as caught:
            transport.call("eth_chainId")
        assert "secret-word" not in f"{caught.value} {caught.value.detail}"
        assert canned.asked == [("eth_chainId", [])]
    assert "Authorization" not in node._headers()


def test_parts_of_web3_can_stand_on_it(node: Transport) -> None:
    assert Web3(node).provider.make_request("eth_chainId", [])["result"] == hex(CHAIN_ID)  # type: ignore[arg-type]  # its own aliases of str
