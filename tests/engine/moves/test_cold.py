"""Hot to cold above the ceiling, cold to hot by whoever has the cold keys: the sum stays the same
but for the network's fee."""

from __future__ import annotations

import pytest

from engine.families.bitcoin.chain import BitcoinChain
from engine.families.bitcoin.transport import Transport
from engine.sender.due import NOT_COLD
from tests.engine.deposits.life import COIN
from tests.engine.deposits.worlds import (
    everywhere,
    fake_and_own_node,
    on_a_node_of_its_own,
    on_the_fake,
)
from tests.engine.families.bitcoin.test_watching import Newer, watch_beside
from tests.engine.moves.houses import OpenMoving, with_cold
from tests.engine.moves.life import MovingHouse, coins_on, events, moves
from tests.engine.moves.vaults import FEE, NodeVault, Vault
from tests.nodes.harness import FakeHarness, Harness, LitecoindHarness
from tests.nodes.litecoind import Litecoind


def _moved_to_cold(house: MovingHouse) -> str:
    """The chain tx that moved what is above the ceiling."""
    house.fund(10 * COIN)
    house.mine(2)
    (move,) = moves()
    assert move.state == "credited"
    return str(move.txid)


def _with_cold_coin(open_moving: OpenMoving, cold: Vault) -> tuple[MovingHouse, str]:
    """A house without a ceiling, and the chain tx that made its one cold coin."""
    house = with_cold(open_moving, cold)
    house.settle()
    txid = house.on.pay(cold.address, 6 * COIN)
    house.mine(2)
    assert house.balance("wallet:cold") == 6 * COIN
    return house, txid


@everywhere
def test_cold_coins_that_come_back_are_hot_again(open_moving: OpenMoving, cold: Vault) -> None:
    house = with_cold(open_moving, cold, above="4")
    txid = _moved_to_cold(house)
    fees = house.balance("fees:network")
    cold.spend(txid, {house.hot: COIN, cold.address: 5 * COIN - FEE})
    house.settle()
    _, back = moves()
    assert (back.state, back.origin, back.units) == ("pending", "cold", COIN)
    house.mine()
    assert house.balance("wallet:cold") == 6 * COIN
    house.mine()
    assert events(back) == ["request", "send", "confirm", "credit"]
    assert house.balance("wallet:cold") == 5 * COIN - FEE
    assert house.balance("fees:network") == fees - FEE
    assert coins_on("wallet:cold") == [5 * COIN - FEE]
    assert COIN in coins_on("wallet:hot")
    assert house.balance("house") == 10 * COIN
    assert len(moves("deposit")) == 1


@on_the_fake
def test_a_move_that_was_mined_before_we_saw_it_is_the_same(
    open_moving: OpenMoving, cold: Vault, on: Harness
) -> None:
    house, txid = _with_cold_coin(open_moving, cold)
    cold.spend(txid, {house.hot: 6 * COIN - FEE})
    on.mine(3)
    house.settle()
    assert events(moves()[0]) == ["request", "send", "confirm", "credit"]
    assert house.balance("wallet:cold") == 0


@fake_and_own_node
def test_a_reorg_of_a_move_back_is_followed(
    open_moving: OpenMoving, cold: Vault, on: Harness
) -> None:
    house, txid = _with_cold_coin(open_moving, cold)
    cold.spend(txid, {house.hot: COIN, cold.address: 5 * COIN - FEE})
    house.mine(2)
    on.reorg(2)
    house.settle()
    assert [(row.state, row.unsettled) for row in moves()] == [("credited", 1)]
    house.mine(2)
    assert [(row.state, row.unsettled) for row in moves()] == [("credited", 0)]
    assert events(moves()[0])[-2:] == ["unsettle", "settle"]


@on_the_fake
def test_a_move_back_that_is_replaced_fails_and_the_other_counts(
    open_moving: OpenMoving, cold: Vault, on: Harness
) -> None:
    house, txid = _with_cold_coin(open_moving, cold)
    first = cold.spend(txid, {house.hot: 6 * COIN - FEE})
    house.settle()
    assert isinstance(on, FakeHarness)
    on.fake.replace(first, [(house.hot, 6 * COIN - 2 * FEE)])
    house.mine(3)
    old, new = moves()
    assert (old.state, new.state) == ("failed", "credited")
    assert house.balance("wallet:cold") == 0


