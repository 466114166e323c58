"""A batch writes moves, history, entries and what belongs to them together, or nothing at all."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pytest

from db.connection import database as opened
from db.models import Balance, Client, Counter, Entry, History, Payment
from engine.clock import rfc3339
from engine.config import Config
from engine.errors import BalanceInsufficient, LifecycleError, StaleState
from engine.history import row_hash, row_of
from engine.ledger import shift
from engine.lifecycle import Batch
from engine.lifecycle.batch import write_row
from tests.engine.house import NOW, add_client, add_deposit, house, new_batch

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def config(database: str, tmp_path: Path) -> Config:
    assert database
    return house(tmp_path)


def again(payment: Payment) -> Payment:
    """The row as it is stored now."""
    return Payment.get_by_id(payment.id)


def everything() -> list[object]:
    """What the database holds, to see that nothing changed."""
    tables = (Payment, History, Entry, Balance, Counter, Client)
    return [sorted(map(str, table.select().dicts())) for table in tables]


def test_a_new_payment_has_an_id_a_row_and_its_first_move(config: Config) -> None:
    payment = add_deposit(config, "ann", address="a1")
    row = again(payment)
    assert len(row.id) == 32
    assert int(row.id, 16) >= 0
    assert (row.state, row.client, row.address, row.units) == ("requested", "ann", "a1", None)
    assert row.rule == config.currencies["LTC"].rule_version
    [move] = map(row_of, History.select())
    assert (move["event"], move["from"], move["to"]) == ("request", None, "requested")
    assert (row.first_seq, row.last_seq, row.last_hash) == (move["seq"], move["seq"], move["hash"])


def test_each_move_is_a_row_chained_to_the_one_before(config: Config) -> None:
    payment = add_deposit(config, state="credited", units=150_000_000)
    rows = [row_of(record) for record in History.select().order_by(History.seq)]
    assert [row["to"] for row in rows] == ["requested", "pending", "confirmed", "credited"]
    assert [row["prev"] for row in rows] == [payment.id, *(row["hash"] for row in rows[:-1])]
    assert [row["seq"] for row in rows] == [1, 2, 3, 4]
    assert all(row_hash(row) == row["hash"] for row in rows)
    assert rows[-1]["amount"] == "1.5"
    stored = again(payment)
    assert (stored.last_seq, stored.last_hash) == (4, rows[-1]["hash"])


def test_a_move_keeps_who_made_it_why_and_on_what_evidence(config: Config) -> None:
    payment = add_deposit(config, state="held", units=1)
    with Batch(config, actor="engine", now=LATER) as batch:
        batch.move(
            payment,
            "release",
            evidence={"order": "77", "depth": 3},
            reason="known client",
            entry=shift("release", "LTC", 1, to="house", out_of="client:ann"),
            actor="staff:bob",
        )
    row = row_of(History.get(History.event == "release"))
    assert (row["actor"], row["reason"], row["at"]) == ("staff:bob", "known client", rfc3339(LATER))
    assert row["evidence"] == {
        "order": "77",
        "depth": 3,
        "entry": [["house", "LTC", "1"], ["client:ann", "LTC", "-1"]],
    }
    entry = Entry.get_by_id(row["seq"])
    assert (entry.payment, entry.event, entry.at) == (payment.id, "release", rfc3339(LATER))
    assert again(payment).updated_at == rfc3339(LATER)


def test_many_payments_share_a_batch_and_each_keeps_its_chain(config: Config) -> None:
    payments = [add_deposit(config, f"c{n}", state="pending", units=n) for n in range(1, 6)]
    with new_batch(config) as batch:
        for payment in payments:
            batch.move(payment, "confirm", evidence={})
        for payment in reversed(payments):
            batch.move(payment, "credit", evidence={})
    for payment in payments:
        chain = History.select().where(History.payment == payment.id).order_by(History.seq)
        rows = [row_of(record) for record in chain]
        assert [row["prev"] for row in rows] == [payment.id, *(row["hash"] for row in rows[:-1])]
        assert again(payment).state == "credited"


def test_an_illegal_move_raises_and_nothing_of_its_batch_is_written(config: Config) -> None:
    good, bad = (add_deposit(config, name, state="pending", units=1) for name in ("ann", "bob"))
    before = everything()
    batch = new_batch(config)
    with pytest.raises(LifecycleError, match="cannot credit when it is pending"), batch:
        batch.move(good, "confirm", evidence={})
        batch.move(bad, "credit", evidence={})
    assert everything() == before


def test_a_stale_copy_never_moves_twice(config: Config) -> None:
    payment = add_deposit(config, state="confirmed", units=1)
    copies = [again(payment), again(payment)]
    with new_batch(config) as batch:
        batch.move(copies[0], "credit", evidence={})
    other = add_deposit(config, "bob")
    before = everything()
    with pytest.raises(StaleState), new_batch(config) as batch:
        batch.move(other, "see", evidence={})
        batch.move(copies[1], "credit", evidence={})
    with pytest.raises(StaleState), new_batch(config) as batch:
        batch.touch(copies[1], unsettled=True)
    assert everything() == before


def test_a_payment_that_came_back_to_its_state_is_stale_all_the_same(config: Config) -> None:
    payment = add_deposit(config, state="pending", units=1)
    stale = again(payment)
    with new_batch(config) as batch:
        batch.move(payment, "confirm", evidence={})
        batch.move(payment, "unconfirm", evidence={})
    assert again(payment).state == stale.state
    before = everything()
    with pytest.raises(StaleState), new_batch(config) as batch:
        batch.move(stale, "confirm", evidence={})
    assert everything() == before


def test_work_that_fails_takes_everything_back(config: Config) -> None:
    payment = add_deposit(config, state="confirmed", units=5)
    before = everything()

    def fail() -> None:
        assert again(payment).state == "credited"
        assert Client.select().count() == 1
        raise RuntimeError("too bad")

    with pytest.raises(RuntimeError, match="too bad"), new_batch(config) as batch:
        entry = shift("credit", "LTC", 5, to="house", out_of="client:ann")
        batch.move(payment, "credit", evidence={}, entry=entry)
        batch.also(lambda: add_client("ann"))
        batch.also(fail)
    assert everything() == before


def test_an_entry_that_is_refused_takes_its_move_back(config: Config) -> None:
    payment = add_deposit(config, state="confirmed", units=5)
    before = everything()
    with pytest.raises(BalanceInsufficient), new_batch(config) as batch:
        entry = shift("credit", "LTC", 5, to="suspense:x", out_of="client:ann")
        batch.move(payment, "credit", evidence={}, entry=entry)
    assert everything() == before


def test_a_guard_that_says_no_lets_nothing_through(config: Config) -> None:
    payment = add_deposit(config)
    before = everything()

    def refuse() -> None:
        assert opened.in_transaction()
        raise PermissionError("not yours")

    batch = Batch(config, actor="engine", now=NOW, guard=refuse)
    with pytest.raises(PermissionError), batch:
        batch.move(payment, "see", evidence={})
    assert everything() == before


def test_the_guard_runs_first_and_further_work_last(config: Config) -> None:
    order: list[str] = []

    def note(word: str) -> None:
        order.append(f"{word} {History.select().count()}")

    with Batch(config, actor="engine", now=NOW, guard=lambda: note("guard")) as batch:
        batch.also(lambda: note("also"))
        batch.open(kind="deposit", client="ann", currency="LTC", chain="LTC", evidence={})
    assert order == ["guard 0", "also 1"]


def test_a_batch_of_nothing_writes_nothing_and_asks_nobody(config: Config) -> None:
    def refuse() -> None:
        raise AssertionError

    with Batch(config, actor="engine", now=NOW, guard=refuse):
        pass
    assert History.select().count() == 0


def test_a_batch_can_be_flushed_on_the_way(config: Config) -> None:
    payment = add_deposit(config)
    with new_batch(config) as batch:
        batch.move(payment, "see", evidence={})
        batch.flush()
        assert again(payment).state == "pending"
        batch.move(payment, "confirm", evidence={}, units=3)
    assert again(payment).state == "confirmed"
    assert [row.seq for row in History.select().order_by(History.seq)] == [1, 2, 3]


def test_a_touch_changes_columns_and_leaves_no_row(config: Config) -> None:
    payment = add_deposit(config, state="pending", units=1)
    with Batch(config, actor="engine", now=LATER) as batch:
        batch.touch(payment, block_hash="bb", block_height=7, unsettled=True)
    row = again(payment)
    assert (row.block_hash, row.block_height, row.unsettled) == ("bb", 7, True)
    assert row.updated_at == rfc3339(LATER)
    assert History.select().count() == 2


@pytest.mark.parametrize("name", ["id", "kind", "currency", "chain", "created_at", "nonsense"])
def test_what_makes_a_payment_itself_does_not_change(config: Config, name: str) -> None:
    payment = add_deposit(config)
    with pytest.raises(TypeError, match=f"Payment.{name} does not change"):
        new_batch(config).touch(payment, **{name: "x"})


def test_one_move_of_an_unknown_currency_is_refused(config: Config) -> None:
    with pytest.raises(KeyError):
        new_batch(config).open(kind="deposit", client="a", currency="XXX", chain="X", evidence={})


def test_amounts_beyond_63_bits_stand_in_the_row_as_text(config: Config) -> None:
    add_deposit(config, state="credited", units=2**200)
    record = History.get(History.event == "credit")
    assert row_of(record)["units"] == str(2**200)
    assert record.units == again_units() == 2**200


def again_units() -> int | None:
    units = Payment.get().units
    assert units is None or isinstance(units, int)
    return units


def test_evidence_is_stored_as_it_was_hashed(config: Config) -> None:
    evidence = {"b": 1, "a": ["zwölf", None, True], "c": {"z": "", "y": "\x1b"}}
    with new_batch(config) as batch:
        batch.open(kind="deposit", client="a", currency="LTC", chain="LTC", evidence=evidence)
    stored = History.get().evidence
    assert json.loads(stored) == evidence
    assert stored.startswith('{"a":')


def test_a_row_of_no_payment_takes_the_next_number(config: Config) -> None:
    add_deposit(config)
    row = {**row_of(History.get()), "payment": "ff" * 16, "prev": "ff" * 16, "kind": "installation"}
    write_row(row)
    rows = [row_of(record) for record in History.select().order_by(History.seq)]
    assert [each["seq"] for each in rows] == [1, 2]
    assert row_hash(rows[1]) == rows[1]["hash"]


def test_two_copies_of_one_payment_in_one_batch_are_refused(config: Config) -> None:
    payment = add_deposit(config, state="pending", units=1)
    one, other = again(payment), again(payment)
    before = everything()
    with pytest.raises(LifecycleError, match="two copies"), new_batch(config) as batch:
        batch.move(one, "confirm", evidence={})
        batch.touch(other, unsettled=True)
    assert everything() == before


def test_an_entry_bears_the_time_of_its_row_though_the_clock_went_back(config: Config) -> None:
    payment = add_deposit(config, state="pending", units=5)
    earlier = NOW - timedelta(hours=1)
    with new_batch(config, earlier) as batch:
        batch.move(
            again(payment),
            "confirm",
            evidence={},
            entry=shift("confirm", "LTC", 5, to="wallet:deposits", out_of="suspense:x"),
        )
    row = History.select().order_by(History.seq.desc()).get()
    assert Entry.get().at == row.at == rfc3339(NOW)
