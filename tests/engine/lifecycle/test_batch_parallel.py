"""Many writers and one reader: a move is made once, and numbers become visible in order."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from db.connection import connected
from db.models import Counter, Entry, History, Payment
from engine.config import Config
from engine.errors import StaleState
from engine.ledger import balance, shift
from engine.queries import last_seq, moved_since
from tests.engine.house import add_deposit, house, new_batch
from tests.nodes.ports import PATIENCE_S
from tests.together import at_once

WRITERS = 8
BATCHES = 6


@pytest.fixture
def config(database: str, tmp_path: Path) -> Config:
    assert database
    return house(tmp_path)


def test_of_two_batches_that_race_one_wins_and_the_other_writes_nothing(config: Config) -> None:
    shared = add_deposit(config, "ann", state="confirmed", units=7)
    others = [add_deposit(config, f"c{number}", state="confirmed", units=1) for number in range(8)]

    def credit(number: int) -> int:
        payments = [Payment.get_by_id(each.id) for each in (others[number], shared)]
        gate.wait(PATIENCE_S)
        with new_batch(config) as batch:
            for payment in payments:
                entry = shift(
                    "credit",
                    "LTC",
                    payment.units or 0,
                    to="wallet:deposits",
                    out_of=f"client:{payment.client}",
                )
                batch.move(payment, "credit", evidence={}, entry=entry)
        return number

    gate = threading.Barrier(len(others))
    outcomes = at_once(len(others), credit)
    [winner] = [each for each in outcomes if isinstance(each, int)]
    assert sum(isinstance(each, StaleState) for each in outcomes) == len(others) - 1
    credited = {row.client for row in Payment.select().where(Payment.state == "credited")}
    assert credited == {"ann", f"c{winner}"}
    assert balance("client:ann", "LTC") == -7
    assert balance("wallet:deposits", "LTC") == 8
    assert Entry.select().count() == 2
    assert Counter.get().value == History.select().count()


def follow(stop: threading.Event, seen: list[int], faults: list[str]) -> None:
    """What a feed does: read what came after the last number, until all writers are done."""
    with connected():
        cursor = 0
        while True:
            over = stop.is_set()
            for seq, _, _ in moved_since(cursor, limit=50):
                if seq != cursor + 1:
                    faults.append(f"{seq} after {cursor}")
                seen.append(seq)
                cursor = seq
            if over and cursor >= last_seq():
                return


def test_numbers_have_no_gap_and_a_reader_skips_none(config: Config) -> None:
    stop, seen, faults = threading.Event(), list[int](), list[str]()
    reader = threading.Thread(target=follow, args=(stop, seen, faults))
    reader.start()

    def write(number: int) -> int:
        for turn in range(BATCHES):
            with new_batch(config) as batch:
                for each in range(number % 3 + 1):
                    batch.open(
                        kind="deposit",
                        client=f"c{number}/{turn}/{each}",
                        currency="LTC",
                        chain="LTC",
                        evidence={},
                    )
            if turn % 3 == 2:
                fail_once(config, number)
        return BATCHES * (number % 3 + 1)

    try:
        outcomes = at_once(WRITERS, write)
    finally:
        stop.set()
        reader.join(PATIENCE_S)
    assert not [each for each in outcomes if isinstance(each, Exception)]
    expected = sum(each for each in outcomes if isinstance(each, int))
    assert not faults
    assert seen == list(range(1, expected + 1))
    assert Counter.get().value == expected


def fail_once(config: Config, number: int) -> None:
    """A batch that took its numbers and is rolled back: nobody ever sees them."""

    def fail() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError), new_batch(config) as batch:
        batch.open(kind="deposit", client=f"lost{number}", currency="LTC", chain="LTC", evidence={})
        batch.also(fail)
