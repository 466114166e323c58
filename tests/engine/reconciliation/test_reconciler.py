"""Runs: cheap while nothing moves, never about another block than the one that was followed, and
honest about a node that cannot be asked."""

from __future__ import annotations

from datetime import timedelta

import pytest

from db.connection import connected
from db.findings import Break, Reconciliation
from engine import chains
from engine.clock import OFFSET_VARIABLE, use_sandbox_offset
from engine.errors import LeaseLost, NodeDown, TipMoved
from engine.reconciliation.cover import LESS_THERE, why_unpaid
from engine.reconciliation.reconciler import (
    LIST_EVERY,
    OVERTAKEN_MAX,
    PRESSING_EVERY,
    Reconciler,
)
from tests.engine.deposits.life import COIN, House
from tests.engine.deposits.worlds import everywhere, on_the_fake
from tests.engine.reconciliation.against import breaks, last_sum, reconcile, reconciler_of
from tests.engine.reconciliation.test_matching import change, credited
from tests.nodes.fake import FakeChain
from tests.nodes.ports import PATIENCE_S

CHEAP = 1  # calls of the chain in memory for its mark


def calls_of(house: House, reconciler: Reconciler, **how: bool) -> int:
    before = house.node.calls()
    assert reconciler.run(house.lease, None, now=house.now, **how) == ""
    return house.node.calls() - before


@on_the_fake
def test_a_block_without_our_coins_costs_no_list(house: House) -> None:
    credited(house)
    reconciler = reconciler_of(house)
    assert calls_of(house, reconciler) > CHEAP
    for _ in range(3):
        house.on.mine()
        house.step()
        assert calls_of(house, reconciler) == CHEAP
        assert (last_sum(house).height, last_sum(house).residual) == (house.on.height(), 0)


@on_the_fake
def test_a_block_with_our_coins_time_or_a_person_makes_it_list(house: House) -> None:
    reconciler = reconciler_of(house)
    house.step()
    calls_of(house, reconciler)
    house.on.pay(house.address("ann"), COIN)
    house.on.mine()
    house.step()
    assert calls_of(house, reconciler) > CHEAP
    assert calls_of(house, reconciler) == CHEAP
    assert calls_of(house, reconciler, listing=True) > CHEAP
    house.now += LIST_EVERY + timedelta(seconds=1)
    assert calls_of(house, reconciler) > CHEAP


@on_the_fake
def test_a_changed_table_is_noticed_by_the_cheap_look(house: House) -> None:
    credited(house)
    reconciler = reconciler_of(house)
    calls_of(house, reconciler)
    change("UPDATE balance SET units = '5' WHERE account = 'wallet:deposits'")
    assert calls_of(house, reconciler) > CHEAP
    assert last_sum(house).residual == 3 * COIN - 5
    assert calls_of(house, reconciler) > CHEAP  # as long as a break is open


@everywhere
def test_another_block_than_the_followed_one_is_never_compared(house: House) -> None:
    house.step()
    reconcile(house)
    before = last_sum(house)
    house.on.mine()
    with pytest.raises(TipMoved):
        reconciler_of(house).run(house.lease, None, now=house.now, listing=True)
    assert last_sum(house) == before
    house.step()
    reconcile(house)
    assert last_sum(house).hash == house.on.tip()


@on_the_fake
def test_a_node_that_fails_is_a_break_and_the_last_figures_stay(
    house: House, fake: FakeChain
) -> None:
    credited(house)
    reconciler = reconciler_of(house)
    calls_of(house, reconciler)
    before = last_sum(house)
    fake.fail(NodeDown("cut off"), after=1)
    assert reconciler.run(house.lease, None, now=house.now, listing=True) == "cut off"
    (unwell,) = breaks(house)
    assert (unwell.kind, unwell.evidence) == ("node_unwell", {"reason": "cut off"})
    assert unwell.cure == "cashier check LTC says what is wrong with it"
    assert last_sum(house) == before
    house.now += timedelta(minutes=5)
    chains.note_trouble("LTC", "nothing answers", house.now)
    assert reconciler.run(house.lease, None, now=house.now) == "nothing answers"
    (again,) = breaks(house)
    assert (again.id, again.age, again.evidence["reason"]) == (unwell.id, 300, "nothing answers")
    house.restart()
    house.step()
    calls_of(house, reconciler)
    assert breaks(house) == []
    assert Break.get().closed_by == f"gone at block {house.on.height()}"


@on_the_fake
def test_an_engine_without_its_lease_writes_no_figures(house: House) -> None:
    house.step()
    old = house.take_over("another engine")
    with pytest.raises(LeaseLost):
        reconciler_of(house).run(old, None, now=house.now)
    assert not list(Reconciliation.select())


@on_the_fake
def test_rounds_start_a_run_at_each_block_and_do_not_wait_for_it(house: House) -> None:
    reconciler = reconciler_of(house)
    seen = []
    for _ in range(3):
        house.on.mine()
        house.step()
        reconciler.follow(house.lease, None)
        reconciler.join(PATIENCE_S)
        with connected():
            seen.append((last_sum(house).height, last_sum(house).residual))
    assert [height for height, _ in seen] == [house.on.height() - 2 + n for n in range(3)]
    first = Reconciliation.get().at
    reconciler.follow(house.lease, None)
    reconciler.join(PATIENCE_S)
    assert Reconciliation.get().at == first  # nothing new: no run


def follow_later(house: House, reconciler: Reconciler, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a round does a while later, and what it began."""
    reconciler.join(PATIENCE_S)
    later = int(PRESSING_EVERY.total_seconds()) + 1
    with monkeypatch.context() as patched:
        patched.setenv(OFFSET_VARIABLE, f"+{later}s")
        use_sandbox_offset(sandbox=True)
        reconciler.follow(house.lease, None)
        reconciler.join(PATIENCE_S)
    use_sandbox_offset(sandbox=False)


@on_the_fake
def test_what_stops_payments_is_looked_at_again_without_a_new_block(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows that moved while they were compared stopped all payments until the next block."""
    credited(house)
    reconciler = reconciler_of(house)
    balance = "UPDATE balance SET units = '{}' WHERE account = 'wallet:deposits'"
    change(balance.format(4 * COIN))
    reconciler.follow(house.lease, None)
    reconciler.join(PATIENCE_S)
    assert why_unpaid("LTC") == LESS_THERE
    change(balance.format(3 * COIN))
    follow_later(house, reconciler, monkeypatch)
    assert why_unpaid("LTC") == ""
    first = Reconciliation.get().at
    follow_later(house, reconciler, monkeypatch)
    assert Reconciliation.get().at == first, "nothing waits for it"


@on_the_fake
def test_a_comparison_that_failed_is_none_and_is_made_again_soon(
    house: House, fake: FakeChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One call that failed, and a copy that had forgotten what it paid was believed."""
    credited(house)
    reconciler = reconciler_of(house)
    assert (calls_of(house, reconciler) > 0, reconciler.has_compared) == (True, True)
    reconciler.begin_term()
    house.on.mine()
    house.step()
    for _ in range(OVERTAKEN_MAX + 1):
        fake.fail(NodeDown("cut off"), after=1)
        follow_later(house, reconciler, monkeypatch)
        assert not reconciler.has_compared
    follow_later(house, reconciler, monkeypatch)
    assert reconciler.has_compared


@on_the_fake
def test_a_person_who_asks_waits_for_the_follower(house: House) -> None:
    house.step()
    assert reconciler_of(house).answer(house.lease, None, full=True) == ""
    assert last_sum(house).height == house.on.height()
