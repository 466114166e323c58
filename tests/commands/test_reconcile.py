"""Reconcile prints a sum that adds up, ends in the promised exit codes, and asks a live engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from db.connection import database
from engine import chains
from engine.clock import utc_now
from engine.config import Config
from engine.follower import Follower
from engine.lease import ChainLease
from engine.money import parse_amount
from engine.reconciliation.reconciler import Reconciler
from tests.commands.desk import Desk
from tests.commands.processes import Process
from tests.nodes.fake import FakeChain
from tests.nodes.litecoind import Litecoind
from tests.nodes.ports import wait_until

COIN = 10**8
FIGURES = ["currency", "height", "hash", "at", "node", "books", "accounts", "timing", "residual"]
ITEM = {"id", "kind", "currency", "units", "amount", "evidence", "cure", "entry", "age", "owner"}


def compare(config: Config, fake: FakeChain) -> None:
    """What a running engine does at each block: follow, then compare."""
    chains.ensure(config, utc_now())
    lease = ChainLease("LTC", "an engine")
    lease.acquire(monotonic_s=0)
    lease.acquire(monotonic_s=100)
    for _ in range(3):
        Follower(config, "LTC", fake, guard=lease.guard).step(utc_now())
    Reconciler(config, "LTC", lambda: fake).run(lease, None, now=utc_now(), listing=True)


@pytest.fixture
def fake() -> FakeChain:
    fake = FakeChain()
    fake.mine(3)
    return fake


def test_a_currency_that_was_never_compared_is_exit_1_in_words(desk: Desk) -> None:
    result = desk.type("reconcile")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "no engine answered" in result.stderr
    assert "LTC: never compared yet (cashier check LTC)" in result.stderr
    assert desk.json("reconcile") == {"items": [], "currencies": []}


def test_an_unknown_currency_is_wrong_use(desk: Desk) -> None:
    result = desk.type("reconcile", "LTC", "NIX")
    assert (result.exit_code, result.stdout) == (2, "")
    said = "no currency NIX is configured, known: LTC (cashier reconcile --help)"
    assert result.stderr == f"cashier reconcile: {said}\n"


def test_both_sides_add_up_and_nothing_open_is_exit_0(desk: Desk, fake: FakeChain) -> None:
    with desk.opened() as config:
        fake.pay(fake.address(), 5 * COIN)
        fake.mine()
        compare(config, fake)
    result = desk.type("reconcile")
    assert result.exit_code == 0
    shown = result.stdout
    assert "explained to the last unit" in shown
    assert "deposits mined, not yet deep enough (1)" in shown
    assert shown.count("5.00000000") == 3
    assert "compared 20" in shown
    assert len({len(line) for line in shown.splitlines() if line.endswith("00000")}) == 1
    (sums,) = desk.json("reconcile")["currencies"]
    assert list(sums) == FIGURES
    assert (sums["node"], sums["books"], sums["residual"]) == ("5", "0", "0")
    assert sums["timing"] == [{"name": "deposits_not_deep", "amount": "5", "count": 1}]
    assert (sums["height"], sums["hash"]) == (fake.tip.height, fake.tip.hash)


def test_an_open_break_is_exit_1_with_evidence_cure_and_entry(desk: Desk, fake: FakeChain) -> None:
    with desk.opened() as config:
        fake.pay(fake.address(), 5 * COIN)
        fake.mine(20)
        compare(config, fake)
    result = desk.type("reconcile", "LTC")
    assert result.exit_code == 1
    assert "unknown_arrival  LTC 5.00000000" in result.stdout
    assert "explained to the last unit" in result.stdout
    (item,) = desk.json("reconcile")["items"]
    assert set(item) >= ITEM
    assert (item["kind"], item["amount"], item["owner"]) == ("unknown_arrival", "5", "staff")
    assert f"cashier book {item['subject']} --to" in item["cure"]
    assert sum(int(line["units"]) for line in item["entry"]) == 0
    assert item["age"] >= 0
    (status,) = desk.json("status")["currencies"]
    assert (status["breaks"], status["unexplained"]) == (1, "0")


def test_what_is_not_explained_is_said_and_counted(desk: Desk, fake: FakeChain) -> None:
    with desk.opened() as config:
        fake.pay(fake.address(), 5 * COIN)
        fake.mine()
        compare(config, fake)
        database.execute_sql(f"UPDATE payment SET units = '{4 * COIN}'")
        compare(config, fake)
    result = desk.type("reconcile")
    assert result.exit_code == 1
    assert "NOT EXPLAINED" in result.stdout
    assert "amount_differs  LTC 1.00000000" in result.stdout
    (status,) = desk.json("status")["currencies"]
    assert (status["breaks"], status["unexplained"]) == (1, "1")


def test_before_the_first_comparison_status_says_so(desk: Desk) -> None:
    (status,) = desk.json("status")["currencies"]
    assert (status["breaks"], status["unexplained"]) == (0, None)


@pytest.fixture
def engine(
    own_litecoind: Litecoind, new_desk: Desk, tmp_path: Path
) -> Iterator[tuple[Desk, Litecoind]]:
    """An engine process that follows a node of its own."""
    new_desk.write(node=own_litecoind.url(), confirmations=2, poll=1)
    folder = tmp_path / "engine"
    folder.mkdir()
    process = Process(folder, "--config", str(new_desk.path), "run", "--only", "engine")
    try:
        process.wait_for("ready engine")
        yield new_desk, own_litecoind
    finally:
        process.end()
        process.destroy()


def item_of(desk: Desk, kind: str) -> Any:
    """The one break of this kind, None while there is none."""
    found = [item for item in desk.json("reconcile")["items"] if item["kind"] == kind]
    return found[0] if found else None


@pytest.mark.node
def test_a_running_engine_compares_at_once_and_by_itself(engine: tuple[Desk, Litecoind]) -> None:
    desk, node = engine
    wait_until(lambda: desk.type("reconcile").exit_code == 0, what="a well node")
    paid = node.pay(node.address(), "3")
    node.mine(2)
    wait_until(lambda: item_of(desk, "unknown_arrival"), what="the arrival")
    node.spend_ours(paid, node.stranger(), "1")
    node.mine()
    wait_until(lambda: item_of(desk, "unknown_spend"), what="the theft")
    answer = desk.json("reconcile", "--full")
    (sums,) = answer["currencies"]
    (theft,) = [each for each in answer["items"] if each["kind"] == "unknown_spend"]
    assert theft["amount"] == sums["residual"] == "-1.0001"
    assert (sums["height"], sums["hash"]) == (node.height(), node.tip())
    assert parse_amount(sums["node"], 8) + 100_010_000 == parse_amount(sums["books"], 8)
    node.stop()
    wait_until(lambda: item_of(desk, "node_unwell"), what="the node to be missed")
    status = desk.json("status")["currencies"][0]
    assert (status["breaks"], status["unexplained"]) == (3, "-1.0001")
