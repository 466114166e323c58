"""kill -9 of a whole engine at every point between a client's wish and the settled books, in an
order that a seed chooses, with deaths that follow each other before anybody recovers.
"""

from __future__ import annotations

import random

from db.snapshot import snapshot
from tests.engine.mortal import Mortal, is_between

OF_A_REQUEST = ("debit.before", "debit.after")
OF_SENDING = ("sign.after", "store.after", "broadcast.before", "broadcast.after")
OF_SETTLING = ("settle.during", "settle.after")
RECOVERY = "recovery.during"
UNSENT = ("store.after", "broadcast.before")  # what leaves something to recover
BLIND = "blind"
BLIND_MS = (150, 900)
HITS_MIN = 3  # of the four points between signing and settling, one dies before it stored anything


def plan(dice: random.Random) -> list[tuple[str, ...]]:
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


def die(world: Mortal, point: str, dice: random.Random) -> bool:
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


def die_at_every_point(world: Mortal, seed: int) -> None:
    """Deaths, and after each lot of them an engine that settles all; fails when too few of them
    hit where it matters."""
    dice = random.Random(seed)
    world.fund()
    hits, met = 0, set[str]()
    for lot in plan(dice):
        for point in lot:
            hits += die(world, point, dice)
            met.add(point)
            with snapshot():  # PostgreSQL may still finish a commit that the dead process had sent
                world.assert_books_hold()
        world.ask_again()
        world.recover()
        world.assert_all_is_well()
    assert hits >= HITS_MIN, "too few deaths between signing and settling"
    assert met == {*OF_A_REQUEST, *OF_SENDING, *OF_SETTLING, RECOVERY, BLIND}
