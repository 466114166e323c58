"""How many blocks are asked for at once: their chain txs bound it, not their number."""

from __future__ import annotations

import pytest

from engine.chain import Block
from engine.families.evm.blocks import AT_ONCE, AT_ONCE_MAX, ROWS_AT_ONCE, FullBlock, Pace

HASH = "0x" + "0b" * 32


def full(rows: int) -> FullBlock:
    return FullBlock(Block(1, HASH, HASH, 5, 5), [{}] * rows)


@pytest.mark.parametrize("rows", [0, 1, 40, 300, ROWS_AT_ONCE, 10 * ROWS_AT_ONCE])
def test_a_request_holds_a_bounded_number_of_chain_txs(rows: int) -> None:
    pace = Pace()
    for _ in range(5):
        pace.note([full(rows)] * pace.blocks)
    assert 1 <= pace.blocks <= AT_ONCE_MAX
    assert pace.blocks == 1 or pace.blocks * rows <= ROWS_AT_ONCE


def test_it_falls_at_once_and_grows_step_by_step() -> None:
    pace = Pace()
    pace.note([full(ROWS_AT_ONCE)] * AT_ONCE)
    found = [pace.blocks]
    for _ in range(7):
        pace.note([full(0)] * pace.blocks)
        found.append(pace.blocks)
    assert found == [1, 2, 4, 8, 16, 32, AT_ONCE_MAX, AT_ONCE_MAX]


def test_a_single_full_block_among_quiet_ones_counts_by_its_share() -> None:
    pace = Pace()
    pace.note([full(0), full(0), full(0), full(400)])
    assert pace.blocks == ROWS_AT_ONCE // 100
