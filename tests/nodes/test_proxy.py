"""The proxy breaks what it is told to break, for any node, and the node has heard what it has."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator

import pytest

from tests.nodes.anvil import Anvil, call
from tests.nodes.ports import PATIENCE_S
from tests.nodes.proxy import (
    Breakage,
    Proxy,
    cut_at,
    dripping,
    edited,
    instead,
    reset,
    silent,
    twice,
)

pytestmark = pytest.mark.node

OURS = f"0x{'0e' * 20}"
HTML = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n<html>"


@pytest.fixture
def proxy(anvil: Anvil) -> Iterator[Proxy]:
    anvil.mine()  # what other tests left in the pool
    before = Proxy(anvil.port)
    yield before
    before.close()


def _signed(anvil: Anvil) -> str:
    """Signed bytes of a new payment that the node has forgotten again."""
    txid = anvil.pay(OURS, 1)
    raw = anvil.raw(txid)
    anvil.drop(txid)
    return raw


def _fails(proxy: Proxy, method: str, *params: object) -> None:
    with pytest.raises((OSError, http.client.HTTPException, ValueError)):
        call(proxy.port, method, *params)


def test_what_is_whole_passes_through_however_long(anvil: Anvil, proxy: Proxy) -> None:
    for _ in range(60):
        anvil.pay(OURS, 1)
    anvil.mine()
    through = call(proxy.port, "eth_getBlockByNumber", "latest", True)
    assert through == anvil.rpc("eth_getBlockByNumber", "latest", True)
    assert (len(through["transactions"]), proxy.broken) == (60, 0)


@pytest.mark.parametrize(
    "breakage", [cut_at(0), cut_at(40), cut_at(-1), instead(HTML), silent(0), reset]
)
def test_a_broken_reply_to_a_send_leaves_it_sent(
    anvil: Anvil, proxy: Proxy, breakage: Breakage
) -> None:
    raw = _signed(anvil)
    proxy.break_next(breakage, method="eth_sendRawTransaction")
    assert call(proxy.port, "eth_chainId") == "0x7a69"
    _fails(proxy, "eth_sendRawTransaction", raw)
    assert proxy.broken == 1
    assert int(anvil.rpc("txpool_status")["pending"], 16) == 1
    anvil.mine()


def test_a_reply_can_say_something_else_or_come_twice(proxy: Proxy) -> None:
    proxy.break_next(edited(lambda reply: {**reply, "result": "0x5"}))
    assert call(proxy.port, "eth_chainId") == "0x5"
    proxy.break_next(twice)
    assert call(proxy.port, "eth_chainId") == "0x7a69"
    assert [each["method"] for each in proxy.heard] == ["eth_chainId"] * 2


def test_a_lost_request_was_never_heard(anvil: Anvil, proxy: Proxy) -> None:
    raw = _signed(anvil)
    proxy.lose_next(method="eth_sendRawTransaction")
    _fails(proxy, "eth_sendRawTransaction", raw)
    assert int(anvil.rpc("txpool_status")["pending"], 16) == 0
    assert call(proxy.port, "eth_sendRawTransaction", raw)
    anvil.mine()


def test_a_fault_lasts_until_it_is_mended_and_hits_batches_too(proxy: Proxy) -> None:
    proxy.break_all(cut_at(30), method="eth_getLogs")
    for _ in range(2):
        _fails(proxy, "eth_getLogs", {})
    batch = [{"jsonrpc": "2.0", "id": 1, "method": "eth_getLogs", "params": [{}]}]
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=PATIENCE_S)
    connection.request("POST", "/", json.dumps(batch), {"Content-Type": "application/json"})
    assert connection.getresponse().read() == b""
    connection.close()
    assert proxy.broken == 3
    proxy.mend()
    assert call(proxy.port, "eth_getLogs", {}) == []


def test_a_slow_reply_comes_whole(proxy: Proxy) -> None:
    proxy.break_next(dripping(0.0001))
    assert call(proxy.port, "eth_chainId") == "0x7a69"


def test_a_method_can_be_answered_by_another_node(
    anvil: Anvil, own_anvil: Anvil, proxy: Proxy
) -> None:
    anvil.mine()
    proxy.divert("eth_blockNumber", own_anvil.port)
    assert call(proxy.port, "eth_blockNumber") == "0x0"
    assert call(proxy.port, "eth_getBlockByNumber", "latest", False)["hash"] == anvil.tip()
