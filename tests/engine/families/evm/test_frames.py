"""Frames of contracts' calls: what moved coins for good, told from what was undone or only looks
so."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from engine.chain import Block
from engine.errors import NodeDown
from engine.families.evm.frames import Frame, Tracer
from engine.families.evm.transport import Transport
from tests.nodes.canned import CannedNode

TXID, BLOCK = "0x" + "01" * 32, Block(1, "0x" + "0b" * 32, "0x" + "0a" * 32, 5, 5)
US, THEM = "0x" + "aa" * 20, "0x" + "bb" * 20


def frame(path: list[int], kind: str = "call", **more: Any) -> dict[str, Any]:
    action = {"callType": "call", "from": THEM, "to": US, "value": "0x64"}
    keys = {"blockHash": BLOCK.hash, "transactionHash": TXID, "traceAddress": path, "type": kind}
    return {**keys, "action": action, **more}


@pytest.fixture
def traced() -> Iterator[Any]:
    """`traced(*frames)` reads a block of these frames."""
    with CannedNode({}) as canned, closing(Transport(canned.url)) as node:
        tracer = Tracer(node)

        def read(*frames: object) -> list[Frame]:
            canned.replies["trace_block"] = list(frames)
            (found,) = tracer.frames([BLOCK], {US})
            return found

        yield read


def test_a_call_of_a_contract_that_pays_is_a_frame_and_the_chain_tx_itself_is_none(
    traced: Any,
) -> None:
    assert traced(frame([]), frame([0, 1])) == [Frame(TXID, "0.1", THEM, US, 100)]


@pytest.mark.parametrize("reverted", [[], [0], [0, 1]])
def test_a_frame_counts_only_if_no_ancestor_was_reverted(traced: Any, reverted: list[int]) -> None:
    frames = [frame([]), frame([0]), frame([0, 1]), frame([0, 1, 2])]
    for each in frames:
        if each["traceAddress"] == reverted:
            each["error"] = "Reverted"
    paths = [each.path for each in traced(*frames)]
    assert "0.1.2" not in paths
    assert paths == {0: [], 1: [], 2: ["0"]}[len(reverted)]


def test_a_delegated_call_moves_nothing_whatever_value_it_names(traced: Any) -> None:
    action = {"from": THEM, "to": US, "value": "0x64"}
    kinds = ("delegatecall", "staticcall", "callcode")
    assert traced(*(frame([0], action={**action, "callType": kind}) for kind in kinds)) == []


def test_a_selfdestruct_names_its_heir_and_a_reward_nobody(traced: Any) -> None:
    heir = {"address": THEM, "refundAddress": US, "balance": "0x7"}
    reward = {"blockHash": BLOCK.hash, "type": "reward", "action": {"author": US, "value": "0x1"}}
    found = traced(frame([0], "suicide", action=heir), {**reward, "traceAddress": []})
    assert found == [Frame(TXID, "0", THEM, US, 7)]


def test_frames_of_another_block_are_not_believed(traced: Any) -> None:
    with pytest.raises(NodeDown, match="moved"):
        traced(frame([0], blockHash="0x" + "cc" * 32))


def test_a_node_without_traces_is_asked_once() -> None:
    with CannedNode({}) as canned, closing(Transport(canned.url)) as node:
        tracer = Tracer(node)
        assert tracer.frames([BLOCK], {US}) == [[]]
        assert tracer.frames([BLOCK, BLOCK], {US}) == [[], []]
        assert (tracer.able, len(canned.asked)) == (False, 1)
