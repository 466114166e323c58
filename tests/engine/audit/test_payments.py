"""A payment is what its last row says. What is done to payments by hand: test_database.py."""

from __future__ import annotations

import pytest

from db.models import Payment
from engine.audit import payments
from engine.audit.payments import check_payments, note_of
from engine.audit.report import Flaws
from engine.audit.tails import Tails
from tests.engine.audit.histories import make_rows, store

ROWS = make_rows(5)

pytestmark = pytest.mark.usefixtures("database")


def _flaws(rows: list[dict[str, str]]) -> list[str]:
    flaws = Flaws()
    with Tails() as tails:
        for row in rows:
            tails.swap(row["payment"], row["hash"], note_of(row))
        check_payments(tails, flaws)
    return [str(flaw) for flaw in flaws.found]


def test_payments_that_follow_from_the_rows_have_no_flaw(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(payments, "_BATCH", 2)
    store(ROWS)
    assert _flaws(ROWS) == []


def test_a_payment_that_is_behind_its_rows_is_named() -> None:
    store(ROWS)
    (told,) = _flaws(ROWS[:-1])
    assert told.startswith(f"payment: seq 20, payment {ROWS[-1]['payment']}: the payment is not")


def test_a_payment_without_history_is_named() -> None:
    store(ROWS)
    template = Payment.get_by_id(ROWS[0]["payment"])
    copied = dict(template.__data__, id="f" * 32, first_seq=99, client="eve")
    Payment.insert(**copied).execute()
    assert _flaws(ROWS) == [f"payment: payment {'f' * 32}: the payment has no history"]
