"""The ledger must say what the histories say. What is done to it by hand: test_database.py."""

from __future__ import annotations

import pytest

from engine.audit.books import Books
from engine.audit.report import Flaws
from tests.engine.audit.histories import make_rows, store
from tests.engine.audit.tampering import tamper

ROWS = make_rows(6)

pytestmark = pytest.mark.usefixtures("database")


def _flaws() -> list[str]:
    flaws = Flaws()
    books = Books(flaws)
    books.check_entries(ROWS[:14], last_seq=14)
    books.check_entries(ROWS[14:], last_seq=24)
    books.check_totals(flaws)
    return [str(flaw) for flaw in flaws.found]


def test_books_that_follow_from_the_rows_have_no_flaw() -> None:
    store(ROWS)
    assert _flaws() == []


def test_an_entry_that_does_not_sum_to_zero_is_said_to() -> None:
    store(ROWS)
    tamper("UPDATE posting SET units = '1' WHERE entry = 15 AND line = 1")
    told = _flaws()
    assert "the postings are not those that the row's evidence names" in told[0]
    assert told[1].endswith("the entry does not sum to zero")
    assert told[2].startswith("balance: client:None LTC is kept as")


def test_amounts_beyond_any_machine_word_are_summed_exactly() -> None:
    store(ROWS)
    huge = 10**70
    tamper(
        f"UPDATE balance SET units = '{huge}' WHERE account = 'wallet:deposits'"
        " AND currency = 'LTC'"
    )
    (told,) = _flaws()
    kept = sum(10**18 * (number + 1) + 7 for number in range(3))
    assert told == (
        f"balance: wallet:deposits LTC is kept as {huge} units, its postings sum to {kept}"
    )
