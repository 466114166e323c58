"""What a node must show before its word decides about money, gravest reason first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.chain import Block, Expectation, Health, Identity, Trust
from engine.config import Currency
from engine.errors import NodeRefused
from engine.families.bitcoin.health import Figures, judge, wallet_or_why
from tests.nodes.currencies import currency_of

NOW_S = 1_800_000_000
OTHER = "77" * 32
BCH_FORK = "000000000000000000651ef99cb9fcbe0dadde1d424bd9f15ff20136191a5eec"
BTC_FORK = "00000000000000000019f112ec0a9982926f1258cdcc558dd7c3b7e5dc7fa148"
TIP = Block(800_000, "ab" * 32, "cd" * 32, NOW_S - 60, NOW_S - 3600)
WELL: dict[str, Any] = {
    "chain": "main",
    "headers": 800_000,
    "initialblockdownload": False,
    "networkactive": True,
    "connections": 8,
    "subversion": "/Node:1.0/",
    "scanning": False,
    "fork": BCH_FORK,
    "genesis": None,
    "owns": True,
    "tip": TIP,
    "warnings": "",
}


@pytest.fixture
def bch(tmp_path: Path) -> Currency:
    return currency_of(tmp_path, "BCH", network="main")


def _health(currency: Currency, expected: Expectation | None = None, **changes: Any) -> Health:
    told = {**WELL, **changes}
    genesis = told["genesis"] or currency.parameters.genesis[0]
    wallet = told.get("wallet", {"walletname": "cashier", "scanning": told["scanning"]})
    figures = Figures(
        Identity(genesis, told["fork"]), told["tip"], told, told, wallet, told["owns"]
    )
    return judge(currency, figures, expected or Expectation(None, None, None, 800_000), now_s=NOW_S)


def test_a_well_node_is_believed(bch: Currency) -> None:
    health = _health(bch)
    assert (health.trust, health.reason) == (Trust.FULL, "")
    assert (health.tip, health.peers, health.version) == (TIP, 8, "Node:1.0")


@pytest.mark.parametrize(
    ("changes", "trust", "reason"),
    [
        ({"chain": "test"}, Trust.NONE, "another network: the node follows its 'test' chain"),
        ({"genesis": OTHER}, Trust.NONE, "another network: the node's first block is not that of"),
        ({"fork": BTC_FORK}, Trust.NONE, "another network: the node follows a chain that parted"),
        ({"wallet": "it is gone"}, Trust.NONE, "no wallet: it is gone"),
        ({"owns": False}, Trust.NONE, "another wallet: "),
        ({"initialblockdownload": True}, Trust.SHOW, "catching up: block 800000 of 800000"),
        ({"headers": 800_004}, Trust.SHOW, "catching up: block 800000 of 800004"),
        ({"scanning": {"progress": 0.25}}, Trust.SHOW, "its wallet is reading the chain again: 25"),
        ({"scanning": {"progress": "x"}}, Trust.SHOW, "its wallet is reading the chain again"),
        ({"scanning": True}, Trust.SHOW, "its wallet is reading the chain again"),
        ({"networkactive": False}, Trust.SHOW, "its network is switched off"),
        ({"connections": 0}, Trust.SHOW, "too few peers: 0 of 1"),
        ({"connections": None}, Trust.SHOW, "too few peers: 0 of 1"),
    ],
)
def test_each_way_to_be_unwell_has_its_sentence(
    bch: Currency, changes: dict[str, Any], trust: Trust, reason: str
) -> None:
    health = _health(bch, **changes)
    assert health.trust is trust
    assert health.reason.startswith(reason)
    assert health.tip == TIP


@pytest.mark.parametrize(
    "changes",
    [{"headers": 800_003}, {"headers": None}, {"scanning": None}, {"fork": None}, {"owns": None}],
)
def test_small_lags_and_what_is_not_known_yet_are_no_illness(
    bch: Currency, changes: dict[str, Any]
) -> None:
    assert _health(bch, **changes).well


@pytest.mark.parametrize(
    ("expected", "reason"),
    [
        (Expectation(OTHER, None, None, 0), "another network: the node's first block is not the"),
        (Expectation(None, OTHER, None, 0), "another network: the node's chain parted"),
        (Expectation(None, None, None, 800_001), "behind what it showed before: block 800000"),
    ],
)
def test_what_we_remember_must_fit(bch: Currency, expected: Expectation, reason: str) -> None:
    assert _health(bch, expected).reason.startswith(reason)


def test_a_tip_is_too_old_by_the_currencys_own_measure(bch: Currency) -> None:
    at_the_limit = Block(800_000, TIP.hash, TIP.parent, NOW_S - 3 * 3600, NOW_S)
    older = Block(800_000, TIP.hash, TIP.parent, NOW_S - 4 * 3600, NOW_S)
    from_the_future = Block(800_000, TIP.hash, TIP.parent, NOW_S + 7000, NOW_S)
    assert _health(bch, tip=at_the_limit).well
    assert _health(bch, tip=older).reason == "its newest block is 240 minutes old"
    assert _health(bch, tip=from_the_future).well


def test_the_gravest_reason_is_the_one_shown(bch: Currency) -> None:
    health = _health(bch, connections=0, initialblockdownload=True, fork=BTC_FORK)
    assert health.trust is Trust.NONE


def test_a_development_chain_is_never_downloading(tmp_path: Path) -> None:
    ltc = currency_of(tmp_path, "LTC")
    told: dict[str, Any] = {
        "chain": "regtest",
        "initialblockdownload": True,
        "connections": 0,
        "fork": None,
    }
    assert _health(ltc, **told).well


@pytest.mark.parametrize(
    ("warnings", "shown"),
    [("", None), ([], None), ("old", "old"), (["old", "", "bad"], "old; bad")],
)
def test_warnings_are_shown_whether_a_text_or_a_list(
    bch: Currency, warnings: object, shown: str | None
) -> None:
    assert _health(bch, warnings=warnings).facts.get("warnings") == shown


def test_test_networks_go_by_several_names(tmp_path: Path) -> None:
    btc = currency_of(tmp_path, "BTC", network="test")
    told: dict[str, Any] = {"fork": None, "genesis": btc.parameters.genesis[1]}
    assert _health(btc, chain="testnet4", **told).well
    assert not _health(btc, chain="main", **told).well


def test_a_wallet_that_is_refused_is_a_reason_and_no_error() -> None:
    def refused() -> object:
        raise NodeRefused("nothing there", rpc_code=-18)

    assert wallet_or_why(refused) == "nothing there"
    assert wallet_or_why(lambda: {"walletname": "cashier"}) == {"walletname": "cashier"}
