"""A long queue goes out in one go: an engine that moved something goes on without a pause."""

from __future__ import annotations

import pytest

from db.attempts import Attempt
from db.models import Payment
from engine.sender.due import CHAIN_TXS_MAX
from tests.engine.deposits.life import COIN
from tests.engine.running import running
from tests.engine.sender.conftest import OpenDesk
from tests.nodes.fake import FakeChain
from tests.nodes.ports import wait_until

COUNT = CHAIN_TXS_MAX + 5
POLL_S = 600


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
