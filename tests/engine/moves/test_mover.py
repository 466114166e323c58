"""A round of the mover costs nothing while nothing is new, and holds up nobody."""

from __future__ import annotations

from datetime import timedelta

from engine.chain import BlockRef
from engine.errors import NodeRefused
from engine.moves.addresses import hot_address
from engine.moves.mover import Mover
from tests.engine.deposits.worlds import on_the_fake
from tests.engine.moves.houses import OpenMoving, with_cold
from tests.engine.moves.vaults import Vault


@on_the_fake
def test_an_idle_round_asks_the_node_nothing(open_moving: OpenMoving, cold: Vault) -> None:
    house = with_cold(open_moving, cold, above="4")
    house.fund()
    house.mine(3)
    tip = BlockRef(house.on.height(), house.on.tip())
    before = house.node.calls()
    for _ in range(5):
        house.now += timedelta(seconds=2)
        house.mover.step(tip, house.now)
    assert house.node.calls() == before


@on_the_fake
def test_a_wallet_that_makes_no_address_now_is_asked_again(open_moving: OpenMoving) -> None:
    house = open_moving()
    house.follower.step(house.now)
    house.refill()
    fake = house.on.fake  # type: ignore[attr-defined]  # on_the_fake
    fake.fail(NodeRefused("the node's wallet is locked", rpc_code=-12))
    mover = Mover(house.config, house.symbol, house.node, guard=house.lease.guard)
    tip = BlockRef(house.on.height(), house.on.tip())
    assert mover.step(tip, house.now) == 0
    assert fake.faults_hit == 1
    assert hot_address(house.symbol) is None
    house.mine()
    assert hot_address(house.symbol) is not None
