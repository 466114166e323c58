"""The demo's EVM node comes up rich, with a token, as anvil and as the embedded chain."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from demo import evm
from demo.evm import EvmNode, TokenFaucet
from demo.guard import Guard
from demo.rpc import RpcError
from demo.sandbox import TOP
from engine.families.evm.recursion import DEPTH_MAX
from tests.nodes.ports import PATIENCE_S

LIMIT = "import sys, demo.evm; print(sys.getrecursionlimit())"
OURS = f"0x{'0f' * 20}"
BALANCE_OF = "0x70a08231"

Act = Callable[[EvmNode], Awaitable[None]]


def _with_node(folder: Path, program: str | None, act: Act) -> None:
    folder.mkdir()

    async def run() -> None:
        with Guard(folder) as guard:
            node = EvmNode(folder / "ether", guard, program=program)
            await node.start()
            try:
                await act(node)
            finally:
                await node.stop()

    asyncio.run(run())


@pytest.fixture(params=["embedded", pytest.param("anvil", marks=pytest.mark.node)])
def program(request: pytest.FixtureRequest) -> str | None:
    if request.param == "embedded":
        return None
    found = evm.find()
    assert found is not None
    return found


def test_a_reply_cannot_nest_so_deeply_that_the_demo_ends() -> None:
    command = [sys.executable, "-W", "ignore", "-c", LIMIT]
    said = subprocess.run(command, cwd=TOP, capture_output=True, text=True, check=True)
    assert int(said.stdout) <= DEPTH_MAX


def _tokens(node: EvmNode) -> int:
    data = f"{BALANCE_OF}{OURS[2:]:0>64}"
    return int(node.rpc("eth_call", {"to": node.token, "data": data}, "latest"), 16)


def test_the_faucet_pays_coins_and_tokens_and_a_block_confirms_them(
    program: str | None, tmp_path: Path
) -> None:
    async def act(node: EvmNode) -> None:
        assert not node.is_waited_for()
        node.pay(OURS, "0.123456789012345678")
        TokenFaucet(node).pay(OURS, "2.5")
        assert node.is_waited_for()
        node.mine()
        assert not node.is_waited_for()
        assert int(node.rpc("eth_getBalance", OURS, "latest"), 16) == 123456789012345678
        assert _tokens(node) == 2_500_000

    _with_node(tmp_path / "demo", program, act)


def test_the_house_gets_coins_of_its_own_to_pay_fees(program: str | None, tmp_path: Path) -> None:
    async def act(node: EvmNode) -> None:
        node.top_up(OURS)
        assert node.is_waited_for()
        node.mine()
        assert int(node.rpc("eth_getBalance", OURS, "latest"), 16) == 10 * 10**18

    _with_node(tmp_path / "demo", program, act)


def test_clients_have_wallets_of_their_own(program: str | None, tmp_path: Path) -> None:
    async def act(node: EvmNode) -> None:
        wallets = {node.address() for _ in range(3)} | {TokenFaucet(node).address()}
        assert len(wallets) == 4
        assert node.rpc("eth_accounts")[0] not in wallets

    _with_node(tmp_path / "demo", program, act)


def test_a_node_that_ended_comes_back_with_its_chain(program: str | None, tmp_path: Path) -> None:
    async def act(node: EvmNode) -> None:
        node.pay(OURS, "1")
        node.mine()
        url, tip = node.url, node.rpc("eth_getBlockByNumber", "latest", False)["hash"]
        await node.stop()
        await asyncio.wait_for(node.ended(), PATIENCE_S)
        with pytest.raises(OSError, match="refused"):
            node.is_waited_for()
        await node.restart()
        assert node.url == url
        assert node.rpc("eth_getBlockByNumber", "latest", False)["hash"] == tip

    _with_node(tmp_path / "demo", program, act)


def test_what_the_node_refuses_is_told_in_its_words(program: str | None, tmp_path: Path) -> None:
    async def act(node: EvmNode) -> None:
        with pytest.raises(RpcError):
            node.pay("nowhere", "1")
        with pytest.raises(RpcError):
            node.pay(OURS, "1.0000000000000000001")

    _with_node(tmp_path / "demo", program, act)
