"""The whole way of a deposit, and that every state in between is what the chain says."""

from __future__ import annotations

from tests.engine.deposits.life import COIN, House, entries_of, events_of, rows_written
from tests.engine.deposits.worlds import everywhere


@everywhere
def test_a_deposit_goes_through_all_four_states_and_is_credited_once(house: House) -> None:
    asked = house.request("ann")
    house.on.pay(str(asked.address), 2 * COIN)
    house.settle()
    assert house.deposit("ann").state == "pending"
    assert house.deposit("ann").id == asked.id
    house.on.mine(2)
    house.settle()
    assert house.states("ann") == ["pending"]
    assert house.owed("ann") == 0
    house.on.mine()
    house.settle()
    payment = house.deposit("ann")
    assert events_of(payment) == ["request", "see", "confirm", "credit"]
    assert house.owed("ann") == 2 * COIN
    suspense = f"suspense:{payment.id}"
    assert entries_of(payment) == [("wallet:deposits", suspense), (suspense, "client:ann")]


@everywhere
def test_a_coin_first_seen_deep_in_the_chain_makes_every_move(house: House) -> None:
    house.on.pay(house.address("ann"), COIN)
    house.on.mine(5)
    house.settle()
    assert events_of(house.deposit("ann")) == ["request", "see", "confirm", "credit"]


@everywhere
def test_rounds_without_news_write_nothing(house: House) -> None:
    house.on.pay(house.address("ann"), COIN)
    house.on.mine(3)
    house.settle()
    before = rows_written()
    for _ in range(5):
        assert house.step().moved == 0
    assert rows_written() == before
