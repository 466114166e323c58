"""What the network asks and what a send takes, from nodes of all sorts."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import pytest

from engine.errors import NodeDown, NodeRefused
from engine.families.evm.gas import TIP_WEI, estimate, rates
from engine.families.evm.transport import Transport
from engine.families.evm.values import OddValue
from engine.sending import REVERTED, Rates
from tests.nodes.canned import CannedNode

HEADER = {"baseFeePerGas": "0x3b9aca00"}
CALL = {"from": "0x" + "01" * 20, "to": "0x" + "02" * 20, "value": "0x1", "data": "0x"}


def _error(code: int, message: str) -> Mapping[str, Any]:
    return {"__error__": {"code": code, "message": message}}


def _rates(header: object, tip: object) -> Rates:
    replies = {"eth_getBlockByNumber": header, "eth_maxPriorityFeePerGas": tip}
    with CannedNode(replies) as canned, closing(Transport(canned.url)) as node:
        return rates(node)


def _estimate(reply: object) -> int:
    with CannedNode({"eth_estimateGas": reply}) as canned, closing(Transport(canned.url)) as node:
        return estimate(node, CALL)


def test_base_and_tip_are_the_networks() -> None:
    assert _rates(HEADER, "0x77359400") == Rates(10**9, 2 * 10**9)
    assert _rates(HEADER, "0x0") == Rates(10**9, 0)


def test_a_node_without_an_opinion_of_tips_gets_ours() -> None:
    assert _rates(HEADER, _error(-32601, "no such method")) == Rates(10**9, TIP_WEI)


def test_a_chain_without_a_base_fee_is_refused_in_words() -> None:
    with pytest.raises(NodeRefused, match="no base fee"):
        _rates({}, "0x1")


@pytest.mark.parametrize("header", [None, 5, [], {"baseFeePerGas": "1"}, {"baseFeePerGas": -1}])
def test_a_header_of_nonsense_is_not_read(header: object) -> None:
    with pytest.raises(OddValue):
        _rates(header, "0x1")


@pytest.mark.parametrize("tip", [5, [], {}, "", "0x", "0xzz", "-0x1"])
def test_a_tip_of_nonsense_is_not_read(tip: object) -> None:
    with pytest.raises(OddValue):
        _rates(HEADER, tip)


def test_another_refusal_is_a_node_that_cannot_be_asked_now() -> None:
    with pytest.raises(NodeDown):
        _rates(HEADER, _error(-32005, "limit exceeded"))
    with pytest.raises(NodeDown):
        _rates(_error(-32005, "limit exceeded"), "0x1")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (3, "execution reverted: no ETH here"),
        (-32000, "Execution reverted"),
        (-32015, "VM execution error: Reverted 0x08c379a0"),
    ],
)
def test_whatever_number_a_node_has_for_it_a_revert_is_one(code: int, message: str) -> None:
    with pytest.raises(NodeRefused) as caught:
        _estimate(_error(code, message))
    assert caught.value.rpc_code == REVERTED
    assert message in caught.value.detail


def test_other_refusals_are_no_revert_and_their_words_cannot_drive_a_terminal() -> None:
    with pytest.raises(NodeRefused) as caught:
        _estimate(_error(-32000, "insufficient funds\x1b[2J" + "x" * 1000))
    assert caught.value.rpc_code == -32000
    assert "\x1b" not in caught.value.detail
    assert len(caught.value.detail) <= 200


@pytest.mark.parametrize("reply", [None, 21000, "0x0", "0x", [], {}, "0x" + "f" * 64])
def test_an_estimate_of_nonsense_is_not_read(reply: object) -> None:
    with pytest.raises(OddValue):
        _estimate(reply)
    assert _estimate("0x5208") == 21_000
