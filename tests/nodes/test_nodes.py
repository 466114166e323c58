"""The ground that other tests stand on does what it says."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest

from db import migrate
from db.connection import database as opened
from tests.conftest import Frozen
from tests.nodes.litecoind import Litecoind
from tests.nodes.ports import free_port
from tests.together import TOP


def test_a_fresh_database_is_migrated_and_empty(database: str) -> None:
    assert migrate.pending() == []
    assert opened.execute_sql("SELECT count(*) FROM payment").fetchone() == (0,)
    assert database.partition(":")[0] in {"sqlite", "postgresql"}


@pytest.mark.parametrize("turn", [1, 2])
@pytest.mark.usefixtures("database")
def test_databases_of_two_tests_do_not_meet(turn: int) -> None:
    opened.execute_sql(f"INSERT INTO installation (key, value) VALUES ('turn', '{turn}')")
    assert opened.execute_sql("SELECT value FROM installation").fetchall() == [(str(turn),)]


def test_a_port_is_given_to_one_process_while_that_lives() -> None:
    port = free_port()
    assert free_port() != port
    ask = f"from tests.nodes import ports; print(ports._is_taken_for_us({port}))"
    said = subprocess.run([sys.executable, "-c", ask], cwd=TOP, capture_output=True, check=True)
    assert said.stdout == b"False\n"


@pytest.mark.node
def test_the_sender_can_bump_replace_and_double_spend(litecoind: Litecoind) -> None:
    litecoind.mine()  # what other tests left in the mempool
    ours = litecoind.address()
    paid = litecoind.pay(ours, "1.5")
    bumped = litecoind.bump(paid)
    replaced = litecoind.replace(bumped, {ours: "1.25"})
    assert litecoind.rpc("getrawmempool") == [replaced]
    cheat = litecoind.double_spend(replaced)
    litecoind.mine_only(cheat)
    assert litecoind.cashier("gettransaction", replaced)["confirmations"] == -1


@pytest.mark.node
def test_a_reorg_replaces_the_last_blocks(litecoind: Litecoind) -> None:
    txid = litecoind.pay(litecoind.address(), "1")
    old = litecoind.mine(3)
    height = litecoind.height()
    litecoind.reorg(3)
    assert litecoind.height() == height + 1
    assert litecoind.rpc("getblockheader", old[0])["confirmations"] == -1
    assert txid in litecoind.rpc("getrawmempool")


def test_the_clock_stands_still(frozen: Frozen) -> None:
    with frozen("2026-11-01T12:00:00Z"):
        assert datetime.now(UTC) == datetime(2026, 11, 1, 12, tzinfo=UTC)
