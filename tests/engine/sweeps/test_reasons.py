"""Why nothing is swept is kept as long as it holds."""

from __future__ import annotations

import pytest

from engine.sweeps import reasons

pytestmark = pytest.mark.usefixtures("database")


def _note(**given: str) -> None:
    reasons.note(given, of=("LTC", "ETH"), guard=lambda: None)


def test_reasons_stand_until_the_next_look_has_others() -> None:
    _note(LTC="dear", ETH="short")
    assert reasons.waiting() == {"LTC": "dear", "ETH": "short"}
    _note(ETH="short")
    assert reasons.waiting() == {"ETH": "short"}
    reasons.note({"BTC": "dear"}, of=("BTC",), guard=lambda: None)
    _note()
    assert reasons.waiting() == {"BTC": "dear"}
