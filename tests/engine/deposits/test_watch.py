"""Which deposits the node is asked about: those that can still move, a page at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from db.models import Payment
from engine.config import Config
from engine.deposits import watch
from tests.engine.house import PATH_TO, add_deposit, house, new_batch

UNMOVED = {"requested", "expired"}  # no coin yet, or never


@pytest.fixture
def config(database: str, tmp_path: Path) -> Config:
    assert database
    return house(tmp_path)


def add(config: Config, name: str, state: str, **columns: Any) -> Payment:
    """A deposit in `state`; a block is given by its height."""
    payment = add_deposit(config, name, state=state, units=1)
    height = columns.get("block_height")
    columns = {"required": 3, "txid": f"tx {name}", "idx": "vout:0", **columns}
    if height is not None:
        columns["block_hash"] = f"block {height}"
    with new_batch(config) as batch:
        batch.touch(payment, **columns)
    return payment


def names(rows: list[Payment]) -> list[str | None]:
    return [row.client for row in rows]


def test_a_deposit_is_due_when_it_is_deep_enough(config: Config) -> None:
    for height in (97, 98, 99):
        add(config, f"at {height}", "pending", block_height=height)
    add(config, "in no block", "pending")
    add(config, "verdict open", "confirmed", block_height=90)
    add(config, "done", "credited", block_height=90)
    add(config, "frozen", "pending", block_height=90, final=True)
    assert names(watch.due("LTC", 99, limit=9)) == ["verdict open", "at 97"]
    assert names(watch.due("LTC", 100, limit=9)) == ["verdict open", "at 97", "at 98"]
    assert names(watch.due("LTC", 100, limit=1)) == ["verdict open"]
    assert watch.due("BTC", 100, limit=9) == []


def test_what_is_in_no_block_is_paged_once_in_order(config: Config) -> None:
    states = sorted(set(PATH_TO) - UNMOVED)
    for state in states:
        add(config, state, state)
        add(config, f"{state} in a block", state, block_height=5)
    add(config, "frozen", "credited", final=True)
    wanted = [state for state in states if state in watch.MINED]
    found: list[str | None] = []
    after = 0
    while rows := watch.outside("LTC", after=after, limit=2):
        found += names(rows)
        after = rows[-1].first_seq
    assert found == wanted


def test_what_a_list_lost_is_found_by_its_txid(config: Config) -> None:
    for name in ("ann", "bob"):
        add(config, name, "pending")
    add(config, "mined", "pending", block_height=5)
    found = watch.outside_txids("LTC", ["tx bob", "tx mined", "tx nobody"])
    assert names(found) == ["bob"]
    assert watch.outside_txids("LTC", []) == []


def test_open_blocks_come_once_newest_first(config: Config) -> None:
    for number, height in enumerate((7, 9, 7, 8)):
        add(config, f"c{number}", "credited", block_height=height)
    add(config, "final", "credited", block_height=99, final=True)
    add(config, "gone", "vanished", block_height=98)
    assert watch.open_blocks("LTC") == ["block 9", "block 8", "block 7"]
    assert watch.open_blocks("BTC") == []


def test_deposits_of_dead_blocks_are_paged(config: Config) -> None:
    for number in range(5):
        add(config, f"c{number}", "credited", block_height=7)
    add(config, "alive", "credited", block_height=8)
    first = watch.in_blocks("LTC", ["block 7"], after=0, limit=3)
    second = watch.in_blocks("LTC", ["block 7"], after=first[-1].first_seq, limit=3)
    assert names(first + second) == [f"c{number}" for number in range(5)]


def test_what_is_posted_and_settled_becomes_final_beyond_the_horizon(config: Config) -> None:
    for state in watch.POSTED:
        add(config, state, state, block_height=10)
    add(config, "young", "credited", block_height=11)
    add(config, "unsettled", "credited", block_height=10, unsettled=True)
    add(config, "pending", "pending", block_height=10)
    assert watch.frozen_block("LTC") is None
    assert watch.freeze("BTC", deepest=10) == 0
    assert watch.freeze("LTC", deepest=10) == len(watch.POSTED)
    assert watch.freeze("LTC", deepest=10) == 0
    final = [row.client for row in Payment.select().where(Payment.final == 1)]
    assert sorted(str(each) for each in final) == sorted(watch.POSTED)
    assert watch.frozen_block("LTC") == "block 10"
