"""Receivers that refuse, eat or fail, and tokens that move nothing: receipt and balances decide
between credited and failed, and nobody pays twice (cases 78, 79).
"""

from __future__ import annotations

import pytest

from engine.ledger import WALLET_HOT
from engine.sender.by_nonce import settle
from engine.sender.by_nonce.signing import LESS_THERE, REJECTED, TOO_MUCH_WORK
from tests.engine.deposits.life import events_of
from tests.engine.families.evm.life import ETHER
from tests.engine.sender.by_nonce.conftest import OpenDesk
from tests.engine.sender.by_nonce.desk import FEE, MILLION, EvmDesk
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import Contract, deploy, runtime

pytestmark = [
    pytest.mark.node,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.fixture
def token(own_anvil: Anvil) -> Contract:
    return deploy(own_anvil, "Good")


@pytest.fixture
def desk(open_evm: OpenDesk, own_anvil: Anvil, token: Contract) -> EvmDesk:
    desk = open_evm(on=own_anvil, tokens={"USDT": token})
    desk.fund_house(tokens={"USDT": token})
    desk.credit("ann", 5 * ETHER)
    desk.credit("ann", 5 * MILLION, token)
    return desk


def test_what_its_receiver_refuses_is_refused_before_it_is_signed(desk: EvmDesk) -> None:
    refuser = desk.checked(deploy(desk.node, "Refuser").address)
    paid = desk.withdraw("ann", ETHER, to=refuser)
    desk.settle()
    assert desk.shown(paid) == ("refused", "", REJECTED)
    assert (desk.attempts(), desk.owed("ann")) == ([], 5 * ETHER)


def test_a_receiver_that_takes_much_gas_is_paid(desk: EvmDesk) -> None:
    hungry = desk.checked(deploy(desk.node, "Hungry").address)
    paid = desk.withdraw("ann", ETHER, to=hungry)
    desk.settle()
    desk.mine(3)
    assert desk.state_of(paid) == "credited"
    assert desk.attempt().size > 21_000
    desk.assert_paid_once(paid)


def test_a_receiver_that_takes_more_than_gas_max_is_refused(
    open_evm: OpenDesk, own_anvil: Anvil
) -> None:
    desk = open_evm(on=own_anvil, withdrawal={"gas_max": 50_000})
    desk.fund_house()
    desk.credit("ann", 2 * ETHER)
    hungry = desk.checked(deploy(own_anvil, "Hungry").address)
    paid, other = desk.withdraw("ann", ETHER, to=hungry), desk.withdraw("ann", ETHER // 2)
    desk.settle()
    assert desk.shown(paid) == ("refused", "", TOO_MUCH_WORK)
    desk.mine(3)
    assert desk.state_of(other) == "credited"


def test_what_fails_on_chain_is_given_back_once_that_is_final(desk: EvmDesk) -> None:
    to = desk.stranger()
    paid = desk.withdraw("ann", ETHER, to=to)
    desk.settle()
    desk.node.set_code(to, runtime("Refuser"))
    desk.mine(5)
    assert desk.shown(paid) == ("pending", "", settle.FAILED)
    assert desk.owed("ann") == 4 * ETHER - FEE
    desk.mine(1)
    row, attempt = desk.now_of(paid), desk.attempt()
    assert (row.state, row.reason, row.final) == ("failed", settle.GONE, True)
    assert events_of(row)[-2:] == ["fail", "chain_fee"]
    burnt = int(attempt.paid_units or 0)
    assert 0 < burnt < FEE
    assert desk.owed("ann") == 5 * ETHER - burnt
    assert (desk.account("fees:service"), desk.account("fees:network")) == (-burnt, burnt)
    assert desk.account("in_transit") == 0
    assert desk.node.balance(desk.hot) == desk.account(WALLET_HOT)
    assert (attempt.state, attempt.final) == ("settled", True)


def test_what_failed_in_one_block_and_went_in_another_is_paid(desk: EvmDesk) -> None:
    to = desk.stranger()
    paid = desk.withdraw("ann", ETHER, to=to)
    desk.settle()
    raw = desk.node.raw(desk.attempt().txid)
    desk.node.set_code(to, runtime("Refuser"))
    desk.mine(2)
    assert desk.shown(paid) == ("pending", "", settle.FAILED)
    desk.node.rollback(2)
    desk.node.set_code(to, "0x")
    desk.node.broadcast(raw)
    desk.mine(4)
    assert desk.shown(paid) == ("credited", "", "")
    desk.assert_paid_once(paid)


def test_what_went_in_one_block_and_failed_in_another_is_taken_back_once_that_is_final(
    desk: EvmDesk,
) -> None:
    to = desk.stranger()
    paid = desk.withdraw("ann", ETHER, to=to)
    desk.settle()
    raw = desk.node.raw(desk.attempt().txid)
    desk.mine(3)
    assert desk.state_of(paid) == "credited"
    desk.node.rollback(3)
    desk.node.set_code(to, runtime("Refuser"))
    desk.node.broadcast(raw)
    desk.mine(4)
    row = desk.now_of(paid)
    assert (row.state, row.unsettled, row.reason) == ("credited", True, settle.FAILED)
    desk.mine(3)
    row = desk.now_of(paid)
    assert (row.state, row.unsettled, row.final) == ("failed", False, True)
    assert desk.owed("ann") == 5 * ETHER - int(desk.attempt().paid_units or 0)
    assert desk.node.balance(desk.hot) == desk.account(WALLET_HOT)


def test_a_token_that_moves_nothing_has_paid_nobody(desk: EvmDesk, token: Contract) -> None:
    """Case 79: it says false, and its receipt says that all is well."""
    paid = desk.withdraw("ann", 4 * MILLION, currency="USDT", fee=MILLION)
    desk.settle()
    desk.node.set_code(token.address, runtime("FalseToken"))
    desk.mine(3)
    assert desk.shown(paid) == ("pending", "", settle.FAILED)
    desk.mine(3)
    assert desk.state_of(paid) == "failed"
    assert desk.owed("ann", "USDT") == 5 * MILLION
    assert desk.account("in_transit", "USDT") == desk.account("fees:service", "USDT") == 0
    assert desk.account("fees:network") == desk.attempt().paid_units
    assert token.read("balanceOf", desk.hot) == desk.account(WALLET_HOT, "USDT")


def test_a_token_that_logs_what_never_happened_is_no_payment(
    desk: EvmDesk, token: Contract
) -> None:
    paid = desk.withdraw("ann", 4 * MILLION, currency="USDT", fee=0)
    desk.settle()
    desk.node.set_code(token.address, runtime("LiarToken"))
    desk.mine(8)
    assert desk.shown(paid) == ("pending", "", settle.UNCLEAR)
    assert desk.owed("ann", "USDT") == MILLION


def test_a_token_that_fails_while_nothing_is_known_of_its_balances_waits(
    desk: EvmDesk, token: Contract
) -> None:
    paid = desk.withdraw("ann", 4 * MILLION, currency="USDT", fee=0)
    desk.node.set_code(token.address, runtime("Refuser"))
    desk.sender.pay(desk.tip(), desk.now)
    assert desk.shown(paid) == ("requested", "waiting", f"waiting: {LESS_THERE}")
    assert desk.attempts() == []
