"""Two real engines on one chain: the second stands by, takes over, and nothing happens twice.

Cases 69 and 91, and rule 5 of "one engine per chain". The first one ends, or sleeps, between
signing and sending.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator

import peewee
import pytest

from db.attempts import Attempt
from db.models import Coin, Entry, History, Lease
from engine.crashpoints import FREEZE
from tests.engine.mortal import Mortal, forget_the_dead
from tests.engine.processes import EngineProcess, Nursery
from tests.nodes.ports import wait_until

# On a node with a wallet, and on one that has none.
WORLDS = [
    ("sqlite", "open_world"),
    pytest.param("postgresql", "open_world", marks=pytest.mark.postgres),
    ("sqlite", "open_evm_world"),
    pytest.param("postgresql", "open_evm_world", marks=[pytest.mark.postgres, pytest.mark.long]),
]

pytestmark = [
    pytest.mark.node,
    pytest.mark.parametrize(("database_url", "world"), WORLDS, indirect=True),
]

TAKEOVER_MAX_S = 30
STOP_MAX_S = 60
FREEZES_MAX = 5


@pytest.fixture
def world(request: pytest.FixtureRequest, database: str) -> Mortal:  # noqa: ARG001 - its own
    """Clients with coins, and no engine."""
    opened: Mortal = request.getfixturevalue(request.param)(69)
    opened.fund()
    forget_the_dead()
    return opened


@pytest.fixture
def second(world: Mortal, nursery: Nursery) -> Iterator[EngineProcess]:
    """Another engine on the same house, not started."""
    with EngineProcess(world.config.path, nursery) as engine:
        yield engine


def _holder(world: Mortal) -> str | None:
    holder: str | None = Lease.get_by_id(world.symbol).holder
    return holder


def _hold(world: Mortal, *, crash_at: str) -> str:
    """The first engine has the chain, and will come to that point; who it is."""
    world.launch(crash_at=crash_at)
    wait_until(lambda: _holder(world) is not None, what="a holder")
    return str(_holder(world))


def test_one_that_dies_between_signing_and_sending_is_followed_by_the_other(
    world: Mortal, second: EngineProcess
) -> None:
    held_by = _hold(world, crash_at="store.after")
    second.start()
    time.sleep(1)
    assert _holder(world) == held_by, "the second engine took the chain from a living one"
    world.live_on()
    wait_until(lambda: not world.engine.running, what="its death")
    died_at = time.monotonic()
    assert Attempt.select().where(Attempt.state == "stored").exists()
    wait_until(lambda: _holder(world) != held_by, what="a takeover")
    assert time.monotonic() - died_at < TAKEOVER_MAX_S
    world.settle()
    assert second.terminate(wait_s=STOP_MAX_S) == 0, second.words
    world.assert_all_is_well()


@pytest.mark.parametrize("point", ["sign.after", "store.after"])
def test_one_that_sleeps_between_signing_and_sending_writes_nothing_when_it_wakes_up(
    world: Mortal, second: EngineProcess, point: str
) -> None:
    """It was taken for dead, and its fence is the proof of it."""
    first, held_by = world.engine, _freeze_at(world, point)
    stored = Attempt.select().where(Attempt.state == "stored")
    assert stored.exists() == (point == "store.after")
    second.start()
    wait_until(lambda: _holder(world) not in {held_by, None}, what="a takeover")
    taken_by, fence = _holder(world), Lease.get_by_id(world.symbol).fence
    world.live_on()
    world.settle()
    before = _written()
    first.thaw()
    word = f"another engine follows {world.symbol} now"
    wait_until(lambda: word in first.words, what="its word of it")
    time.sleep(0.5)  # some rounds of both
    assert _written() == before
    assert (_holder(world), Lease.get_by_id(world.symbol).fence) == (taken_by, fence)
    assert second.terminate(wait_s=STOP_MAX_S) == 0, second.words
    wait_until(lambda: _holder(world) == held_by, what="the way back")
    world.live_on()
    world.settle()
    assert first.terminate(wait_s=STOP_MAX_S) == 0, first.words
    world.assert_all_is_well()


def _freeze_at(world: Mortal, point: str) -> str:
    """The first engine sleeps at that point, and counts as dead; who it is. One that sleeps while
    another of its threads writes holds up every writer, on SQLite for as long as it sleeps: clients
    who still ask, and whoever says that it is dead. Then it dies, and another one sleeps."""
    for _ in range(FREEZES_MAX):
        held_by = _hold(world, crash_at=point + FREEZE)
        try:
            world.live_on()
            wait_until(lambda: world.engine.frozen, what="its sleep")
            forget_the_dead()
        except (peewee.OperationalError, sqlite3.OperationalError):
            world.engine.kill()
            world.ask_again()
            world.recover()
            forget_the_dead()
        else:
            return held_by
    raise AssertionError("it never slept between two writes")


def _written() -> tuple[object, ...]:
    """Everything about payments that an engine writes."""
    attempts = [(row.id, row.state, row.sends) for row in Attempt.select().order_by(Attempt.id)]
    coins = sorted((row.txid, row.idx, str(row.spent_txid)) for row in Coin.select())
    return History.select().count(), Entry.select().count(), attempts, coins
