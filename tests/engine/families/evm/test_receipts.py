"""Receipts are read each for itself, and blocks are those that were asked for."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

import pytest

from engine.chain import Block, BlockRef
from engine.errors import NodeDown
from engine.families.evm.receipts import Receipt, active_blocks, receipts_told
from engine.families.evm.transport import Transport
from engine.families.evm.values import OddValue
from tests.nodes.canned import CannedNode

ONE, TWO, BLOCK = ("0x" + each * 32 for each in ("01", "02", "bb"))
GOOD: dict[str, Any] = {
    "transactionHash": ONE,
    "status": "0x1",
    "logs": [],
    "blockNumber": "0x5",
    "blockHash": BLOCK,
}


def _told(*rows: object) -> dict[str, Receipt | OddValue]:
    by_params = {json.dumps([txid]): row for txid, row in zip((ONE, TWO), rows, strict=False)}
    replies = {"eth_getTransactionReceipt": {"__by_params__": by_params}}
    with CannedNode(replies) as canned, closing(Transport(canned.url)) as node:
        return receipts_told(node, [ONE, TWO][: len(rows)])


def test_a_receipt_names_its_block_and_whether_it_succeeded() -> None:
    assert _told(GOOD) == {ONE: Receipt(ONE, BlockRef(5, BLOCK), True, GOOD)}
    (failed,) = _told({**GOOD, "status": "0x0"}).values()
    assert isinstance(failed, Receipt)
    assert not failed.succeeded
    assert _told(None) == {}


@pytest.mark.parametrize("name", sorted(GOOD))
@pytest.mark.parametrize("value", [None, "", "0x", "0xzz", 1, {}, [5], "0x2"])
def test_one_of_nonsense_is_told_apart_and_spoils_no_other(name: str, value: object) -> None:
    if name == "blockNumber" and value == "0x2":
        value = -2
    found = _told({**GOOD, name: value}, {**GOOD, "transactionHash": TWO})
    assert isinstance(found[ONE], OddValue)
    assert isinstance(found[TWO], Receipt)


@pytest.mark.parametrize("row", [5, "0x", [], [GOOD]])
def test_what_is_no_row_is_told_apart(row: object) -> None:
    assert isinstance(_told(row)[ONE], OddValue)


def test_a_node_that_refuses_is_down() -> None:
    with pytest.raises(NodeDown):
        _told({"__error__": {"code": -32005, "message": "limit exceeded"}})


def _active(row: object) -> dict[int, Block]:
    with (
        CannedNode({"eth_getBlockByNumber": row}) as canned,
        closing(Transport(canned.url)) as node,
    ):
        return active_blocks(node, [5])


def test_a_block_of_another_height_is_not_taken_for_the_one_asked_for() -> None:
    header = {"number": "0x5", "hash": BLOCK, "parentHash": ONE, "timestamp": "0x1"}
    assert list(_active(header)) == [5]
    assert _active(None) == {}
    with pytest.raises(OddValue):
        _active({**header, "number": "0x6"})
    with pytest.raises(NodeDown):
        _active({"__error__": {"code": -1, "message": "no"}})
