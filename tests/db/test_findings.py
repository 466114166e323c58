"""An open difference is one row, a closed one says when, and amounts of any size are exact."""

from __future__ import annotations

from typing import Any

import peewee
import pytest

from db.connection import database as opened
from db.findings import Break, Reconciliation

WEI = 10**30 + 1


def difference(number: int, **changes: Any) -> dict[str, Any]:
    texts = dict.fromkeys(("chain", "currency", "kind", "subject", "evidence", "cure"), "x")
    times = {"first_seen": "t", "last_seen": "t"}
    row = {"id": f"{number:032x}", "units": -WEI, "owner": "staff", **texts, **times}
    return row | changes


def test_one_difference_is_open_once_and_may_come_back(database: str) -> None:
    assert database
    Break.create(**difference(1))
    with pytest.raises(peewee.IntegrityError), opened.atomic():
        Break.create(**difference(2))
    Break.update(state="closed", closed_at="t", closed_by="gone").execute()
    Break.create(**difference(2))
    assert [row.units for row in Break.select()] == [-WEI, -WEI]


@pytest.mark.parametrize(
    "wrong",
    [{"state": "closed"}, {"closed_at": "t"}, {"owner": "nobody"}, {"id": "7"}, {"state": "maybe"}],
)
def test_a_row_that_contradicts_itself_is_refused(database: str, wrong: dict[str, Any]) -> None:
    assert database
    with pytest.raises(peewee.IntegrityError), opened.atomic():
        Break.create(**difference(1, **wrong))


def test_a_sum_keeps_every_unit(database: str) -> None:
    assert database
    texts = dict.fromkeys(("chain", "hash", "at", "listed_at", "accounts", "timing"), "x")
    units = {"node_units": WEI, "books_units": WEI + 1, "residual_units": -1}
    Reconciliation.create(currency="ETH", height=1, **texts, **units)
    row = Reconciliation.get()
    assert (row.node_units, row.books_units, row.residual_units) == (WEI, WEI + 1, -1)
