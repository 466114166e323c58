"""A long queue goes out in one go: an engine that moved something goes on without a pause."""

from __future__ import annotations

import pytest

from db.attempts import Attempt
from db.models import Payment
from engine.chain_thread import ChainThread
from engine.sender import due, sender
from engine.sender.due import CHAIN_TXS_MAX
from tests.engine.deposits.life import COIN
from tests.engine.deposits.worlds import on_the_fake
from tests.engine.running import running
from tests.engine.sender.conftest import OpenDesk
from tests.nodes.fake import FakeChain
from tests.nodes.ports import PATIENCE_S, wait_until

COUNT = CHAIN_TXS_MAX + 5
POLL_S = 600
TOO_DEAR = "waiting: the network's fee is too large a share of the amount now"


@pytest.mark.parametrize("on", ["fake"], indirect=True)
def test_a_queue_of_several_rounds_does_not_wait_for_the_next_poll(
    open_desk: OpenDesk, fake: FakeChain
) -> None:
    desk = open_desk(poll=POLL_S, **{"batch.max": 1})
    desk.fund("ann", *[COIN] * COUNT)
    for _ in range(COUNT):
        desk.withdraw("ann", COIN // 2)
    desk.lease.release()
    with running(desk.config, {"LTC": fake}):
        sent = Attempt.select().where(Attempt.state == "sent")
        wait_until(lambda: sent.count() == COUNT, what="every chain tx of the queue")
    waiting = Payment.select().where((Payment.kind == "withdrawal") & (Payment.state != "pending"))
    assert waiting.count() == 0


@pytest.mark.parametrize("on", ["fake"], indirect=True)
def test_what_waits_for_the_first_comparison_goes_out_when_it_is_over(
    open_desk: OpenDesk, fake: FakeChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when it ends just after the round that did not pay because of it."""
    follow = ChainThread._reconcile

    def follow_to_its_end(thread: ChainThread) -> None:
        follow(thread)
        thread._reconciler.join(PATIENCE_S)

    monkeypatch.setattr(ChainThread, "_reconcile", follow_to_its_end)
    desk = open_desk(poll=POLL_S)
    desk.fund("ann", COIN)
    paid = desk.withdraw("ann", COIN // 2)
    desk.lease.release()
    with running(desk.config, {"LTC": fake}):
        wait_until(lambda: desk.state_of(paid) == "pending", what="its chain tx")


@on_the_fake
def test_those_whom_the_network_is_too_dear_for_hold_up_nobody_behind_them(
    open_desk: OpenDesk, fake: FakeChain, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One round passes over so many of them only, and the next begins behind them."""
    monkeypatch.setattr(sender, "DEAR_MAX", 3)
    monkeypatch.setattr(due, "SHOWN_MAX", 4)
    desk = open_desk(**{"batch.max": 1, "withdrawal.fee_max_share": "0.01"})
    desk.fund("ann", *[3 * COIN] * 11)
    fake.estimate = 100_000
    small = [desk.withdraw("ann", COIN // 100) for _ in range(9)]
    large = desk.withdraw("ann", 2 * COIN)
    monkeypatch.setattr(due, "CHAIN_TXS_MAX", 4)
    for _ in range(4):
        desk.step()
    assert desk.state_of(large) == "pending"
    assert {desk.now_of(each).reason for each in small} == {TOO_DEAR}
    fake.estimate = 1_000
    desk.finish(*small, large)
