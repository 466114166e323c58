"""What makes a send wait, and what makes it dearer: short funds, caps, a network that has become
expensive (cases 73, 74, 75).
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine.ledger import WALLET_HOT
from engine.sender.by_nonce.signing import UNMINED_MAX, no_gas, no_own_funds
from engine.sender.sender import NO_FUNDS
from tests.engine.deposits.life import events_of
from tests.engine.families.evm.life import ETHER
from tests.engine.sender.by_nonce.conftest import OpenDesk
from tests.engine.sender.by_nonce.desk import FEE, MILLION
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import deploy

GWEI = 10**9
LATER = timedelta(minutes=2)
TOO_DEAR = "waiting: the network's fee is above what may be paid now"

pytestmark = [
    pytest.mark.node,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


def test_short_of_funds_all_wait_in_their_order_and_go_by_themselves(
    open_evm: OpenDesk, own_anvil: Anvil
) -> None:
    """Case 73: what is on clients' own addresses is not on the hot one."""
    desk = open_evm(on=own_anvil)
    desk.credit("ann", 5 * ETHER)
    desk.fund_house(ETHER)
    large, small = desk.withdraw("ann", 2 * ETHER), desk.withdraw("ann", ETHER // 10)
    desk.settle()
    assert [desk.shown(each) for each in (large, small)] == [
        ("requested", "waiting", NO_FUNDS),
        ("requested", "waiting", f"behind {large.id}, which waits for funds in the hot wallet"),
    ]
    assert desk.attempts() == []
    own_anvil.pay(desk.hot, 2 * ETHER)
    desk.mine(2)
    assert desk.shown(large) == ("requested", "waiting", NO_FUNDS)
    desk.mine(1)
    desk.mine(3)
    assert [desk.state_of(each) for each in (large, small)] == ["credited"] * 2
    desk.assert_paid_once(large, small)


def test_what_is_on_its_way_out_is_not_spent_again(open_evm: OpenDesk, own_anvil: Anvil) -> None:
    desk = open_evm(on=own_anvil)
    desk.credit("ann", 5 * ETHER)
    desk.fund_house(ETHER)
    first, second = desk.withdraw("ann", ETHER // 2), desk.withdraw("ann", ETHER // 2)
    desk.settle()
    assert desk.state_of(first) == "pending"
    assert desk.shown(second) == ("requested", "waiting", NO_FUNDS)
    desk.mine(3)
    assert desk.shown(second) == ("requested", "waiting", NO_FUNDS)  # the gas of the first is gone


def test_a_token_without_gas_waits_alone(open_evm: OpenDesk, own_anvil: Anvil) -> None:
    """Case 74."""
    token = deploy(own_anvil, "Good")
    desk = open_evm(on=own_anvil, tokens={"USDT": token})
    desk.credit("ann", 5 * MILLION, token)
    token.send("transfer", desk.hot, 9 * MILLION)
    desk.mine(3)
    paid = desk.withdraw("ann", MILLION, currency="USDT", fee=0)
    desk.settle()
    assert desk.shown(paid) == ("requested", "waiting", no_gas("ETH"))
    desk.fund_house(ETHER)
    desk.mine(3)
    assert desk.state_of(paid) == "credited"
    assert token.read("balanceOf", str(paid.address)) == MILLION


def test_clients_coins_pay_no_gas_of_tokens(open_evm: OpenDesk, own_anvil: Anvil) -> None:
    """Coins on the hot address are not the house's because they lie there."""
    token = deploy(own_anvil, "Good")
    desk = open_evm(on=own_anvil, tokens={"USDT": token}, top_up_from=[own_anvil.stranger(2)])
    desk.credit("ann", 5 * MILLION, token)
    token.send("transfer", desk.hot, 9 * MILLION)
    own_anvil.pay(desk.hot, ETHER)
    desk.mine(3)
    paid = desk.withdraw("ann", MILLION, currency="USDT", fee=0)
    desk.settle()
    state, sub_state, reason = desk.shown(paid)
    assert (state, sub_state) == ("requested", "waiting")
    assert reason in {NO_FUNDS, no_gas("ETH"), no_own_funds("ETH")}
    assert desk.attempts() == []


def test_an_expensive_network_is_waited_out(open_evm: OpenDesk, own_anvil: Anvil) -> None:
    """Case 75: one too dear by itself holds up no other currency, and goes when it is cheap."""
    desk = open_evm(on=own_anvil, withdrawal={"fee_max": "0.001"})
    desk.fund_house()
    desk.credit("ann", 2 * ETHER)
    own_anvil.set_next_base_fee(500 * GWEI)
    desk.mine(1)
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    assert desk.shown(paid) == ("requested", "waiting", TOO_DEAR)
    assert desk.attempts() == []
    own_anvil.set_next_base_fee(GWEI)
    desk.mine(1)
    desk.mine(3)
    assert desk.state_of(paid) == "credited"
    desk.assert_paid_once(paid)


def test_a_share_of_the_amount_caps_the_coins_fee(open_evm: OpenDesk, own_anvil: Anvil) -> None:
    desk = open_evm(on=own_anvil, withdrawal={"fee_max_share": "0.01"})
    desk.fund_house()
    desk.credit("ann", 2 * ETHER)
    own_anvil.set_next_base_fee(GWEI)
    desk.mine(1)
    tiny, large = desk.withdraw("ann", 10**12), desk.withdraw("ann", ETHER)
    desk.settle()
    assert desk.shown(tiny) == ("requested", "waiting", TOO_DEAR)
    assert desk.state_of(large) == "pending"


def test_what_is_stuck_is_replaced_by_the_same_number_within_the_caps(
    open_evm: OpenDesk, own_anvil: Anvil
) -> None:
    desk = open_evm(on=own_anvil, withdrawal={"fee_max": "0.01"})
    desk.fund_house()
    desk.credit("ann", 2 * ETHER)
    own_anvil.set_next_base_fee(GWEI)
    desk.mine(1)
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    own_anvil.set_next_base_fee(1000 * GWEI)
    desk.mine(1)
    desk.step(after=LATER)
    assert desk.shown(paid) == ("pending", "", TOO_DEAR)
    own_anvil.set_next_base_fee(100 * GWEI)
    desk.mine(1)
    desk.step(after=LATER)
    first, second = desk.attempts()
    assert (first.nonce, second.nonce, second.number) == (0, 0, 2)
    assert first.family == second.family
    assert first.fee_units < second.fee_units <= ETHER // 100
    assert events_of(desk.now_of(paid))[-1] == "bump"
    desk.mine(4)
    row = desk.now_of(paid)
    assert (row.state, row.txid, row.reason) == ("credited", second.txid, "")
    assert {a.txid: a.state for a in desk.attempts()}[first.txid] == "dead"
    assert desk.node.balance(desk.hot) == desk.account(WALLET_HOT)
    desk.assert_paid_once(paid)


def test_the_first_may_still_win_against_its_replacement(
    open_evm: OpenDesk, own_anvil: Anvil
) -> None:
    desk = open_evm(on=own_anvil)
    desk.fund_house()
    desk.credit("ann", 2 * ETHER)
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    raw = own_anvil.raw(desk.attempt().txid)
    own_anvil.set_next_base_fee(500 * GWEI)
    desk.mine(1)
    desk.step(after=LATER)
    assert len(desk.attempts()) == 2
    own_anvil.rpc("anvil_dropAllTransactions")
    own_anvil.set_next_base_fee(GWEI)
    own_anvil.broadcast(raw)
    desk.node.mine(7)
    desk.settle()
    row = desk.now_of(paid)
    assert (row.state, row.txid) == ("credited", desk.attempts()[0].txid)
    assert [a.state for a in desk.attempts()] == ["settled", "dead"]
    assert desk.account("fees:network") == desk.attempts()[0].paid_units
    desk.assert_paid_once(paid)


def test_no_more_wait_in_a_nodes_pool_than_it_keeps(open_evm: OpenDesk, own_anvil: Anvil) -> None:
    desk = open_evm(on=own_anvil)
    desk.fund_house()
    desk.credit("ann", 5 * ETHER)
    paid = [desk.withdraw("ann", ETHER // 100, fee=FEE // 10) for _ in range(UNMINED_MAX + 6)]
    desk.settle()
    assert len(desk.attempts()) == UNMINED_MAX
    desk.mine(1)
    desk.mine(3)
    assert {desk.state_of(each) for each in paid} == {"credited"}
    assert [row.nonce for row in desk.attempts()] == list(range(UNMINED_MAX + 6))
    desk.assert_paid_once(*paid)


def test_withdrawals_that_staff_paused_wait_and_the_others_go(
    open_evm: OpenDesk, own_anvil: Anvil
) -> None:
    token = deploy(own_anvil, "Good")
    desk = open_evm(on=own_anvil, tokens={"USDT": token})
    desk.fund_house(tokens={"USDT": token})
    desk.credit("ann", 2 * ETHER)
    desk.credit("ann", 5 * MILLION, token)
    desk.paused["USDT"] = "paused by staff: looking"
    coin, paid = desk.withdraw("ann", ETHER), desk.withdraw("ann", MILLION, currency="USDT", fee=0)
    desk.settle()
    assert desk.state_of(coin) == "pending"
    assert desk.shown(paid) == ("requested", "waiting", "paused by staff: looking")
    desk.paused.clear()
    desk.settle()
    assert desk.state_of(paid) == "pending"
