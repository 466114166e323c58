"""What was posted for a payment can be read back, line by line."""

from __future__ import annotations

from pathlib import Path

from engine.entries import entries_of
from engine.ledger import shift
from tests.engine.house import add_deposit, house, new_batch


def test_entries_are_told_in_order_with_exact_amounts(database: str, tmp_path: Path) -> None:  # noqa: ARG001
    config = house(tmp_path)
    payment = add_deposit(config, state="pending", units=150_000_001)
    held = f"suspense:{payment.id}"
    with new_batch(config) as batch:
        into = shift("confirm", "LTC", 150_000_001, to="wallet:deposits", out_of=held)
        batch.move(payment, "confirm", evidence={}, entry=into)
        out = shift("credit", "LTC", 150_000_001, to=held, out_of="client:ann")
        batch.move(payment, "credit", evidence={}, entry=out)
    first, second = entries_of(config, payment.id)
    assert first.id < second.id
    assert [(p.account, p.units, p.amount) for p in first.postings] == [
        ("wallet:deposits", 150_000_001, "1.50000001"),
        (held, -150_000_001, "-1.50000001"),
    ]
    assert second.as_json()["postings"][1] == {
        "account": "client:ann",
        "currency": "LTC",
        "units": "-150000001",
        "amount": "-1.50000001",
    }


def test_a_payment_without_entries_has_none(database: str, tmp_path: Path) -> None:  # noqa: ARG001
    config = house(tmp_path)
    assert entries_of(config, add_deposit(config).id) == ()
