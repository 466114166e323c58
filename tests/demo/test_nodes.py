"""The demo's node comes up rich and alone, and says what to install where there is none."""

from __future__ import annotations

import asyncio
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from demo.guard import Guard
from demo.nodes import Litecoind, find
from demo.rpc import RpcError
from demo.trouble import DemoTrouble
from tests.nodes.ports import PATIENCE_S


def _with_node(folder: Path, act: Callable[[Litecoind], Awaitable[None]]) -> None:
    folder.mkdir()

    async def run() -> None:
        with Guard(folder) as guard:
            node = Litecoind(folder / "litecoin", guard)
            await node.start()
            try:
                await act(node)
            finally:
                await node.stop()

    asyncio.run(run())


@pytest.mark.node
def test_the_faucet_pays_and_a_block_confirms_it(tmp_path: Path) -> None:
    async def act(node: Litecoind) -> None:
        address = str(node.rpc("getnewaddress", wallet="cashier"))
        assert not node.is_waited_for()
        txid = node.pay(address, "0.12345678")
        assert node.is_waited_for()
        node.mine()
        assert not node.is_waited_for()
        seen = node.rpc("gettransaction", txid, wallet="cashier")
        assert (seen["amount"], seen["confirmations"]) == ("0.12345678", 1)

    _with_node(tmp_path / "demo", act)


@pytest.mark.node
def test_the_node_is_for_us_alone(tmp_path: Path) -> None:
    async def act(node: Litecoind) -> None:
        conf = tmp_path / "demo" / "litecoin" / "litecoin.conf"
        assert stat.S_IMODE(conf.stat().st_mode) == 0o600
        network = node.rpc("getnetworkinfo")
        assert (network["connections"], network["localaddresses"]) == (0, [])

    _with_node(tmp_path / "demo", act)


@pytest.mark.node
def test_a_node_that_ended_comes_back_with_its_wallets_and_its_chain(tmp_path: Path) -> None:
    async def act(node: Litecoind) -> None:
        url, tip = node.url, node.rpc("getbestblockhash")
        node.rpc("stop")
        await asyncio.wait_for(node.ended(), PATIENCE_S)
        with pytest.raises(OSError, match="refused"):
            node.is_waited_for()
        await node.restart()
        assert (node.url, node.rpc("getbestblockhash")) == (url, tip)
        assert sorted(node.rpc("listwallets")) == ["cashier", "faucet"]

    _with_node(tmp_path / "demo", act)


@pytest.mark.node
def test_what_the_node_refuses_is_told_in_its_words(tmp_path: Path) -> None:
    async def act(node: Litecoind) -> None:
        with pytest.raises(RpcError, match="Invalid Litecoin address"):
            node.pay("nowhere", "1")

    _with_node(tmp_path / "demo", act)


def test_a_machine_without_litecoind_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DemoTrouble, match="apt-get install litecoind"):
        find()
