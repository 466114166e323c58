"""A node that is sound in form and lies: of how much an address sent, of what became of it. Nobody
is paid twice, nothing is given back, and once it tells the truth everything goes on by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.families.evm.doctored import Change, with_field
from tests.engine.families.evm.life import ETHER
from tests.engine.sender.by_nonce.behind import CHAIN_TX, COUNT, RECEIPT, DoctoredDesk
from tests.engine.sender.by_nonce.truth import Truth
from tests.nodes.anvil import Anvil

pytestmark = [
    pytest.mark.node,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.fixture
def desk(database: str, own_anvil: Anvil, tmp_path: Path) -> Iterator[DoctoredDesk]:
    desk = DoctoredDesk.open(tmp_path, database, own_anvil, finality=8)
    desk.fund_house()
    desk.credit("ann", 8 * ETHER)
    yield desk
    desk.on.chain.close()


def _finish(desk: DoctoredDesk) -> None:
    desk.changes.clear()
    desk.settle()
    for _ in range(3):
        desk.mine(4)
    Truth(desk.node, {}, since=0).assert_holds()
    desk.assert_reconciles()


def _more(count: int) -> Change:
    return lambda answer: hex(int(answer, 16) + count)


def test_a_count_too_low_takes_no_number_twice(desk: DoctoredDesk) -> None:
    for _ in range(2):
        desk.withdraw("ann", ETHER // 10)
    desk.settle()
    desk.mine(3)
    desk.changes[COUNT] = lambda _: "0x0"
    paid = desk.withdraw("ann", ETHER // 10)
    desk.settle()
    assert desk.state_of(paid) == "pending"
    assert [row.nonce for row in desk.attempts()] == [0, 1, 2]
    _finish(desk)


def test_a_count_too_high_leaves_a_gap_that_the_next_ones_fill(desk: DoctoredDesk) -> None:
    desk.changes[COUNT] = _more(2)
    first = desk.withdraw("ann", ETHER // 10)
    desk.settle()
    assert desk.attempt().nonce == 2
    desk.changes.clear()
    desk.mine(3)
    assert desk.state_of(first) == "pending"
    for _ in range(3):
        desk.withdraw("ann", ETHER // 10)
    _finish(desk)
    assert desk.state_of(first) == "credited"
    assert [row.nonce for row in desk.attempts()] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "lies",
    [
        {RECEIPT: lambda _: None},
        {RECEIPT: lambda _: None, CHAIN_TX: lambda _: None},
        {RECEIPT: with_field("status", "0x0")},
        {RECEIPT: with_field("status", "0x2")},
        {RECEIPT: with_field("blockHash", "0x" + "ab" * 32)},
        {RECEIPT: with_field("blockNumber", "0x1")},
        {RECEIPT: with_field("gasUsed", "0x0")},
        {RECEIPT: with_field("effectiveGasPrice", ...)},
        {RECEIPT: with_field("transactionHash", "0x" + "ab" * 32)},
        {RECEIPT: lambda _: []},
        {RECEIPT: lambda _: "0x"},
        {CHAIN_TX: lambda _: {}},
    ],
)
def test_nonsense_and_lies_about_a_receipt_pay_nobody_again(
    desk: DoctoredDesk, lies: dict[str, Any]
) -> None:
    """For fewer blocks than it takes to be final, whatever it says is not acted upon."""
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    desk.changes.update(lies)
    for _ in range(6):
        desk.node.mine()
        desk.step()
    assert desk.state_of(paid) in {"pending", "credited"}
    assert len(desk.attempts()) == 1
    assert desk.owed("ann") < 7 * ETHER
    _finish(desk)
    assert desk.state_of(paid) == "credited"
