"""Coins to the hot address: the house's own, or anybody's who is not on the list."""

from __future__ import annotations

from engine import ledger
from tests.engine.deposits.life import COIN
from tests.engine.deposits.worlds import everywhere, on_litecoind, on_the_fake
from tests.engine.moves.houses import OpenMoving
from tests.engine.moves.life import coins_on, events, moves
from tests.engine.moves.vaults import FEE, Vault
from tests.nodes.harness import Harness


@everywhere
def test_a_coin_to_the_hot_address_of_a_sandbox_is_the_houses(
    open_moving: OpenMoving, on: Harness
) -> None:
    house = open_moving()
    house.settle()
    on.pay(house.hot, 5 * COIN)
    house.settle()
    (top_up,) = moves("deposit")
    assert (top_up.state, top_up.client, top_up.origin) == ("pending", None, "top_up")
    house.mine(2)
    assert house.balance("house") == 0
    house.mine()
    assert events(moves("deposit")[0]) == ["request", "see", "confirm", "credit"]
    assert house.balance("house") == house.balance("wallet:hot") == 5 * COIN
    assert house.balance("wallet:deposits") == 0
    assert coins_on("wallet:hot") == [5 * COIN]


@on_the_fake
def test_a_top_up_is_no_deposit_for_minimum_and_hook(open_moving: OpenMoving, on: Harness) -> None:
    house = open_moving(deposit_minimum="1")
    house.settle()
    on.pay(house.hot, COIN // 10)
    house.mine(3)
    assert house.balance("house") == COIN // 10


@everywhere
def test_only_listed_senders_top_up(open_moving: OpenMoving, on: Harness, vault: Vault) -> None:
    house = open_moving(top_up_from=[vault.address])
    house.settle()
    funding = on.pay(vault.address, 4 * COIN)
    house.mine()
    vault.spend(funding, {house.hot: 4 * COIN - FEE})
    on.pay(house.hot, 7 * COIN)
    house.settle()
    house.mine(3)
    states = {int(row.units or 0): (row.state, row.origin) for row in moves("deposit")}
    assert states == {4 * COIN - FEE: ("credited", "top_up"), 7 * COIN: ("held", None)}
    assert house.balance("house") == 4 * COIN - FEE
    (held,) = [row for row in moves("deposit") if row.state == "held"]
    assert house.balance(ledger.suspense_account(held.id)) == 7 * COIN
    assert house.balance("wallet:hot") == 11 * COIN - FEE


@on_the_fake
def test_a_sender_who_pays_along_with_a_stranger_is_none(
    open_moving: OpenMoving, on: Harness, vault: Vault
) -> None:
    house = open_moving(top_up_from=[vault.address])
    house.settle()
    funding = on.pay(vault.address, 4 * COIN)
    house.mine()
    fake = on.fake  # type: ignore[attr-defined]  # on_the_fake
    fake.pay(house.hot, 5 * COIN, inputs=[f"{funding}:0", "00:0"])
    house.mine(3)
    assert [row.state for row in moves("deposit")] == ["held"]


@on_the_fake
def test_who_sent_it_is_asked_once_and_remembered(
    open_moving: OpenMoving, on: Harness, vault: Vault
) -> None:
    house = open_moving(top_up_from=[vault.address])
    house.settle()
    funding = on.pay(vault.address, 4 * COIN)
    house.mine()
    vault.spend(funding, {house.hot: 4 * COIN - FEE})
    house.settle()
    # The node forgets whose coins they were, as one without an index does.
    del on.fake.txs[funding]  # type: ignore[attr-defined]  # on_the_fake
    house.restart()
    house.mine(3)
    assert [row.state for row in moves("deposit")] == ["credited"]


@on_litecoind
def test_a_node_without_an_index_leaves_what_it_saw_too_late_to_staff(
    open_moving: OpenMoving, on: Harness, vault: Vault
) -> None:
    house = open_moving(top_up_from=[vault.address])
    house.settle()
    funding = on.pay(vault.address, 4 * COIN)
    on.mine()
    vault.spend(funding, {house.hot: 4 * COIN - FEE})
    on.mine(3)
    house.settle()
    (late,) = moves("deposit")
    assert (late.state, late.origin) == ("held", None)


@everywhere
def test_a_reorg_takes_a_top_up_back_and_gives_it_again(
    open_moving: OpenMoving, on: Harness
) -> None:
    house = open_moving()
    house.settle()
    on.pay(house.hot, 5 * COIN)
    house.mine(3)
    on.reorg(3)
    house.settle()
    assert [row.unsettled for row in moves("deposit")] == [1]
    house.mine(3)
    assert [(row.state, row.unsettled) for row in moves("deposit")] == [("credited", 0)]
    assert house.balance("house") == 5 * COIN


@everywhere
def test_withdrawals_are_paid_from_topped_up_coins(open_moving: OpenMoving, on: Harness) -> None:
    house = open_moving(confirmations=2, **{"batch.every": 0})
    house.fund(10 * COIN)
    on.pay(house.address("ann"), 3 * COIN)
    house.mine(2)
    house.withdraw("ann", 2 * COIN, fee=1000)
    house.settle()
    house.mine(2)
    assert [row.state for row in moves("withdrawal")] == ["credited"]
    assert house.owed("ann") == COIN - 1000
    assert house.balance("in_transit") == 0
