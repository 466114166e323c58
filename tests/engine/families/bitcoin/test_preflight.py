"""Which calls a node lets us make is known before coins arrive, and none is carried out for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.errors import NodeDown
from engine.families.bitcoin.calls import ACTING, COLD, DEPOSITS, SPARED, UNLOCKING, WITHDRAWALS
from engine.families.bitcoin.preflight import NO_NAME, CallsTold, calls_told
from tests.engine.moves.vaults import some_address
from tests.nodes.canned import CannedNode, raw
from tests.nodes.currencies import currency_of
from tests.nodes.litecoind import Litecoind
from tests.nodes.rpc import RpcError

ALL = DEPOSITS | WITHDRAWALS | COLD
FORBIDDEN = raw("", status=403, content_type="text/html")
NAMELESS = {"__error__": {"code": -8, "message": f"Unknown named parameter {NO_NAME}"}}
INFO = "getwalletinfo"


@pytest.fixture
def node() -> Iterator[CannedNode]:
    """One that allows everything, and refuses arguments of unknown names."""
    with CannedNode(dict.fromkeys(ALL, NAMELESS)) as canned:
        yield canned


def ask(node: CannedNode, folder: Path, symbol: str = "LTC", **keys: Any) -> dict[str, CallsTold]:
    told = calls_told(currency_of(folder, symbol, **keys), node.url)
    return {each.purpose: each for each in told}


def test_a_node_that_allows_every_call_passes(node: CannedNode, tmp_path: Path) -> None:
    told = ask(node, tmp_path)
    assert [*told] == ["deposits and reconciliation", "withdrawals"]
    assert not [each for each in told.values() if each.forbids or each.not_know or each.not_asked]
    wanted = (DEPOSITS | WITHDRAWALS) - UNLOCKING - {"validateaddress"}
    assert told["deposits and reconciliation"].wanted | told["withdrawals"].wanted == wanted


def test_every_question_names_an_argument_that_no_call_has(
    node: CannedNode, tmp_path: Path
) -> None:
    """But for the one that is carried out, because it only tells."""
    ask(node, tmp_path)
    given = {json.dumps(params) for method, params in node.asked if method != INFO}
    assert given == {json.dumps({NO_NAME: 0})}


def test_each_forbidden_call_is_told_with_what_it_is_for(node: CannedNode, tmp_path: Path) -> None:
    for name in ("sendrawtransaction", "signrawtransactionwithwallet", "listsinceblock"):
        node.replies[name] = FORBIDDEN
    told = ask(node, tmp_path)
    assert told["deposits and reconciliation"].forbids == ("listsinceblock",)
    assert told["withdrawals"].forbids == ("sendrawtransaction", "signrawtransactionwithwallet")


def test_a_wallet_without_keys_is_asked_for_nothing_that_pays(
    node: CannedNode, tmp_path: Path
) -> None:
    node.replies[INFO] = {"private_keys_enabled": False}
    assert [*ask(node, tmp_path)] == ["deposits and reconciliation"]
    assert node.methods() == DEPOSITS - {"validateaddress"}


def test_only_an_encrypted_wallet_must_be_unlocked(node: CannedNode, tmp_path: Path) -> None:
    for name in UNLOCKING:
        node.replies[name] = FORBIDDEN
    assert ask(node, tmp_path)["withdrawals"].forbids == ()
    told = ask(node, tmp_path, **{"keys.passphrase": "of the wallet"})
    assert told["withdrawals"].forbids == ("walletlock", "walletpassphrase")


@pytest.mark.parametrize("watched", [False, True])
def test_calls_for_a_cold_wallet_are_needed_where_the_nodes_own_does_not_watch_it(
    node: CannedNode, tmp_path: Path, watched: bool
) -> None:
    address = some_address(currency_of(tmp_path, "LTC"))
    by_params = {f'["{address}"]': {"ismine": False, "iswatchonly": watched}}
    node.replies |= {INFO: {}, "getaddressinfo": {"__by_params__": by_params}}
    node.replies |= dict.fromkeys(COLD, FORBIDDEN)
    told = ask(node, tmp_path, **{"cold.address": address})
    found = {purpose: each.forbids for purpose, each in told.items() if each.forbids}
    assert found == ({} if watched else {"the cold wallet": tuple(sorted(COLD))})


def test_a_call_that_the_node_does_not_know_is_told_unless_we_do_without(
    node: CannedNode, tmp_path: Path
) -> None:
    for name in (*SPARED, "signrawtransactionwithwallet"):
        del node.replies[name]
    told = ask(node, tmp_path)
    assert told["withdrawals"].not_know == ("signrawtransactionwithwallet",)
    assert told["deposits and reconciliation"].not_know == ()


@pytest.mark.parametrize("why", ["an old node", "addresses of two spellings"])
def test_where_the_other_call_for_addresses_is_made_it_is_needed(
    node: CannedNode, tmp_path: Path, why: str
) -> None:
    node.replies["validateaddress"] = FORBIDDEN
    if why == "an old node":
        del node.replies["getaddressinfo"]
    told = ask(node, tmp_path, "LTC" if why == "an old node" else "BCH")
    assert told["deposits and reconciliation"].forbids == ("validateaddress",)


@pytest.mark.parametrize("tells", [{}, FORBIDDEN])
def test_a_node_that_may_pass_over_names_is_not_asked_for_what_acts(
    node: CannedNode, tmp_path: Path, tells: object
) -> None:
    node.replies["getblockchaininfo"] = tells
    told = ask(node, tmp_path, **{"keys.passphrase": "of the wallet"})
    assert told["deposits and reconciliation"].not_asked == ("getnewaddress",)
    assert told["withdrawals"].not_asked == ("getrawchangeaddress", "walletlock")
    assert not node.methods() & ACTING


@pytest.mark.parametrize(
    "reply",
    [
        raw("", status=401, content_type="text/html"),
        {"__error__": {"code": -28, "message": "Loading block index..."}},
        raw('{"result":1'),
        raw('{"other":1,"id":ID}'),
        raw('{"error":"text","id":ID}'),
    ],
)
def test_a_node_that_does_not_answer_is_told_from_one_that_forbids(
    node: CannedNode, tmp_path: Path, reply: object
) -> None:
    node.replies["getblockchaininfo"] = reply
    with pytest.raises(NodeDown, match=r"401|starting|malformed"):
        ask(node, tmp_path)


# --- a real node ---


def _state(node: Litecoind, wallet: str) -> dict[str, Any]:
    """All that one of the calls could change."""
    info = dict(node.rpc("getwalletinfo", wallet=wallet))
    told = ("unlocked_until", "keypoolsize", "keypoolsize_hd_internal", "txcount", "scanning")
    return {
        **{name: info[name] for name in told},
        "tip": node.tip(),
        "mempool": node.rpc("getrawmempool"),
        "locks": node.rpc("listlockunspent", wallet=wallet),
        "loaded": node.rpc("listwallets"),
    }


@pytest.fixture
def unlocked(litecoind: Litecoind, tmp_path: Path) -> Iterator[str]:
    """An encrypted wallet of this test, open for a day; its name."""
    name = tmp_path.name
    litecoind.rpc("createwallet", name, False, False, "secret")
    litecoind.rpc("walletpassphrase", "secret", 86_400, wallet=name)
    yield name
    litecoind.rpc("unloadwallet", name)


@pytest.mark.node
def test_no_question_is_carried_out(litecoind: Litecoind, unlocked: str, tmp_path: Path) -> None:
    before = _state(litecoind, unlocked)
    assert before["unlocked_until"] > 0
    address = litecoind.stranger()
    keys = {"keys.passphrase": "secret", "cold.address": address}
    told = calls_told(currency_of(tmp_path, "LTC", **keys), litecoind.url(unlocked))
    assert frozenset[str]().union(*(each.wanted for each in told)) == ALL - {"validateaddress"}
    assert not [each for each in told if each.forbids or each.not_know or each.not_asked]
    assert _state(litecoind, unlocked) == before


@pytest.mark.node
def test_what_is_asked_of_any_node_does_nothing_without_arguments(
    litecoind: Litecoind, unlocked: str
) -> None:
    """So that a node which passes over the name does nothing either."""
    before = _state(litecoind, unlocked)
    for name in sorted(ALL - ACTING):
        try:
            litecoind.rpc(name, wallet=unlocked)
        except RpcError as error:
            assert error.code in {-1, -8}, name
        assert _state(litecoind, unlocked) == before, name
