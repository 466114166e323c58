"""The door of the embedded chain: batches, garbage, browsers, one chain for several processes."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.errors import NodeDown
from engine.families.evm.embedded import keeper
from engine.families.evm.embedded.chain import EmbeddedChain
from engine.families.evm.embedded.door import BODY_MAX, Door
from tests.nodes.anvil import call
from tests.nodes.ports import PATIENCE_S, wait_until
from tests.nodes.rpc import RpcError

NOW_S = 1_790_000_000


@pytest.fixture(scope="module")
def door() -> Iterator[Door]:
    opened = Door(EmbeddedChain(genesis_s=NOW_S, clock=lambda: NOW_S + 100))
    opened.open()
    yield opened
    opened.close()


def _posted(door: Door, body: bytes, **headers: str) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=PATIENCE_S)
    connection.request("POST", "/", body, {"Content-Type": "application/json", **headers})
    response = connection.getresponse()
    text = response.read()
    connection.close()
    return response.status, json.loads(text) if text else None


def _one(method: str, *params: object, number: int = 7) -> dict[str, object]:
    return {"jsonrpc": "2.0", "id": number, "method": method, "params": params}


def test_a_batch_is_answered_in_order_with_errors_in_their_places(door: Door) -> None:
    asked = [_one("eth_chainId", number=1), _one("eth_nothing", number=2), _one("net_version")]
    status, replies = _posted(door, json.dumps(asked).encode())
    assert status == 200
    assert [reply["id"] for reply in replies] == [1, 2, 7]
    assert [reply.get("result") for reply in replies] == ["0x7a69", None, "31337"]
    assert replies[1]["error"]["code"] == -32601


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", -32700),
        (b"\xff\xfe", -32700),
        (b"{", -32700),
        (b'{"method": ' * 150_000, -32700),
        (b"[]", -32600),
        (b"7", -32600),
        (b'{"id": 1}', -32600),
        (b'{"method": 5}', -32600),
        (b'{"method": "eth_getBalance", "params": {"a": 1}}', -32602),
        (b'{"method": "eth_getBalance"}', -32602),
        (b'{"method": "eth_getBalance", "params": ["0x1"]}', -32602),
        (b'{"method": "eth_getBalance", "params": ["0x 11"]}', -32602),
        (b'{"method": "eth_getLogs", "params": [5]}', -32602),
        (b'{"method": "eth_feeHistory", "params": ["0x1", "latest", 5]}', -32603),
        (b'{"method": "eth_call", "params": [5]}', -32602),
        (b'{"method": "eth_getBlockByNumber", "params": ["-0x1", false]}', -32602),
        (b'{"method": "eth_getBlockByNumber", "params": [-1, false]}', -32602),
        (b'{"method": "eth_getBlockByNumber", "params": [true, false]}', -32602),
        (b'{"method": "anvil_mine", "params": ["0xffffff"]}', -32602),
        (b'{"method": "anvil_rollback", "params": [5000]}', -32602),
        (b'{"method": "eth_sendTransaction", "params": [{"from": "0x1"}]}', -32602),
        (b'{"method": "evm_setNextBlockTimestamp", "params": [1]}', -32602),
    ],
)
def test_garbage_is_refused_and_the_door_stays_open(door: Door, body: bytes, code: int) -> None:
    status, reply = _posted(door, body)
    assert (status, reply["error"]["code"]) == (200, code)
    assert call(door.port, "eth_chainId") == "0x7a69"


def test_a_browser_gets_nothing(door: Door) -> None:
    asked = json.dumps(_one("eth_chainId")).encode()
    assert _posted(door, asked, Origin="https://evil.example") == (403, None)


def test_a_body_that_is_too_long_is_not_read(door: Door) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=PATIENCE_S)
    connection.putrequest("POST", "/")
    connection.putheader("Content-Length", str(BODY_MAX + 1))
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_one_connection_serves_many_calls(door: Door) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=PATIENCE_S)
    for _ in range(3):
        connection.request("POST", "/", json.dumps(_one("eth_blockNumber")).encode())
        assert json.loads(connection.getresponse().read())["result"]
    connection.close()


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    keeper.close(tmp_path)


def _port(url: str) -> int:
    return int(url.rpartition(":")[2])


def test_who_asks_again_gets_the_same_chain(kept: Path) -> None:
    url = keeper.url_of(kept)
    assert keeper.url_of(kept / ".." / kept.name) == url
    call(_port(url), "evm_mine")
    tip = call(_port(url), "eth_getBlockByNumber", "latest", False)["hash"]
    keeper.close(kept)
    with pytest.raises(OSError, match=r".*"):
        call(_port(url), "eth_chainId")
    again = keeper.url_of(kept)
    assert call(_port(again), "eth_getBlockByNumber", "latest", False)["hash"] == tip


OTHER_PROCESS = """
import sys, pathlib
from engine.families.evm.embedded import url_of
print(url_of(pathlib.Path(sys.argv[1])), flush=True)
sys.stdin.read()
"""


def test_another_process_is_given_the_same_door_and_goes_on_after_its_end(kept: Path) -> None:
    other = subprocess.Popen(
        [sys.executable, "-c", OTHER_PROCESS, str(kept)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert other.stdout is not None
        url = other.stdout.readline().strip()
        assert keeper.url_of(kept) == url
        call(_port(url), "evm_mine")
        tip = call(_port(url), "eth_getBlockByNumber", "latest", False)["hash"]
    finally:
        other.kill()
        other.communicate()
    ours = keeper.url_of(kept)
    assert ours != url
    assert call(_port(ours), "eth_getBlockByNumber", "latest", False)["hash"] == tip


def test_a_chain_that_another_process_is_about_to_start_is_a_node_that_is_down(
    kept: Path,
) -> None:
    lock = keeper._locked(kept / "lock")
    assert lock is not None
    with lock, pytest.raises(NodeDown, match="starting"):
        keeper.url_of(kept)


def test_blocks_come_by_themselves_as_long_as_they_are_wanted(kept: Path) -> None:
    port = _port(keeper.url_of(kept))
    people = call(port, "eth_accounts")
    txid = call(port, "eth_sendTransaction", {"from": people[0], "to": people[1], "value": "0x1"})
    wait_until(lambda: call(port, "eth_getTransactionReceipt", txid) is not None, what="a block")
    chain = EmbeddedChain(genesis_s=NOW_S, clock=lambda: NOW_S)
    assert not keeper.is_due(chain)


def test_a_call_that_a_contract_of_the_chain_makes_fail_is_an_answer(door: Door) -> None:
    with pytest.raises(RpcError):
        call(door.port, "eth_call", {"data": "0xfe", "value": "0x0"})
