"""Cures that are safe are applied by the engine, told afterwards, and tried no more than is useful;
what they cannot remove is left to people."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from db.findings import Break
from db.models import Coin, History
from engine import chains
from engine.reconciliation.cures import ACTOR
from engine.reconciliation.reconciler import CURE_EVERY
from engine.recount import Recount
from tests.engine.deposits.life import COIN, House, events_of
from tests.engine.deposits.worlds import everywhere, on_the_fake
from tests.engine.reconciliation.against import breaks, reconcile, reconciler_of
from tests.engine.reconciliation.test_matching import change, credited


def cured(house: House) -> list[tuple[str, str]]:
    assert breaks(house) == []
    return [(row.kind, row.closed_by) for row in Break.select()]


@everywhere
def test_a_lost_payment_is_found_again_by_a_recount(house: House) -> None:
    house.on.pay(house.address("ann"), COIN)
    house.on.mine()
    house.settle()
    change("DELETE FROM coin")
    change("DELETE FROM payment")
    found, _ = reconcile(house)
    assert (found.node, found.residual) == (COIN, 0)
    assert cured(house) == [("missing_in_books", "recount")]
    payment = house.deposit("ann")
    assert (payment.state, payment.units) == ("pending", COIN)


@everywhere
def test_a_state_that_the_node_contradicts_is_rechecked(house: House) -> None:
    house.on.pay(house.address("ann"), COIN)
    house.on.mine()
    house.settle()
    change("UPDATE payment SET state = 'vanished', block_hash = NULL, block_height = NULL")
    found, _ = reconcile(house)
    assert found.residual == 0
    assert cured(house) == [("state_lags", "recheck")]
    payment = house.deposit("ann")
    assert (payment.state, events_of(payment)[-1]) == ("pending", "revive")
    assert History.get(History.seq == payment.last_seq).actor == ACTOR
    assert payment.block_hash == house.on.tip()


@everywhere
def test_a_deposit_that_is_due_for_longer_than_a_round_is_rechecked(house: House) -> None:
    house.on.pay(house.address("ann"), COIN)
    house.on.mine(2)
    house.settle()
    reconciler = reconciler_of(house)
    for blocks in (1, 1):
        assert house.states("ann") == ["pending"]
        house.on.mine(blocks)
        tip = house.node.block(house.on.tip())
        assert tip is not None
        chains.note_tip("LTC", tip)  # as a follower would that forgot the deposit
        reconciler.run(house.lease, None, now=house.now, listing=True)
    assert cured(house) == [("state_lags", "recheck")]
    assert house.states("ann") == ["credited"]
    assert house.owed("ann") == COIN


@on_the_fake
def test_a_cure_that_does_not_help_is_tried_again_on_a_slow_clock_only(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.on.pay_ourselves(house.address("ann"), COIN)
    house.on.mine()
    house.step()
    tries: list[str] = []
    run = Recount.run

    def counted(self: Recount, *given: Any) -> int:
        tries.append(house.symbol)
        return run(self, *given)

    monkeypatch.setattr(Recount, "run", counted)
    reconciler = reconciler_of(house)
    for _ in range(3):
        reconciler.run(house.lease, None, now=house.now, listing=True)
    assert len(tries) == 1
    (left,) = breaks(house)
    assert (left.kind, left.owner) == ("missing_in_books", "staff")
    assert "could not cure" in left.cure
    later = house.now + CURE_EVERY + timedelta(seconds=1)
    reconciler.run(house.lease, None, now=later, listing=True)
    assert len(tries) == 2


@everywhere
def test_a_cure_posts_nothing_that_the_rules_would_not_post(house: House) -> None:
    credited(house)
    change("DELETE FROM coin")
    before = events_of(house.deposit("ann"))
    reconcile(house)
    assert events_of(house.deposit("ann")) == before
    assert Coin.select().count() == 1
    assert house.owed("ann") == 3 * COIN
