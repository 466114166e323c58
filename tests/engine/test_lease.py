"""One engine at a time follows a chain, by signs of life in the database and no clock of theirs."""

from __future__ import annotations

import pytest

from db.connection import database as opened
from db.models import Client, Lease
from engine.errors import LeaseLost
from engine.lease import SILENCE_S, ChainLease
from tests.engine.house import add_client
from tests.together import at_once


def pair() -> tuple[ChainLease, ChainLease]:
    """A holder that has the chain, and one that stands by."""
    holder, standby = ChainLease("LTC", "one"), ChainLease("LTC", "two")
    assert holder.acquire(monotonic_s=1_000_000)
    return holder, standby


def test_a_free_chain_is_taken_at_once(database: str) -> None:
    assert database
    holder, standby = pair()
    assert holder.held
    assert not standby.held
    assert holder.fence == 1
    assert Lease.get_by_id("LTC").holder == "one"


def test_a_silent_holder_is_replaced_only_after_the_silence(database: str) -> None:
    assert database
    holder, standby = pair()
    for second in range(SILENCE_S):
        assert not standby.acquire(monotonic_s=second)
    assert standby.acquire(monotonic_s=SILENCE_S)
    assert (standby.fence, standby.held) == (2, True)
    assert holder.held  # it does not know yet
    with pytest.raises(LeaseLost):
        holder.renew()
    assert not holder.held


def test_a_sign_of_life_starts_the_silence_anew(database: str) -> None:
    assert database
    holder, standby = pair()
    for second in range(5 * SILENCE_S):
        assert not standby.acquire(monotonic_s=second)
        if second % (SILENCE_S - 1) == 0:
            holder.renew()
    assert holder.held


def test_work_of_the_holder_is_a_sign_of_life_too(database: str) -> None:
    assert database
    holder, standby = pair()
    assert not standby.acquire(monotonic_s=0)
    with opened.atomic():
        holder.guard()
    assert not standby.acquire(monotonic_s=SILENCE_S + 1)
    assert standby.acquire(monotonic_s=2 * SILENCE_S + 1)


@pytest.mark.parametrize("start_s", [0, 5, 10**9, -(10**6)])
def test_no_clock_is_compared_with_another(database: str, start_s: int) -> None:
    assert database
    holder, standby = pair()
    assert not standby.acquire(monotonic_s=start_s)
    assert not standby.acquire(monotonic_s=start_s + SILENCE_S - 1)
    holder.renew()
    assert not standby.acquire(monotonic_s=start_s + SILENCE_S)


def test_a_holder_that_was_taken_for_dead_writes_nothing(database: str) -> None:
    assert database
    holder, standby = pair()
    standby.acquire(monotonic_s=0)
    assert standby.acquire(monotonic_s=SILENCE_S)
    with pytest.raises(LeaseLost, match="another engine follows LTC"), opened.atomic():
        add_client("ann")
        holder.guard()
    assert Client.select().count() == 0
    with opened.atomic():
        standby.guard()
        add_client("ann")
    assert Client.select().count() == 1


def test_an_old_holder_does_not_pass_by_its_name_alone(database: str) -> None:
    assert database
    before, after = ChainLease("LTC", "same"), ChainLease("LTC", "same")
    assert before.acquire(monotonic_s=0)
    after.acquire(monotonic_s=0)
    assert after.acquire(monotonic_s=SILENCE_S)
    with pytest.raises(LeaseLost):
        before.renew()
    after.renew()


def test_who_holds_nothing_proves_nothing(database: str) -> None:
    assert database
    pair()
    with pytest.raises(LeaseLost):
        ChainLease("LTC", "two").guard()
    with pytest.raises(LeaseLost):
        ChainLease("BTC", "two").guard()


def test_a_clean_stop_hands_over_at_once(database: str) -> None:
    assert database
    holder, standby = pair()
    assert not standby.acquire(monotonic_s=0)
    holder.release()
    holder.release()
    assert not holder.held
    assert standby.acquire(monotonic_s=1)
    with pytest.raises(LeaseLost):
        holder.guard()


def test_who_lost_the_chain_does_not_release_it_for_another(database: str) -> None:
    assert database
    holder, standby = pair()
    standby.acquire(monotonic_s=0)
    assert standby.acquire(monotonic_s=SILENCE_S)
    holder.release()
    standby.renew()
    assert Lease.get_by_id("LTC").holder == "two"


def test_chains_are_leased_one_by_one(database: str) -> None:
    assert database
    one, other = ChainLease("LTC", "one"), ChainLease("BTC", "two")
    assert one.acquire(monotonic_s=0)
    assert other.acquire(monotonic_s=0)
    one.renew()
    other.renew()


def test_of_many_that_reach_for_a_free_chain_one_gets_it(database: str) -> None:
    assert database
    leases = [ChainLease("LTC", f"engine-{number}") for number in range(8)]
    outcomes = at_once(8, lambda number: leases[number].acquire(monotonic_s=0))
    assert sorted(outcomes, key=str) == [False] * 7 + [True]
    [winner] = [lease for lease in leases if lease.held]
    winner.renew()
    assert Lease.get_by_id("LTC").fence == 1


def test_of_many_that_wait_for_a_dead_one_one_gets_it(database: str) -> None:
    assert database
    pair()
    leases = [ChainLease("LTC", f"engine-{number}") for number in range(8)]
    for lease in leases:
        assert not lease.acquire(monotonic_s=0)
    outcomes = at_once(8, lambda number: leases[number].acquire(monotonic_s=SILENCE_S))
    assert sorted(outcomes, key=str) == [False] * 7 + [True]
    assert Lease.get_by_id("LTC").fence == 2


@pytest.mark.usefixtures("database")
def test_work_of_an_earlier_term_writes_nothing_though_the_chain_is_ours_again() -> None:
    mine, other = ChainLease("LTC", "mine"), ChainLease("LTC", "other")
    mine.acquire(monotonic_s=0)
    earlier = mine.guard_of_term()
    earlier()
    mine.release()
    other.acquire(monotonic_s=0)
    other.release()
    assert mine.acquire(monotonic_s=1)
    with pytest.raises(LeaseLost):
        earlier()
    assert mine.held
    mine.guard_of_term()()
