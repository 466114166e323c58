"""The figures of a moment: believed only while an engine lives, exact, and adding up."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from db.models import Chain
from engine import chains
from engine.clock import rfc3339
from engine.config import Config
from engine.ledger import Line, NewEntry
from engine.overview import CurrencyStanding, overview
from tests.engine.house import NOW, add_deposit, house, post_alone

WEI = 10**30 + 1


@pytest.fixture
def config(database: str, tmp_path: Path) -> Config:  # noqa: ARG001  # opened for this thread
    config = house(tmp_path)
    chains.ensure(config, NOW)
    return config


def note(*, state: str = "well", beat: datetime | None = NOW) -> None:
    Chain.update(
        state=state,
        reason="",
        height=100,
        node_height=102,
        hash="ab" * 32,
        tip_time=int(NOW.timestamp()) - 90,
        beat_at=None if beat is None else rfc3339(beat),
    ).execute()


def ltc(config: Config) -> CurrencyStanding:
    (standing,) = overview(config, NOW).currencies
    return standing


def test_a_followed_chain_is_told_as_it_is(config: Config) -> None:
    note()
    standing = ltc(config)
    assert standing.well
    assert (standing.height, standing.behind, standing.tip_age) == (100, 2, 90)
    assert overview(config, NOW).engine == "running"


@pytest.mark.parametrize("beat", [None, NOW - timedelta(seconds=16)])
def test_without_an_engine_nothing_is_well(config: Config, beat: datetime | None) -> None:
    note(beat=beat)
    assert not ltc(config).well
    assert ltc(config).reason == "the engine is not running"


def test_amounts_of_any_size_add_up_exactly(config: Config) -> None:
    names = [f"client:c{number}" for number in range(5)]
    entry = NewEntry(
        "credit",
        (
            Line("wallet:deposits", "LTC", WEI * 5),
            *(Line(name, "LTC", -WEI) for name in names),
        ),
    )
    post_alone(entry)
    assert ltc(config).balances == {"client:*": WEI * 5, "wallet:deposits": WEI * 5}


def test_payments_are_counted_by_state(config: Config) -> None:
    for state in ("requested", "requested", "held", "expired"):
        add_deposit(config, f"c-{state}" if state != "requested" else None, state=state)
    assert ltc(config).payments == {"expired": 1, "held": 1, "requested": 2}
