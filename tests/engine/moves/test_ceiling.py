"""What the hot wallet holds above its ceiling goes to the cold one, and no more than that."""

from __future__ import annotations

from tests.engine.deposits.life import COIN
from tests.engine.deposits.worlds import everywhere, on_the_fake
from tests.engine.moves.houses import OpenMoving, with_cold
from tests.engine.moves.life import MovingHouse, coins_on, events, moves
from tests.engine.moves.vaults import Vault
from tests.nodes.fake import FakeChain


def _moved_to_cold(house: MovingHouse) -> str:
    """The chain tx that moved what is above the ceiling."""
    house.fund(10 * COIN)
    house.mine(2)
    (move,) = moves()
    assert move.state == "credited"
    return str(move.txid)


@everywhere
def test_what_is_above_the_ceiling_goes_to_cold(open_moving: OpenMoving, cold: Vault) -> None:
    house = with_cold(open_moving, cold, above="4")
    _moved_to_cold(house)
    (move,) = moves()
    assert (move.address, move.units, move.client) == (cold.address, 6 * COIN, None)
    assert (move.asked_by, move.origin) == ("engine", None)
    assert events(move)[:2] == ["request", "sign"]
    fee = house.balance("house") - 10 * COIN - house.balance("fees:network")
    assert fee == 0 or house.balance("fees:network") < 0
    assert house.balance("wallet:cold") == 6 * COIN
    assert house.balance("wallet:hot") == 4 * COIN + house.balance("fees:network")
    assert coins_on("wallet:cold") == [6 * COIN]
    assert moves("deposit")[1:] == []


@everywhere
def test_the_ceiling_counts_what_clients_wait_for(open_moving: OpenMoving, cold: Vault) -> None:
    house = with_cold(open_moving, cold, above="4", **{"batch.every": 86_400})
    house.settle()
    house.on.pay(house.address("ann"), 5 * COIN)
    house.mine(2)
    house.withdraw("ann", 3 * COIN)
    house.fund(4 * COIN)
    house.mine()
    (move,) = moves()
    assert move.units == 2 * COIN
    assert move.state == "requested"


@on_the_fake
def test_one_move_is_open_at_a_time(open_moving: OpenMoving, cold: Vault) -> None:
    house = with_cold(open_moving, cold, above="4")
    house.fund(10 * COIN)
    house.fund(10 * COIN)
    states = [move.state for move in moves()]
    assert states.count("credited") >= len(states) - 1
    house.mine(4)
    assert {move.state for move in moves()} == {"credited"}
    assert house.balance("wallet:cold") == sum(int(move.units or 0) for move in moves())


@on_the_fake
def test_less_than_a_tenth_of_the_ceiling_stays(open_moving: OpenMoving, cold: Vault) -> None:
    house = with_cold(open_moving, cold, above="10")
    house.fund(10 * COIN + COIN // 2)
    house.mine(3)
    assert moves() == []


@on_the_fake
def test_no_clients_money_pays_for_a_move(open_moving: OpenMoving, cold: Vault) -> None:
    house = with_cold(open_moving, cold, above="4")
    house.settle()
    house.on.pay(house.address("ann"), 50 * COIN)
    house.mine(4)
    assert moves() == []
    house.fund(COIN)
    assert [move.asked_by for move in moves()] == ["engine"]


@on_the_fake
def test_nothing_goes_to_cold_while_the_network_is_dearer_than_the_cap(
    open_moving: OpenMoving, cold: Vault, fake: FakeChain
) -> None:
    house = with_cold(open_moving, cold, above="4", **{"withdrawal.fee_rate_max": "0.0002"})
    fake.estimate = 20_001
    house.fund(10 * COIN)
    house.mine(2)
    assert moves() == []
    fake.estimate = 20_000
    house.mine(2)
    assert [move.units for move in moves()] == [6 * COIN]
