"""Where one chain tx stands, by the node's answer about it."""

from __future__ import annotations

from typing import Any

import pytest

from engine.chain import BlockRef, Fact, Standing
from engine.families.bitcoin.facts import FactReader, height_in_reward, is_abandoned
from engine.families.bitcoin.values import OddValue

TXID, BLOCK, RIVAL = "cd" * 32, "ef" * 32, "12" * 32
REWARD = "0200000001" + "00" * 32 + "ffffffff"


def _fact(**reply: Any) -> Fact:
    reader = FactReader(height_of=lambda _: 99, tip_height=lambda: 120)
    return reader.fact(TXID, {"walletconflicts": [], "details": [], **reply})


def test_confirmed_is_mined_in_its_block() -> None:
    fact = _fact(confirmations=3, blockhash=BLOCK, blockheight=7)
    assert fact == Fact(TXID, Standing.MINED, BlockRef(7, BLOCK))


def test_a_height_that_the_node_leaves_out_is_asked() -> None:
    assert _fact(confirmations=3, blockhash=BLOCK).block == BlockRef(99, BLOCK)


def test_unconfirmed_is_absent_until_the_mempool_is_asked() -> None:
    assert _fact(confirmations=0) == Fact(TXID, Standing.ABSENT)


def test_negative_confirmations_are_the_depth_of_the_proof() -> None:
    fact = _fact(confirmations=-4, walletconflicts=[RIVAL])
    assert fact == Fact(TXID, Standing.GONE, conflict_depth=4, conflicts=(RIVAL,))


@pytest.mark.parametrize(
    ("script", "height"),
    [
        ("03510101", 1),
        ("03600101", 16),
        ("0302c801", 456),
        ("0403e8030c", 787_432),
        ("0100", None),
        ("", None),
    ],
)
def test_an_orphaned_reward_is_gone_as_deep_as_what_took_its_place(
    script: str, height: int | None
) -> None:
    assert height_in_reward(REWARD + script) == height
    fact = _fact(confirmations=0, details=[{"category": "orphan"}], hex=REWARD + script)
    depth = 0 if height is None else max(120 - height + 1, 0)
    assert (fact.standing, fact.conflict_depth) == (Standing.GONE, depth)


def test_bytes_that_are_no_reward_name_no_height() -> None:
    assert height_in_reward("02000000") is None


@pytest.mark.parametrize(
    "reply",
    [
        {},
        {"confirmations": "3"},
        {"confirmations": True},
        {"confirmations": 3},
        {"confirmations": 3, "blockhash": "zz"},
        {"confirmations": 3, "blockhash": BLOCK, "blockheight": -1},
        {"confirmations": 0, "walletconflicts": "none"},
        {"confirmations": 0, "walletconflicts": [5]},
        {"confirmations": 0, "details": {}},
        {"confirmations": 0, "details": [{"category": "orphan"}], "hex": "0"},
    ],
)
def test_an_answer_of_another_shape_is_no_fact(reply: dict[str, Any]) -> None:
    with pytest.raises(OddValue):
        _fact(**reply)


@pytest.mark.parametrize("reply", [None, [], "text", 5])
def test_an_answer_that_is_no_object_is_no_fact(reply: object) -> None:
    with pytest.raises(OddValue):
        FactReader(lambda _: 0, lambda: 0).fact(TXID, reply)


def test_abandoned_is_said_in_the_details() -> None:
    assert is_abandoned({"details": [{"abandoned": False}, {"abandoned": True}]})
    assert not is_abandoned({"details": [{"category": "receive"}]})
