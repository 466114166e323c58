"""How a chain's figures are said."""

from __future__ import annotations

from typing import Any

import pytest

from console import watching
from engine.chain_figures import ChainFigures, Funds
from engine.views import ChainView


def chain(**changes: Any) -> ChainFigures:
    view = ChainView(
        symbol="LTC",
        state=changes.pop("state", "well"),
        reason="",
        since="2026-10-30T12:00:00.000000Z",
        height=None,
        hash=None,
        behind=None,
        tip_time=0,
        peers=None,
        version="",
        checked_at=None,
        beat_at=None,
    )
    given: dict[str, Any] = {
        "view": view,
        "name": "Litecoin",
        "family": "bitcoin",
        "network": "main",
        "running": True,
        "holder": "1",
        "tip_age": None,
        "fee_rate": None,
        "fee_rate_at": None,
        "hot_address": None,
        "brakes": (),
        "funds": (),
    }
    return ChainFigures(**given | changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "= well"),
        ({"state": "paused"}, "! paused"),
        ({"running": False}, "! no engine"),
        ({"brakes": ("one",)}, "! braked"),
    ],
)
def test_a_state_is_a_shape_and_a_word(changes: dict[str, Any], said: str) -> None:
    assert watching.state_of(chain(**changes))[0] == said


@pytest.mark.parametrize(
    ("seconds", "said"), [(None, "-"), (0, "0 s"), (59, "59 s"), (60, "1 min"), (7_300, "2 h")]
)
def test_a_tip_is_as_old_as_people_say_it(seconds: int | None, said: str) -> None:
    assert watching.tip_age(seconds) == said


def test_fees_are_said_in_the_unit_of_their_family() -> None:
    assert watching.fee_rate(chain()) == "-"
    assert watching.fee_rate(chain(fee_rate=1_250)) == "1.25 sat/vB"
    assert watching.fee_rate(chain(fee_rate=2_500_000_000, family="evm")) == "2.5 gwei"


def test_missing_funds_are_what_waits_beyond_what_is_free() -> None:
    funds = Funds("LTC", 8, hot=5, deposits=5, cold=5, free=10, waiting=25, ceiling=None)
    assert funds.short == 15
    assert watching.amount(funds.short, funds) == "0.00000015 LTC"
