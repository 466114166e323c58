"""Addresses that are left alone are named once, and looked at again."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.models import Parked
from engine.sweeps import under_way
from engine.sweeps.left import AGAIN_AFTER, LeftAlone
from engine.sweeps.sweeper import Sweeper
from tests.engine.house import NOW
from tests.engine.sender.by_nonce.fake_desk import ETHER, FakeDesk

pytestmark = pytest.mark.usefixtures("database")


def test_an_address_is_left_alone_for_an_hour_and_named() -> None:
    left = LeftAlone("ETH", guard=lambda: None)
    left.name("USDT", "0xa", "there is code", NOW)
    assert ("USDT", "0xa") in left
    assert ("ETH", "0xa") not in left
    (row,) = Parked.select()
    assert (row.chain, row.key) == ("ETH", "sweep of USDT from 0xa")
    assert row.reason == "there is code; its USDT are not swept"
    left.look(NOW + AGAIN_AFTER / 2)
    assert ("USDT", "0xa") in left
    left.look(NOW + AGAIN_AFTER)
    assert ("USDT", "0xa") not in left
    left.clear("USDT", "0xa")
    assert Parked.select().count() == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_address_that_a_turning_chain_emptied_for_a_moment_is_not_left_alone(
    database: str, tmp_path: Path
) -> None:
    """What the node estimates is of blocks that we do not follow yet."""
    desk = FakeDesk.open(tmp_path, database)
    desk.credit("ann", 20 * ETHER, "USDT")
    desk.withdraw("ann", 15 * ETHER, currency="USDT", fee=0)
    sweeper = Sweeper(desk.config, "ETH", desk.node, guard=desk.lease.guard)
    desk.node.reorg(4)
    sweeper.step(desk.tip(), desk.now)
    assert (Parked.select().count(), under_way.moves("ETH")) == (0, [])
    desk.mine(3)
    sweeper.step(desk.tip(), desk.now)
    assert [move.beneficiary for move in under_way.moves("ETH")] == ["USDT"]
