"""Whether a node may be believed, and the words that say why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from engine.chain import Block, Expectation, Trust
from engine.errors import NodeDown
from engine.families.evm import open_chain
from engine.families.evm.health import Figures, judge
from tests.nodes.anvil_hands import ether
from tests.nodes.canned import CannedNode

HASH = "0x" + "0a" * 32
TIP = Block(100, HASH, HASH, 1_800_000_000, 1_800_000_000)
WELL = Figures(31337, TIP, HASH, None, 3, "geth", owns=True)
EXPECTED = Expectation(genesis=HASH, fork=None, address=None, height=100)


def changed(**figures: Any) -> Figures:
    given = {name: getattr(WELL, name) for name in WELL.__dataclass_fields__}
    return Figures(**{**given, **figures})


@pytest.mark.parametrize(
    ("figures", "trust", "words"),
    [
        ({}, Trust.FULL, ""),
        ({"chain_id": 1}, Trust.NONE, "another network: the node's chain id is 1, not 31337"),
        ({"genesis": "0x" + "0b" * 32}, Trust.NONE, "another network"),
        ({"owns": False}, Trust.NONE, "another wallet: the keys"),
        ({"syncing": {"highestBlock": "0xff"}}, Trust.SHOW, "catching up: block 100 of 255"),
        ({"syncing": True}, Trust.SHOW, "catching up: block 100"),
        ({"peers": 1}, Trust.SHOW, "too few peers: 1 of 2"),
        ({"peers": None}, Trust.FULL, ""),
    ],
)
def test_the_gravest_reason_is_told(
    tmp_path: Path, figures: dict[str, Any], trust: Trust, words: str
) -> None:
    currency = ether(tmp_path, "http://h:1", {}, min_peers=2, tip_max_age=60)
    health = judge(currency, changed(**figures), EXPECTED, now_s=TIP.time + 60)
    assert health.trust is trust
    assert health.reason.startswith(words)
    assert health.well == (not words)


def test_an_old_tip_and_a_lower_one_stop_crediting(tmp_path: Path) -> None:
    currency = ether(tmp_path, "http://h:1", {}, tip_max_age=60)
    late = judge(currency, WELL, EXPECTED, now_s=TIP.time + 600)
    assert (late.trust, late.reason) == (Trust.SHOW, "its newest block is 10 minutes old")
    higher = Expectation(HASH, None, None, 120)
    behind = judge(currency, WELL, higher, now_s=TIP.time)
    assert (behind.trust, behind.reason) == (
        Trust.SHOW,
        "behind what it showed before: block 100, it was at block 120",
    )


def test_a_provider_that_does_not_tell_peers_or_version_is_judged_by_the_rest(
    tmp_path: Path,
) -> None:
    header = {"number": "0x1", "hash": HASH, "parentHash": HASH, "timestamp": "0x5"}
    replies = {"eth_chainId": "0x7a69", "eth_getBlockByNumber": header}
    with CannedNode(replies) as canned:
        chain = open_chain(ether(tmp_path, canned.url, {}), canned.url)
        health = chain.health(Expectation(None, None, None, 0), now_s=5)
        assert (health.trust, health.peers, health.version) == (Trust.FULL, None, "")
        canned.replies["eth_chainId"] = {"__error__": {"code": -32000, "message": "no"}}
        with pytest.raises(NodeDown):
            chain.health(Expectation(None, None, None, 0), now_s=5)
        chain.close()
