"""A house of a hundred thousand addresses: what each round asks of them is found by an index."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from db.connection import database as opened
from engine import address_pool, chains
from engine.health import HealthWatch
from engine.moves.addresses import hot_address, house_addresses
from engine.ours import StoredOurs
from tests.db.kinds import on_sqlite
from tests.engine.house import NOW, house
from tests.nodes.fake import FakeChain


@on_sqlite
@pytest.mark.parametrize(
    ("ask", "index"),
    [
        (lambda: address_pool.unused_count("LTC"), "address_pool (chain=? AND client=?)"),
        (lambda: hot_address("LTC"), "address_house (chain=? AND purpose=?)"),
        (lambda: house_addresses("LTC"), "address_house (chain=? AND purpose=?)"),
        (lambda: StoredOurs("LTC").addresses(), "address_order (chain=? AND id>?)"),
        (lambda: HealthWatch("LTC", FakeChain()).check(NOW), "address_order (chain=?)"),
    ],
    ids=["the pool", "the hot address", "the house's", "the newest", "the newest of all"],
)
def test_no_round_reads_all_addresses(
    database: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    ask: Callable[[], object],
    index: str,
) -> None:
    assert database
    chains.ensure(house(tmp_path), NOW)
    with caplog.at_level(logging.DEBUG, logger="peewee"):
        ask()
    asked: list[Any] = [record.msg for record in caplog.records if record.name == "peewee"]
    plans = [
        row[3]
        for sql, values in asked
        if 'FROM "address"' in sql
        for row in opened.execute_sql(f"EXPLAIN QUERY PLAN {sql}", values)
    ]
    assert plans == [f"SEARCH t1 USING INDEX {index}"]
