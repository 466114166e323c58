"""Rows and seals fed one after another: order, filter, links, each flaw with its row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from engine.audit.checks import RowChain, SealChain, missing
from engine.audit.form import Filter, SealBody
from engine.audit.report import Flaws
from engine.audit.tails import Tails
from tests.engine.audit.histories import INSTALLATION, KEY, make_rows

ROWS = make_rows(3)


@pytest.fixture
def tails() -> Iterator[Tails]:
    with Tails() as opened:
        yield opened


def _flaws(rows: list[dict[str, Any]], tails: Tails, part: Filter | None = None) -> list[str]:
    flaws = Flaws()
    chain = RowChain(part or Filter(), flaws, tails)
    for row in rows:
        chain.feed("", row)
    return [flaw.what for flaw in flaws.found]


def test_whole_histories_have_no_flaw(tails: Tails) -> None:
    assert _flaws(ROWS, tails) == []


def test_rows_must_count_on_from_one(tails: Tails) -> None:
    assert _flaws(ROWS[1:3], tails) == ["seq 1 is missing before this row"]


def test_a_gap_is_told_in_words(tails: Tails) -> None:
    told = _flaws([*ROWS[:3], *ROWS[6:]], tails)
    assert told[0] == "seq 4 to 6 are missing before this row"
    assert told[1] == "the row is not linked to the payment's row before it"


def test_a_part_may_skip_numbers_but_not_rows_of_a_payment(tails: Tails) -> None:
    mine = [row for row in ROWS if row["client"] == "ann"]
    part = Filter(client="ann")
    assert _flaws(mine, tails, part) == []
    with Tails() as fresh:
        assert _flaws(mine[1:], fresh, part) == [
            "the payment does not begin with this row: an earlier one is missing"
        ]
    with Tails() as fresh:
        assert _flaws(mine[1:], fresh, Filter(client="ann", since=mine[1]["at"])) == []


def test_rows_outside_of_the_part_are_flaws(tails: Tails) -> None:
    part = Filter(since=ROWS[1]["at"], until=ROWS[2]["at"], client="ann")
    assert _flaws(ROWS[:3], tails, part) == [
        "the row lies outside the dates of this export",
        "the row is of another client than this export",
        "the row lies outside the dates of this export",
    ]


def _seal(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "number": 1,
        "installation": INSTALLATION,
        "key": KEY.public,
        "first_seq": 1,
        "last_seq": 3,
        "count": 3,
        "root": "ab" * 32,
        "prev": INSTALLATION,
        "at": "2026-11-08T12:00:00.000000Z",
    }
    return SealBody(**{**body, **changes}).sign(KEY)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"number": 3}, "has number 3 after 1: one is missing"),
        ({"installation": "other"}, "is of another installation"),
        ({"prev": "ab" * 32}, "is not linked to the seal before it"),
        ({"first_seq": 5, "last_seq": 7}, "does not begin where the seal before it ends"),
        ({"count": 4}, "counts other rows than its range has"),
        ({"last_seq": 1, "count": -2}, "counts other rows than its range has"),
        ({"root": "x"}, "holds a hash that is not 64 lower-case hex digits"),
    ],
)
def test_a_seal_that_does_not_fit_is_named(changes: dict[str, Any], what: str) -> None:
    flaws = Flaws()
    seals = SealChain(INSTALLATION, flaws)
    first = _seal()
    seals.feed("a:1", first)
    second = {"number": 2, "first_seq": 4, "last_seq": 6, "prev": first["hash"], **changes}
    seals.feed("a:2", _seal(**second))
    assert [str(flaw) for flaw in flaws.found] == [f"a:2: a seal {what}"]


def test_a_row_is_covered_by_the_seal_that_holds_it() -> None:
    flaws = Flaws()
    seals = SealChain(None, flaws)
    first = _seal()
    empty = _seal(number=2, first_seq=4, last_seq=3, count=0, prev=first["hash"])
    third = _seal(number=3, first_seq=4, last_seq=6, prev=empty["hash"])
    for line in (first, empty, third):
        seals.feed("", line)
    assert flaws.found == []
    assert seals.installation == INSTALLATION
    covering = [seals.covering(seq) for seq in (0, 1, 3, 4, 6, 7)]
    assert [span and span.number for span in covering] == [None, 1, 1, 3, 3, None]


def test_absent_rows_in_words() -> None:
    assert missing(4, 4) == "seq 4 is missing"
    assert missing(4, 6) == "seq 4 to 6 are missing"
