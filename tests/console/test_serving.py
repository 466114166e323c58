"""How a client is said in a line."""

from __future__ import annotations

from typing import Any

import pytest

from console import serving
from engine.client_figures import ClientLine


def row(**changes: Any) -> ClientLine:
    given: dict[str, Any] = {
        "id": "ann",
        "created_at": "2026-10-30T12:00:00.000000Z",
        "blocked": False,
        "blocked_reason": "",
        "funds": (),
        "open": 0,
    }
    return ClientLine(**given | changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "="),
        ({"open": 1}, "~ open"),
        ({"funds": (("LTC", 8, -5),), "open": 1}, "< owes"),
        ({"blocked": True, "funds": (("LTC", 8, -5),)}, "! blocked"),
    ],
)
def test_the_worst_is_said_first(changes: dict[str, Any], said: str) -> None:
    assert serving.state_of(row(**changes))[0] == said


def test_many_balances_are_said_in_few_words() -> None:
    funds = tuple((symbol, 8, 150_000_000) for symbol in ("BCH", "BTC", "DOGE", "LTC"))
    assert serving.funds_of(row(funds=funds)) == "1.5 BCH, 1.5 BTC, 1.5 DOGE, 1 more"
    assert serving.funds_of(row()) == "-"
