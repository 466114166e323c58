"""Withdrawals of coin and token on a real node, from the request until they are final: what a
chain, other people with our keys, and contracts can do to them (cases 61-79).
"""

from __future__ import annotations

import pytest

from engine.ledger import WALLET_HOT
from tests.engine.deposits.life import events_of
from tests.engine.families.evm.life import ETHER
from tests.engine.sender.by_nonce.conftest import OpenDesk
from tests.engine.sender.by_nonce.desk import FEE, MILLION
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import deploy

ALL_THE_WAY = ["request", "sign", "send", "confirm", "credit", "chain_fee"]

pytestmark = [
    pytest.mark.node,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


def test_the_coin_goes_all_the_way(open_evm: OpenDesk) -> None:
    desk = open_evm()
    desk.fund_house()
    desk.credit("ann", 2 * ETHER)
    paid = desk.withdraw("ann", ETHER)
    assert desk.owed("ann") == ETHER - FEE
    desk.settle()
    assert desk.shown(paid) == ("pending", "", "")
    desk.mine(2)
    assert desk.state_of(paid) == "pending"
    desk.mine(1)
    row, attempt = desk.now_of(paid), desk.attempt()
    assert (row.state, row.txid, row.idx) == ("credited", attempt.txid, "tx")
    assert events_of(row) == ALL_THE_WAY
    assert 0 < int(attempt.paid_units or 0) <= attempt.fee_units
    assert desk.account("fees:network") == attempt.paid_units
    assert desk.account("fees:service") == -FEE
    assert desk.account(WALLET_HOT) == 9 * ETHER - int(attempt.paid_units or 0)
    assert desk.node.balance(desk.hot) == desk.account(WALLET_HOT)
    desk.mine(4)
    assert desk.now_of(paid).final
    assert desk.attempt().final
    desk.assert_paid_once(paid)


def test_a_token_goes_all_the_way_and_the_house_pays_for_it(
    open_evm: OpenDesk, anvil: Anvil
) -> None:
    token = deploy(anvil, "Good")
    desk = open_evm(tokens={"USDT": token})
    desk.fund_house(tokens={"USDT": token})
    desk.credit("ann", 5 * MILLION, token)
    paid = desk.withdraw("ann", 4 * MILLION, currency="USDT", fee=MILLION)
    desk.settle()
    desk.mine(3)
    row, attempt = desk.now_of(paid), desk.attempt()
    assert (row.state, row.idx) == ("credited", "log:0")
    assert token.read("balanceOf", str(row.address)) == 4 * MILLION
    assert desk.account("fees:service", "USDT") == -MILLION
    assert desk.account("fees:network") == attempt.paid_units
    assert desk.node.balance(desk.hot) == desk.account(WALLET_HOT)
    assert token.read("balanceOf", desk.hot) == desk.account(WALLET_HOT, "USDT")
