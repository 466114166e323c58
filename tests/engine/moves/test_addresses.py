"""The hot address, made once for ever, and the cold one, which must be watched."""

from __future__ import annotations

from db.models import Parked
from tests.engine.deposits.life import COIN
from tests.engine.deposits.worlds import everywhere, on_the_fake
from tests.engine.moves.houses import OpenMoving, with_cold
from tests.engine.moves.life import moves
from tests.engine.moves.vaults import Vault


@everywhere
def test_the_hot_address_is_made_once_and_stays(open_moving: OpenMoving) -> None:
    house = open_moving()
    house.settle()
    first = house.hot
    house.restart()
    house.mine()
    assert house.hot == first
    assert first != house.address("ann")


@on_the_fake
def test_a_cold_address_that_the_wallet_does_not_watch_gets_nothing(
    open_moving: OpenMoving, vault: Vault
) -> None:
    house = with_cold(open_moving, vault, above="4")
    house.fund(10 * COIN)
    house.mine(3)
    assert moves() == []
    (parked,) = Parked.select().where(Parked.key == "cold.address")
    assert vault.address in parked.reason
    vault.watch()
    house.mine(3)
    assert [move.state for move in moves()] == ["credited"]
