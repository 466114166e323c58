"""Random lives: the books balance after every step, and every coin ends where it belongs.

A life is its seed: a failure names it, and `_live(house, fake, seed)` lives it again.
"""

from __future__ import annotations

import pytest

from db.models import History
from tests.engine.deposits.conftest import OpenHouse
from tests.engine.deposits.random_world import MINIMUM, Life, judge
from tests.nodes.fake import FakeChain

on_sqlite = [pytest.param("sqlite", "fake", id="sqlite")]
on_postgresql = [pytest.param("postgresql", "fake", id="postgresql", marks=pytest.mark.postgres)]
TURNS = 40


def _live(open_house: OpenHouse, fake: FakeChain, seed: int, *, turns: int = TURNS) -> Life:
    house = open_house(deposit_minimum="0.0001", request_ttl="1d")
    assert house.currency.deposit_minimum == MINIMUM
    life = Life(house, fake, seed)
    try:
        life.live(turns)
        life.end()
        wrong = judge(life)
    except Exception as error:
        error.add_note(f"seed {seed}: {' '.join(life.log)}")
        raise
    assert not wrong, f"seed {seed}: {wrong}; {' '.join(life.log)}"
    return life


@pytest.mark.parametrize(("database_url", "on"), on_sqlite, indirect=True)
@pytest.mark.parametrize("seed", range(24))
def test_every_coin_of_a_random_life_ends_where_it_belongs(
    open_house: OpenHouse, fake: FakeChain, seed: int
) -> None:
    _live(open_house, fake, seed)


@pytest.mark.parametrize(("database_url", "on"), on_postgresql, indirect=True)
@pytest.mark.parametrize("seed", range(100, 108))
def test_every_coin_of_a_random_life_on_postgresql_ends_where_it_belongs(
    open_house: OpenHouse, fake: FakeChain, seed: int
) -> None:
    _live(open_house, fake, seed)


EVENTFUL = {
    609: {"confirm", "credit", "hold", "vanish", "revive", "reverse", "unsettle", "settle"},
    602: {"confirm", "credit", "hold", "vanish", "revive", "reverse", "settle"},
}
FAULTS = {602: 2}


@pytest.mark.parametrize(("database_url", "on"), on_sqlite, indirect=True)
@pytest.mark.parametrize("seed", EVENTFUL)
def test_the_random_lives_are_not_quiet_ones(
    open_house: OpenHouse, fake: FakeChain, seed: int
) -> None:
    """Lives in which nothing bad happens would prove nothing."""
    life = _live(open_house, fake, seed, turns=100)
    assert {row.event for row in History.select(History.event).distinct()} >= EVENTFUL[seed]
    assert life.faults >= FAULTS.get(seed, 0)


@pytest.mark.long
@pytest.mark.parametrize(("database_url", "on"), on_sqlite + on_postgresql, indirect=True)
@pytest.mark.parametrize("seed", range(1000, 1150))
def test_every_coin_of_a_long_random_life_ends_where_it_belongs(
    open_house: OpenHouse, fake: FakeChain, seed: int
) -> None:
    _live(open_house, fake, seed, turns=150)
