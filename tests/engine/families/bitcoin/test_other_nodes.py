"""Nodes that cannot be installed here, by replies built from what is documented of them.

They show that the family copes with every known difference in shape; they prove nothing about the
nodes themselves (docs/nodes.md says which were tried for real).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.chain import BlockRef, Expectation, NewAddress, Standing, Trust
from engine.errors import NodeDown
from engine.families.bitcoin import BitcoinChain, open_chain
from engine.families.bitcoin.calls import COLD, DEPOSITS
from engine.families.bitcoin.dialect import AddressCall, WalletKind
from tests.engine.moves.vaults import some_address
from tests.nodes.canned import CannedNode
from tests.nodes.currencies import currency_of

REPLIES = Path(__file__).parent / "replies"
NODES = {"core": "BTC", "knots": "BTC", "bchn": "BCH"}
EMPTY_ADDRESS = {"__error__": {"code": -5, "message": "Invalid address"}}


class Known:
    """A canned node, a chain over it, and what its file says that it holds."""

    def __init__(self, name: str, folder: Path) -> None:
        text = (REPLIES / f"{name}.json").read_text()
        self.file: dict[str, Any] = json.loads(text, parse_float=Decimal)
        self.node = CannedNode(self.file["replies"])
        self.txids: dict[str, str] = self.file["txids"]
        self.currency = currency_of(folder, NODES[name])

    def open(self) -> BitcoinChain:
        self.node.replies["getaddressinfo"]["__by_params__"]['[""]'] = EMPTY_ADDRESS
        return open_chain(self.currency, self.node.url)


@pytest.fixture(params=sorted(NODES))
def known(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Known]:
    one = Known(request.param, tmp_path)
    with one.node:
        yield one


@pytest.fixture
def chain(known: Known) -> Iterator[BitcoinChain]:
    opened = known.open()
    yield opened
    opened.close()


def test_every_file_of_replies_says_that_it_was_built_and_has_a_test() -> None:
    files = {path.stem: json.loads(path.read_text()) for path in REPLIES.glob("*.json")}
    assert files.keys() == NODES.keys()
    assert all("not recorded from a running node" in each["note"] for each in files.values())


def test_its_list_becomes_arrivals(known: Known, chain: BitcoinChain) -> None:
    scan = chain.scan(None)
    txids, tip = known.txids, known.file["tip"]
    found = {arrival.txid: arrival for arrival in scan.arrivals}
    assert (scan.tip_hash, scan.oddities) == (tip, ())
    assert found.keys() == {txids[name] for name in ("mined", "waiting", "reward", "own")}
    assert found[txids["mined"]].block == BlockRef(200, tip)
    assert found[txids["mined"]].units == 150_000_000
    assert found[txids["waiting"]].block is None
    assert found[txids["reward"]].generated
    reward_block = found[txids["reward"]].block
    assert reward_block is not None
    assert reward_block.height == 199
    assert [found[txids[name]].own for name in ("mined", "own")] == [False, True]
    assert scan.unconfirmed == {txids["waiting"]}


def test_its_chain_txs_become_facts(known: Known, chain: BitcoinChain) -> None:
    txids = known.txids
    facts = chain.facts([txids["mined"], txids["waiting"], txids["dead"], "00" * 32])
    assert facts[txids["mined"]].block == BlockRef(200, known.file["tip"])
    assert facts[txids["waiting"]].standing is Standing.MEMPOOL
    dead = facts[txids["dead"]]
    assert (dead.standing, dead.conflict_depth) == (Standing.GONE, 4)
    assert dead.conflicts == (txids["mined"],)
    assert facts["00" * 32].standing is Standing.ABSENT


def test_its_addresses_come_in_the_nodes_own_spelling(known: Known, chain: BitcoinChain) -> None:
    new = NewAddress(known.file["address"], known.file["script"])
    assert chain.new_addresses(1) == [new]
    prefixed = known.currency.symbol == "BCH"
    assert new.address.startswith("bchreg:" if prefixed else "bcrt1q")


def test_it_is_well_and_its_warnings_are_shown(known: Known, chain: BitcoinChain) -> None:
    expected = Expectation(chain.identity().genesis, None, known.file["address"], 200)
    health = chain.health(expected, now_s=1_750_000_000)
    assert (health.trust, health.reason, health.peers) == (Trust.FULL, "", 8)
    assert health.tip is not None
    assert (health.tip.height, health.tip.hash) == (200, known.file["tip"])
    warned = known.file["replies"]["getnetworkinfo"]["warnings"]
    assert health.facts.get("warnings", "") == (warned[0] if warned else "")


def test_its_wallet_is_known_for_what_it_is(known: Known, chain: BitcoinChain) -> None:
    dialect = chain._spoken()
    modern = "28.1" in known.file["note"]
    assert dialect.wallet_kind is (WalletKind.DESCRIPTORS if modern else WalletKind.LEGACY)
    assert dialect.cashaddr is (known.currency.symbol == "BCH")


def test_no_call_is_made_that_the_documented_whitelist_lacks(
    known: Known, chain: BitcoinChain
) -> None:
    chain.scan(None)
    chain.health(Expectation(None, None, known.file["address"], 0), now_s=0)
    chain.facts(list(known.txids.values()))
    chain.new_addresses(1)
    known.node.replies["getrawmempool"] = [known.txids["waiting"]]
    many = [f"{number:064x}" for number in range(101)]
    assert chain.in_mempool([*many, known.txids["waiting"]]) == {known.txids["waiting"]}
    assert known.node.methods() <= DEPOSITS


def _with_cold(known: Known, folder: Path, *wallets: str) -> tuple[str, BitcoinChain]:
    """A chain with a cold address that the node's own wallet does not watch, one coin on it."""
    address = some_address(known.currency)
    replies, tip = known.node.replies, known.file["tip"]
    info = {"address": address, "scriptPubKey": "0014" + "00" * 20, "ismine": False}
    replies["getaddressinfo"]["__by_params__"][json.dumps([address])] = info
    replies["getaddressinfo"]["__by_params__"]['[""]'] = EMPTY_ADDRESS
    found = {"txid": "ab" * 32, "vout": 1, "amount": Decimal("2.5"), "height": 150}
    scan = {"success": True, "height": 200, "bestblock": tip, "unspents": [found]}
    asked = json.dumps(["start", [f"addr({address})"]])
    replies["scantxoutset"] = {"__by_params__": {'["status"]': None, asked: scan}}
    replies |= {"listwallets": ["cashier", *wallets], "getbestblockhash": tip}
    replies["decoderawtransaction"] = {"vin": [], "vout": []}
    for row in replies["listsinceblock"]["transactions"]:
        told = replies["gettransaction"]["__by_params__"]
        told.setdefault(json.dumps([row["txid"]]), {"hex": "00"})
    replies |= {"listunspent": [], "listlockunspent": [], "gettxout": None}
    replies["getblockhash"]["__by_params__"] |= {"[100]": "cd" * 32, "[150]": "ef" * 32}
    table = currency_of(folder, known.currency.symbol, **{"cold.address": address})
    return address, open_chain(table, known.node.url)


