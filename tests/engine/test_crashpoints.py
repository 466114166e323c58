"""kill -9 of the whole engine at every point between a client's wish and the settled books.

Cases 60 and 91: after each death another engine asks the chain, and in the end there is exactly one
payment for each wish and one credit for each coin. Deaths follow each other before anybody recovers
from the last one, too.
"""

from __future__ import annotations

import random

import pytest

from engine import crashpoints
from tests.engine.conftest import OpenWorld
from tests.engine.deposits.books import assert_books_balance
from tests.engine.dying_world import DyingWorld, is_between

OF_A_REQUEST = ("debit.before", "debit.after")
OF_SENDING = ("sign.after", "store.after", "broadcast.before", "broadcast.after")
OF_SETTLING = ("settle.during", "settle.after")
RECOVERY = "recovery.during"
UNSENT = ("store.after", "broadcast.before")  # what leaves something to recover
BLIND = "blind"
BLIND_MS = (150, 900)
HITS_MIN = 3  # of the four points between signing and settling, one dies before it stored anything
LONG_SEEDS = 24


def _plan(dice: random.Random) -> list[tuple[str, ...]]:
    """Every point once in any order, some blind deaths among them: in lots, after each of which an
    engine recovers. What recovers dies right after something that it can recover."""
    first = dice.choice(UNSENT)
    deaths: list[tuple[str, ...]]
    deaths = [(each,) for each in (*OF_A_REQUEST, *OF_SENDING, *OF_SETTLING) if each != first]
    deaths += [(first, RECOVERY), (BLIND,), (BLIND,)]
    dice.shuffle(deaths)
    lots: list[tuple[str, ...]] = []
    while deaths:
        lot = [deaths.pop() for _ in range(min(dice.randint(2, 4), len(deaths)))]
        lots.append(tuple(point for each in lot for point in each))
    return lots


def _die(world: DyingWorld, point: str, dice: random.Random) -> bool:
    """One death; whether it hit between signing and settling."""
    if point != RECOVERY:
        world.live_on()
    if point in OF_A_REQUEST:
        world.die_asking(point)
        return False
    if point == BLIND:
        world.die_blindly(dice.randint(*BLIND_MS))
        return is_between()
    world.die_at(point)
    return is_between() or point == "sign.after"


def _die_at_every_point(world: DyingWorld, seed: int) -> None:
    dice = random.Random(seed)
    world.fund()
    hits, met = 0, set[str]()
    for lot in _plan(dice):
        for point in lot:
            hits += _die(world, point, dice)
            met.add(point)
            assert_books_balance()
        world.ask_again()
        world.recover()
        world.assert_all_is_well()
    assert hits >= HITS_MIN, "too few deaths between signing and settling"
    assert met == {*OF_A_REQUEST, *OF_SENDING, *OF_SETTLING, RECOVERY, BLIND}


@pytest.mark.node
@pytest.mark.parametrize(
    ("database_url", "seed"),
    [
        ("sqlite", 60),
        ("sqlite", 91),
        pytest.param("postgresql", 60, marks=pytest.mark.postgres),
        *(pytest.param("sqlite", seed, marks=pytest.mark.long) for seed in range(LONG_SEEDS)),
    ],
    indirect=["database_url"],
)
def test_no_death_pays_twice_or_loses_anything(open_world: OpenWorld, seed: int) -> None:
    _die_at_every_point(open_world(seed), seed)


def test_points_are_of_no_account_where_coins_are_worth_something(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(crashpoints.VARIABLE, "store.after")
    crashpoints.reach("store.after", sandbox=False)
    crashpoints.reach("store.before", sandbox=True)
