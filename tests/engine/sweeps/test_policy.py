"""Which addresses are swept, and how many at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.config import Currency
from engine.sweeps.holdings import Holding
from engine.sweeps.policy import ROUND_MAX, chosen, threshold, widened
from tests.nodes.anvil_hands import ether

HELD = [Holding(f"0x{units}", units) for units in (900, 500, 100, 10)]


@pytest.fixture
def coin(tmp_path: Path) -> Currency:
    return ether(tmp_path, "http://127.0.0.1:1", {})


@pytest.fixture
def swept(tmp_path: Path) -> Currency:
    keys: dict[str, object] = {"sweep": {"above": "0.0000000000000003"}}
    return ether(tmp_path, "http://127.0.0.1:1", {}, decimals=6, **keys)


def test_without_a_policy_only_demand_sweeps(coin: Currency) -> None:
    assert threshold(coin, lacking=0) is None
    assert threshold(coin, lacking=1) == 0
    assert chosen(coin, HELD, lacking=0, room=9) == []
    assert chosen(coin, HELD, lacking=1, room=9) == HELD[:1]
    assert chosen(coin, HELD, lacking=901, room=9) == HELD[:2]


def test_a_policy_sweeps_what_is_above_it_and_demand_the_rest(swept: Currency) -> None:
    assert threshold(swept, lacking=0) == 300
    assert threshold(swept, lacking=5) == 0
    assert chosen(swept, HELD, lacking=0, room=9) == HELD[:2]
    assert chosen(swept, HELD, lacking=1401, room=9) == HELD[:3]
    assert chosen(swept, HELD, lacking=10_000, room=9) == HELD
    assert chosen(swept, HELD, lacking=10_000, room=1) == HELD[:1]


def test_as_many_go_unseen_as_lately_arrived_and_one_after_a_rest() -> None:
    assert widened(1, arrived=0, open_moves=1) == 1
    assert widened(1, arrived=1, open_moves=1) == 2
    assert widened(2, arrived=2, open_moves=0) == 4
    assert widened(ROUND_MAX, arrived=9, open_moves=9) == ROUND_MAX
    assert widened(16, arrived=0, open_moves=0) == 1
