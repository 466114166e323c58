"""Somebody else with our keys on an EVM chain, for real: named by the number that was taken, booked
as a loss by two, and taken back when a reorganisation undid it.
"""

from __future__ import annotations

import pytest

from engine.ledger import WALLET_DEPOSITS, WALLET_HOT
from tests.engine.approvals.people import Bench, People
from tests.engine.families.evm.life import ETHER
from tests.engine.reconciliation.paying import (
    OWN,
    assert_whole,
    cure,
    funded,
    only,
    paid,
    posted,
    shown,
)
from tests.engine.sender.by_nonce.conftest import OpenDesk
from tests.engine.sender.by_nonce.desk import MILLION
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import deploy

pytestmark = [
    pytest.mark.node,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


def test_a_spend_by_hand_from_the_hot_address_is_named_and_becomes_a_loss(
    open_evm: OpenDesk, anvil: Anvil, people: People
) -> None:
    desk = funded(open_evm)
    thief = anvil.send(desk.stranger(), wei=3 * ETHER, by=desk.hot)
    desk.mine()
    gone = OWN - anvil.balance(desk.hot)
    assert gone > 3 * ETHER
    found = only(desk)
    assert (found.kind, found.subject, found.units) == ("unknown_spend", thief, -gone)
    assert (found.owner, found.fixable, desk.residuals()["ETH"]) == ("staff", True, -gone)
    assert posted(found) == [("loss", "ETH", gone), (WALLET_HOT, "ETH", -gone)]
    assert found.evidence["block"]["height"] == anvil.height()
    desk.mine(2)
    cure(desk, people, only(desk))
    assert (desk.account(WALLET_HOT), desk.account("loss")) == (OWN - gone, gone)
    paid(desk, 3)  # with what is left, and with the next number
    assert_whole(desk)


def test_a_spend_by_hand_beside_our_own_in_one_block(
    open_evm: OpenDesk, anvil: Anvil, people: People
) -> None:
    desk = funded(open_evm)
    desk.withdraw("ann", ETHER)
    desk.settle()
    thief = anvil.send(desk.stranger(), wei=ETHER, by=desk.hot)
    desk.mine()
    assert (only(desk).kind, only(desk).subject) == ("unknown_spend", thief)
    desk.mine(2)
    cure(desk, people, only(desk))
    assert desk.account(WALLET_HOT) == anvil.balance(desk.hot)


def test_a_token_moved_by_hand_costs_its_units_and_gas_of_the_coin(
    open_evm: OpenDesk, anvil: Anvil, people: People
) -> None:
    token = deploy(anvil, "Good")
    desk = open_evm(tokens={"USDT": token})
    desk.fund_house(OWN, tokens={"USDT": token})
    thief = token.send("transfer", desk.stranger(), 70 * MILLION, by=desk.hot)
    desk.mine(3)
    found = {each.currency: each for each in shown(desk)}
    gas = OWN - anvil.balance(desk.hot)
    assert {name: (each.kind, each.subject) for name, each in found.items()} == {
        "ETH": ("unknown_spend", thief),
        "USDT": ("unknown_spend", thief),
    }
    assert (found["USDT"].units, found["ETH"].units) == (-70 * MILLION, -gas)
    bench = Bench(people.join(desk.config), people, guard=desk.lease.guard)
    for each in found.values():
        for by in ("ann", "ben"):
            assert bench.do("cure", by=by, now=desk.now, payment=each.id)[0] == "done"
    assert_whole(desk)
    assert desk.account(WALLET_HOT, "USDT") == token.read("balanceOf", desk.hot)


def test_a_spend_by_hand_from_a_clients_address_stays_on_its_account(
    open_evm: OpenDesk, anvil: Anvil, people: People
) -> None:
    desk = funded(open_evm)
    address = str(desk.deposit("ann").address)
    anvil.send(desk.stranger(), wei=ETHER, by=address)
    desk.mine(3)
    found = only(desk)
    assert {account for account, _, _ in found.entry} == {"loss", WALLET_DEPOSITS}
    cure(desk, people, found)
    assert desk.account(WALLET_DEPOSITS) == anvil.balance(address)
    assert desk.owed("ann") == 2 * ETHER  # the loss is ours


def test_a_cured_spend_that_a_reorganisation_undid_is_ours_again(
    open_evm: OpenDesk, own_anvil: Anvil, people: People
) -> None:
    desk = funded(open_evm, on=own_anvil, finality=20)
    own_anvil.send(desk.stranger(), wei=ETHER, by=desk.hot)
    desk.mine(3)
    cure(desk, people, only(desk))
    own_anvil.reorg(3, forget=True)
    desk.settle()
    found = only(desk)
    assert (found.kind, found.units > ETHER) == ("reorged", True)
    desk.mine(6)
    found = only(desk)
    assert found.fixable
    cure(desk, people, found)
    assert desk.account(WALLET_HOT) == OWN
