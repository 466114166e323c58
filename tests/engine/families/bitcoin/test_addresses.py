"""Fresh addresses: each once, of the right network, and as many as a wallet that runs dry has."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.errors import NodeDown, NodeRefused
from engine.families.bitcoin import BitcoinChain, open_chain
from tests.nodes.canned import CannedNode
from tests.nodes.currencies import currency_of

OURS = "rltc1qjd7sxxr0q0xzmgmwvgw3c4e3naq556e9tpnhv3"
SCRIPT = "0014937d03186f03cc2da36e621d1c57319f414a6b25"
WALLET: dict[str, Any] = {"walletname": "cashier", "descriptors": False}
DRY = {"__error__": {"code": -12, "message": "Keypool ran out"}}


@pytest.fixture
def node() -> Iterator[CannedNode]:
    info = {"address": OURS, "scriptPubKey": SCRIPT, "ismine": True}
    replies = {
        "getwalletinfo": WALLET,
        "getnewaddress": OURS,
        "getaddressinfo": {"__by_params__": {json.dumps([OURS]): info}},
    }
    with CannedNode(replies) as canned:
        yield canned


@pytest.fixture
def chain(node: CannedNode, tmp_path: Path) -> Iterator[BitcoinChain]:
    opened = open_chain(currency_of(tmp_path, "LTC"), node.url)
    yield opened
    opened.close()


def test_an_address_that_comes_twice_is_given_once(chain: BitcoinChain) -> None:
    assert [(new.address, new.script) for new in chain.new_addresses(3)] == [(OURS, SCRIPT)]


def test_the_kind_of_address_is_named_to_the_node(node: CannedNode, chain: BitcoinChain) -> None:
    chain.new_addresses(1)
    assert ("getnewaddress", ["", "bech32"]) in node.asked


def test_a_wallet_that_has_none_says_so(node: CannedNode, chain: BitcoinChain) -> None:
    node.replies["getnewaddress"] = DRY
    with pytest.raises(NodeRefused, match="no fresh address ready") as caught:
        chain.new_addresses(1)
    assert caught.value.rpc_code == -12


def test_none_asked_is_none_made(node: CannedNode, chain: BitcoinChain) -> None:
    assert chain.new_addresses(0) == []
    assert "getnewaddress" not in node.methods()


@pytest.mark.parametrize("reply", [None, 5, "", "rltc1 q", "[bold]", ["rltc1q"]])
def test_what_is_no_address_is_never_given_out(
    node: CannedNode, chain: BitcoinChain, reply: object
) -> None:
    node.replies["getnewaddress"] = reply
    with pytest.raises(NodeDown, match="malformed"):
        chain.new_addresses(1)


@pytest.mark.parametrize("script", [None, "", "0", "zz", 5])
def test_an_address_without_a_script_is_never_given_out(
    node: CannedNode, chain: BitcoinChain, script: object
) -> None:
    info = {"address": OURS, "scriptPubKey": script}
    node.replies["getaddressinfo"] = {"__by_params__": {json.dumps([OURS]): info}}
    with pytest.raises(NodeDown, match="malformed"):
        chain.new_addresses(1)


def test_an_address_with_a_wrong_checksum_is_never_given_out(
    node: CannedNode, chain: BitcoinChain
) -> None:
    wrong = OURS[:-1] + "4"
    node.replies["getnewaddress"] = wrong
    info = {"address": wrong, "scriptPubKey": SCRIPT}
    node.replies["getaddressinfo"] = {"__by_params__": {json.dumps([wrong]): info}}
    with pytest.raises(NodeDown, match="not of this network"):
        chain.new_addresses(1)
