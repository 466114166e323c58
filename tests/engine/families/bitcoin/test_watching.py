"""The cold address, watched by the wallet itself, by a second wallet of the node, or by scans: the
coins, their chain txs and the sums are the same, and a word that newer nodes dropped is never said.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.chain import Spend, Standing
from engine.errors import NodeRefused
from engine.families.bitcoin.chain import BitcoinChain
from engine.families.bitcoin.transport import Transport
from tests.engine.deposits.life import COIN
from tests.engine.moves.vaults import FEE, NodeVault
from tests.nodes.currencies import currency_of
from tests.nodes.litecoind import Litecoind

pytestmark = pytest.mark.node
_numbers = itertools.count()


class Newer(Transport):
    """litecoind in the manner of nodes that know descriptor wallets only: our wallet says that it
    is one, knows nothing of watching, and refuses the words for it."""

    def call(self, method: str, *params: object) -> Any:
        ours = self._url.path.endswith("/wallet/cashier")
        if ours and method == "listsinceblock" and len(params) > 2:
            raise NodeRefused("include_watchonly is not known any more", rpc_code=-8)
        reply = super().call(method, *params)
        if ours and method == "getwalletinfo":
            return {**reply, "descriptors": True}
        if ours and method == "getaddressinfo":
            return {name: each for name, each in reply.items() if name != "iswatchonly"}
        return reply


def watch_beside(node: Litecoind, address: str) -> None:
    """A second wallet of the node that has no keys and watches `address`."""
    name = f"watcher{next(_numbers)}"
    node.rpc("createwallet", name, True, True, "", False, False, False)
    node.rpc("importaddress", address, "cold", False, wallet=name)


@pytest.fixture
def vault(own_litecoind: Litecoind) -> NodeVault:
    return NodeVault(own_litecoind, 8)


@pytest.fixture(params=["wallet", "beside", "beside a newer one", "scan"])
def way(request: pytest.FixtureRequest, own_litecoind: Litecoind, vault: NodeVault) -> str:
    """How the vault's address is watched from now on."""
    if request.param == "wallet":
        vault.watch()
    elif request.param.startswith("beside"):
        watch_beside(own_litecoind, vault.address)
    return str(request.param)


def open_as(way: str, node: Litecoind, folder: Path, cold: str) -> BitcoinChain:
    transport = Transport if way in {"wallet", "beside"} else Newer
    return BitcoinChain(currency_of(folder, "LTC", **{"cold.address": cold}), transport(node.url()))


@pytest.fixture
def chain(
    way: str, own_litecoind: Litecoind, vault: NodeVault, tmp_path: Path
) -> Iterator[BitcoinChain]:
    opened = open_as(way, own_litecoind, tmp_path, vault.address)
    yield opened
    opened.close()


def _coins(chain: BitcoinChain, node: Litecoind) -> dict[str, int]:
    return {coin.txid: coin.units for coin in chain.coins(node.tip())}


def test_a_cold_coin_is_among_the_coins_until_a_block_spends_it(
    chain: BitcoinChain, own_litecoind: Litecoind, vault: NodeVault, way: str
) -> None:
    assert chain.owns(vault.address)
    hint = chain.watch_hint(vault.address)
    assert ("another wallet" in hint, "scans" in hint) == (way.startswith("beside"), way == "scan")
    mark = chain.coins_mark()
    txid = own_litecoind.pay(vault.address, "6")
    own_litecoind.mine()
    assert _coins(chain, own_litecoind) == {txid: 6 * COIN}
    assert way == "scan" or chain.coins_mark() != mark
    spend = vault.spend(txid, {own_litecoind.stranger(): 6 * COIN - FEE})
    assert _coins(chain, own_litecoind) == {txid: 6 * COIN}
    own_litecoind.mine()
    assert _coins(chain, own_litecoind) == {}
    if way != "scan":
        height = own_litecoind.height()
        (place,) = chain.spenders([(txid, _index(own_litecoind, txid, vault))], since=height - 2)
        assert place[0] == txid
        assert chain.facts([spend])[spend].standing is Standing.MINED


def test_a_coin_that_a_stranger_sent_there_is_an_arrival_in_a_whole_list(
    chain: BitcoinChain, own_litecoind: Litecoind, vault: NodeVault, way: str
) -> None:
    before = own_litecoind.tip()
    txid = own_litecoind.pay(vault.address, "2")
    own_litecoind.mine()
    since = None if way == "scan" else before
    (arrival,) = [each for each in chain.scan(since).arrivals if each.txid == txid]
    assert (arrival.address, arrival.units, arrival.own) == (vault.address, 2 * COIN, False)
    assert arrival.block is not None
    assert arrival.block.hash == own_litecoind.tip()
    assert chain.facts([txid])[txid].block == arrival.block
    coin = Spend(txid, arrival.index, 2 * COIN, vault.address)
    assert chain.received(coin)
    assert not chain.received(Spend(txid, arrival.index, COIN, vault.address))
    nobody = "00" * 32
    assert chain.facts([nobody])[nobody].standing is Standing.ABSENT
    assert chain.senders(nobody) is None


def test_an_address_that_nobody_watches_is_watched_as_soon_as_somebody_does(
    own_litecoind: Litecoind, vault: NodeVault, tmp_path: Path
) -> None:
    chain = open_as("wallet", own_litecoind, tmp_path, vault.address)
    assert not chain.owns(vault.address)
    assert "importaddress" in chain.watch_hint(vault.address)
    watch_beside(own_litecoind, vault.address)
    assert chain.owns(vault.address)
    chain.close()


def _index(node: Litecoind, txid: str, vault: NodeVault) -> str:
    outputs = node.rpc("decoderawtransaction", node.raw(txid))["vout"]
    (at,) = [o["n"] for o in outputs if vault.address in str(o["scriptPubKey"])]
    return f"vout:{at}"
