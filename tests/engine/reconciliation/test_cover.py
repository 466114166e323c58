"""Nothing is paid while the node has less than the books explain."""

from __future__ import annotations

import pytest

from db.findings import Reconciliation
from engine.reconciliation.cover import LESS_THERE, why_unpaid


@pytest.mark.parametrize(("residual", "why"), [(-1, LESS_THERE), (0, ""), (10**24, "")])
def test_only_what_is_missing_stops_payments(database: str, residual: int, why: str) -> None:
    assert database
    Reconciliation.create(
        currency="LTC",
        chain="LTC",
        height=7,
        hash="07",
        at="",
        listed_at="",
        node_units=10**24,
        books_units=10**24 - residual,
        accounts="{}",
        timing="[]",
        residual_units=residual,
    )
    assert (why_unpaid("LTC"), why_unpaid("BTC")) == (why, ""), "each currency for itself"