modern = pytest.mark.parametrize("known", ["core"], indirect=True)


@modern
def test_a_node_that_dropped_the_word_for_watching_never_hears_it(
    known: Known, tmp_path: Path
) -> None:
    """Newer nodes have no include_watchonly: nothing but block and depth is asked of their list."""
    _, chain = _with_cold(known, tmp_path)
    chain.scan(None)
    chain.scan(known.file["tip"])
    chain.coins(known.file["tip"])
    listed = [params for method, params in known.node.asked if method == "listsinceblock"]
    assert {len(params) for params in listed} == {2}
    chain.close()


@modern
def test_cold_coins_of_a_descriptor_wallet_are_scanned_for(known: Known, tmp_path: Path) -> None:
    address, chain = _with_cold(known, tmp_path)
    assert chain.owns(address)
    assert "scans" in chain.watch_hint(address)
    (coin,) = [each for each in chain.coins(known.file["tip"]) if each.address == address]
    assert (coin.txid, coin.index, coin.units) == ("ab" * 32, "vout:1", 250_000_000)
    assert coin.height == 150
    assert known.node.methods() <= DEPOSITS | COLD
    chain.close()


@modern
def test_a_descriptor_wallet_on_a_node_that_cannot_scan_wants_a_second_one(
    known: Known, tmp_path: Path
) -> None:
    address, chain = _with_cold(known, tmp_path)
    del known.node.replies["scantxoutset"]
    assert not chain.owns(address)
    assert "load a second wallet" in chain.watch_hint(address)
    chain.close()


@modern
def test_cold_coins_are_watched_by_a_wallet_of_the_node_that_has_no_keys(
    known: Known, tmp_path: Path
) -> None:
    """The same replies come from both wallets here: that it has no keys is what counts."""
    address, chain = _with_cold(known, tmp_path, "watcher")
    known.node.replies["getwalletinfo"]["private_keys_enabled"] = False
    mine = {"address": address, "scriptPubKey": "0014" + "00" * 20, "ismine": True}
    infos = known.node.replies["getaddressinfo"]["__by_params__"]
    known.node.replies["listwallets"] = Turning(["watcher"], infos, json.dumps([address]), mine)
    assert chain.owns(address)
    assert "another wallet" in chain.watch_hint(address)
    chain.close()


class Turning(list[str]):
    """A list of wallets; from the moment that it was asked for, the next wallet has the address."""

    def __init__(self, names: list[str], infos: dict[str, Any], key: str, info: object) -> None:
        super().__init__(names)
        self._infos, self._key, self._info = infos, key, info

    def __iter__(self) -> Iterator[str]:
        self._infos[self._key] = self._info
        return super().__iter__()


def test_a_node_from_before_getaddressinfo_is_asked_otherwise(known: Known) -> None:
    info = known.node.replies.pop("getaddressinfo")
    address = known.file["address"]
    known.node.replies["validateaddress"] = {
        "__by_params__": {json.dumps([address]): info["__by_params__"][json.dumps([address])]}
    }
    chain = open_chain(known.currency, known.node.url)
    assert [new.address for new in chain.new_addresses(1)] == [address]
    assert chain._spoken().address_call is AddressCall.VALIDATEADDRESS
    chain.close()


def test_another_networks_addresses_are_never_given_out(known: Known, tmp_path: Path) -> None:
    known.node.replies["getnewaddress"] = known.file["address"]
    chain = open_chain(currency_of(tmp_path, "LTC"), known.node.url)
    with pytest.raises(NodeDown, match="the node's addresses are not of this network"):
        chain.new_addresses(1)
    chain.close()
