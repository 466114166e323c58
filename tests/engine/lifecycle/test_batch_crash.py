"""kill -9 while a batch is written: all of it or nothing, and the next process goes on."""

from __future__ import annotations

import random
import signal
import time
from collections import defaultdict
from pathlib import Path

import pytest

from db.models import Balance, Counter, Entry, History, Payment, Posting
from db.snapshot import snapshot
from engine.config import Config
from engine.history import row_hash, row_of
from tests.engine.house import add_deposit, house, new_batch
from tests.engine.lifecycle.dying_writer import PAYMENTS, credit_all
from tests.nodes.ports import PATIENCE_S
from tests.together import end, start_module

MODULE = "tests.engine.lifecycle.dying_writer"


@pytest.fixture
def config(database: str, tmp_path: Path) -> Config:
    assert database
    return house(tmp_path)


def confirmed(config: Config, count: int) -> None:
    for number in range(count):
        add_deposit(config, f"c{number}", state="confirmed", units=number + 1)


def check_whole() -> None:
    """Nothing is half: rows, payments, entries and balances agree."""
    rows = [row_of(record) for record in History.select().order_by(History.seq)]
    assert [row["seq"] for row in rows] == list(range(1, Counter.get().value + 1))
    tails: dict[str, dict[str, object]] = {}
    for row in rows:
        assert row_hash(row) == row["hash"]
        tail = tails.get(row["payment"])
        assert row["prev"] == (row["payment"] if tail is None else tail["hash"])
        tails[row["payment"]] = row
    for payment in Payment.select():
        tail = tails.pop(payment.id)
        assert (payment.state, payment.last_hash) == (tail["to"], tail["hash"])
    assert not tails
    sums: dict[tuple[str, str], int] = defaultdict(int)
    per_entry: dict[int, int] = defaultdict(int)
    for line in Posting.select():
        sums[line.account, line.currency] += line.units
        per_entry[line.entry] += line.units
    kept = {(row.account, row.currency): row.units for row in Balance.select()}
    assert kept == {key: units for key, units in sums.items() if units or key in kept}
    assert per_entry == dict.fromkeys((entry.id for entry in Entry.select()), 0)
    with_entry = {row["seq"] for row in rows if "entry" in row["evidence"]}
    assert with_entry == set(per_entry)


@pytest.mark.parametrize("where", ["guard", "also", "after"])
def test_a_batch_that_is_killed_is_whole_or_not_there(
    config: Config, database: str, tmp_path: Path, where: str
) -> None:
    confirmed(config, 5)
    process = start_module(MODULE, database, str(tmp_path), where)
    try:
        assert process.stdout is not None
        # It stands inside the database transaction, except after the commit.
        assert process.stdout.readline() == f"{where} {int(where != 'after')}\n"
        process.send_signal(signal.SIGKILL)
        assert process.wait(PATIENCE_S) == -signal.SIGKILL
    finally:
        end([process])
    credited = Payment.select().where(Payment.state == "credited").count()
    assert credited == (5 if where == "after" else 0)
    check_whole()
    credit_all(config, "nowhere")
    assert Payment.select().where(Payment.state == "credited").count() == 5
    assert Entry.select().count() == 5
    check_whole()


def test_killed_anywhere_it_leaves_whole_batches_only(
    config: Config, database: str, tmp_path: Path
) -> None:
    dice = random.Random(20261030)
    for turn in range(3):
        process = start_module(MODULE, database, str(tmp_path), f"anywhere{turn}")
        try:
            assert process.stdout is not None
            for _ in range(2):  # it is at work
                assert process.stdout.readline().strip().isdigit()
            time.sleep(dice.random() / 10)
            process.send_signal(signal.SIGKILL)
            assert process.wait(PATIENCE_S) == -signal.SIGKILL
        finally:
            end([process])
        with snapshot():  # PostgreSQL may still finish a commit that the dead process had sent
            assert Payment.select().count() % PAYMENTS == 0
            assert History.select().count() == 4 * Payment.select().count()
            check_whole()
    with new_batch(config) as batch:
        batch.open(kind="deposit", client="x", currency="LTC", chain="LTC", evidence={})
    check_whole()