@on_the_fake
def test_a_credited_move_back_that_is_proved_gone_is_taken_back(
    open_moving: OpenMoving, cold: Vault, on: Harness
) -> None:
    house, txid = _with_cold_coin(open_moving, cold)
    first = cold.spend(txid, {house.hot: 6 * COIN - FEE})
    house.mine(2)
    assert isinstance(on, FakeHarness)
    other = on.fake.replace(first, [(cold.address, 6 * COIN - 2 * FEE)], announce=False)
    on.reorg(2, first=[other])
    house.settle()
    gone, kept = moves()
    assert events(gone)[-2:] == ["reverse", "fail"]
    assert kept.state == "credited"
    assert house.balance("wallet:cold") == 6 * COIN - 2 * FEE
    assert coins_on("wallet:cold") == [6 * COIN - 2 * FEE]


@everywhere
def test_coins_sent_to_the_cold_address_by_others_are_no_inputs(
    open_moving: OpenMoving, cold: Vault, on: Harness
) -> None:
    house = with_cold(open_moving, cold)
    house.settle()
    on.pay(cold.address, 8 * COIN)
    house.mine(2)
    assert house.balance("house") == house.balance("wallet:cold") == 8 * COIN
    on.pay(house.address("ann"), COIN)
    house.mine(2)
    house.withdraw("ann", COIN)
    house.settle()
    (payment,) = moves("withdrawal")
    assert payment.reason == "waiting for funds in the hot wallet"
    assert coins_on("wallet:cold") == [8 * COIN]


@everywhere
def test_own_coins_sent_to_cold_by_hand_are_no_deposit(
    open_moving: OpenMoving, cold: Vault, on: Harness
) -> None:
    house = with_cold(open_moving, cold)
    house.fund(10 * COIN)
    txid = str(moves("deposit")[0].txid)
    on.spend_ours(txid, cold.address, 3 * COIN)
    on.mine()
    house.now += house.now - house.now
    house.follower.step(house.now)
    assert len(moves("deposit")) == 1
    assert moves() == []


@on_the_fake
def test_what_the_cold_wallet_paid_elsewhere_stays_a_named_difference(
    open_moving: OpenMoving, cold: Vault, on: Harness
) -> None:
    house, txid = _with_cold_coin(open_moving, cold)
    cold.spend(txid, {house.hot: COIN, on.stranger(): 5 * COIN - FEE})
    house.on.mine(2)
    with pytest.raises(AssertionError, match="wallet accounts"):
        house.settle()
    assert house.balance("wallet:cold") == 5 * COIN - FEE


@on_the_fake
def test_a_forged_transfer_to_another_address_is_held(
    open_moving: OpenMoving, cold: Vault, on: Harness
) -> None:
    house = with_cold(open_moving, cold)
    house.fund(10 * COIN)
    forged = house.forge_transfer(on.stranger(), COIN)
    house.settle()
    assert [(row.id, row.state) for row in moves()] == [(forged.id, "held")]
    assert moves()[0].reason == NOT_COLD


@on_a_node_of_its_own
@pytest.mark.parametrize("way", ["beside", "beside a newer one", "scan"])
def test_coins_go_to_cold_and_come_back_and_the_sum_is_exact(
    open_moving: OpenMoving, on: Harness, own_litecoind: Litecoind, way: str
) -> None:
    """A whole life, each step of which ends with a residual of zero."""
    assert isinstance(on, LitecoindHarness)
    vault = NodeVault(own_litecoind, 8)
    if way != "scan":
        watch_beside(own_litecoind, vault.address)
    house = with_cold(open_moving, vault, above="4")
    _speak(house, on, way)
    house.fund(10 * COIN)
    house.mine(2)
    (move,) = moves()
    assert (move.state, house.balance("wallet:cold")) == ("credited", 6 * COIN)
    vault.spend(str(move.txid), {house.hot: COIN, vault.address: 5 * COIN - FEE})
    house.settle()
    house.mine(2)
    assert house.balance("wallet:cold") == 5 * COIN - FEE
    assert [row.state for row in moves()[:2]] == ["credited", "credited"]
    assert len(moves("deposit")) == 1
    on.chain.close()


def _speak(house: MovingHouse, on: LitecoindHarness, way: str) -> None:
    on.chain.close()
    transport = Transport if way == "beside" else Newer
    on.chain = BitcoinChain(house.currency, transport(on.node.url()))
    house.restart()
