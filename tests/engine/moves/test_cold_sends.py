"""Coins that come back from a cold address of an EVM chain are a move of the house's own."""

from __future__ import annotations

import pytest
from eth_account import Account

from db.models import Payment
from tests.engine.moves.life import events
from tests.engine.sweeps.conftest import OpenSweeping
from tests.engine.sweeps.life import DEEP, ETHER, USDT, SweepingHouse
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import deploy

pytestmark = pytest.mark.node

KEYS = Account.from_key("0x" + "c0" * 32)  # somebody has them, and not the engine
COLD = str(KEYS.address)
SOME = ETHER // 20  # less than the ceiling sends back


def _with_cold_coins(open_sweeping: OpenSweeping) -> SweepingHouse:
    """Two coins of ether are at the cold address, by a move of the house."""
    house = open_sweeping(cold={"address": COLD, "above": "1"}, finality=6)
    house.node.set_balance(COLD, 0)
    house.fund(3 * ETHER)
    house.mine(DEEP)
    assert house.on_books("wallet:cold") == 2 * ETHER
    return house


def _send_back(house: SweepingHouse, wei: int = SOME) -> None:
    """Whoever has the cold keys sends coins to the hot address."""
    fields = {
        "chainId": 31337,
        "nonce": int(house.node.rpc("eth_getTransactionCount", COLD, "latest"), 16),
        "to": house.hot,
        "value": wei,
        "gas": 21_000,
        "maxFeePerGas": 10**11,
        "maxPriorityFeePerGas": 10**9,
    }
    house.node.broadcast(KEYS.sign_transaction(fields).raw_transaction.to_0x_hex())


def _from_cold(house: SweepingHouse) -> Payment:
    (found,) = (row for row in house.transfers() if row.origin == "cold")
    return found


def test_coin_from_cold_is_a_move_whose_fee_the_cold_address_paid(
    open_sweeping: OpenSweeping,
) -> None:
    house = _with_cold_coins(open_sweeping)
    before = house.on_books("wallet:hot"), house.on_books("fees:network")
    _send_back(house)
    house.mine()
    move = _from_cold(house)
    assert (move.state, move.units, move.client) == ("pending", SOME, None)
    house.mine(DEEP)
    assert house.row(move).state == "credited"
    fee = 2 * ETHER - SOME - house.node.balance(COLD)
    assert fee > 0
    assert house.on_books("wallet:cold") == house.node.balance(COLD)
    assert house.on_books("wallet:hot") == before[0] + SOME
    assert house.on_books("fees:network") == before[1] - fee
    house.mine(6)
    assert house.row(move).final
    assert len(house.deposits()) == 1  # the house's first funds


def test_a_token_from_cold_takes_its_fee_in_the_chains_coin(
    open_sweeping: OpenSweeping, anvil: Anvil
) -> None:
    token = deploy(anvil, "Good")
    house = open_sweeping(
        tokens={"USDT": token},
        for_tokens={"sweep": {"above": "1"}, "cold": {"address": COLD, "above": "10"}},
        cold={"address": COLD, "above": "1"},
    )
    house.node.set_balance(COLD, 0)
    house.fund(2 * ETHER)
    house.pay_in("ann", 50 * USDT, token)
    house.mine(5 * DEEP)
    assert house.on_books("wallet:cold", "USDT") == 40 * USDT
    ether = house.on_books("wallet:cold")
    token.send("transfer", house.hot, 15 * USDT, by=COLD)
    house.mine(DEEP)
    assert (_from_cold(house).state, _from_cold(house).currency) == ("credited", "USDT")
    assert house.on_books("wallet:cold", "USDT") == 25 * USDT
    assert 0 < house.node.balance(COLD) < ether
    assert house.on_books("wallet:cold") == house.node.balance(COLD)


def test_a_move_from_cold_that_leaves_its_block_is_pending_again_and_comes_back(
    open_sweeping: OpenSweeping,
) -> None:
    house = _with_cold_coins(open_sweeping)
    _send_back(house)
    house.mine()
    house.node.reorg(1)
    house.settle()
    move = _from_cold(house)
    assert (move.state, move.block_hash) == ("pending", None)
    house.mine(DEEP)
    assert house.row(move).state == "credited"
    assert events(move).count("credit") == 1
    assert house.on_books("wallet:cold") == house.node.balance(COLD)


def test_a_credited_move_from_cold_is_unsettled_while_it_is_out_of_its_block(
    open_sweeping: OpenSweeping,
) -> None:
    house = _with_cold_coins(open_sweeping)
    _send_back(house)
    house.mine(DEEP)
    assert _from_cold(house).state == "credited"
    house.node.reorg(DEEP)
    house.settle()
    assert (_from_cold(house).state, _from_cold(house).unsettled) == ("credited", 1)
    house.mine(DEEP)
    assert not _from_cold(house).unsettled
