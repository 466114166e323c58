"""Reorganisations: a deposit stands where its receipt and the active chain say, and is gone only by
the proof of its sender's nonce."""

from __future__ import annotations

from contextlib import closing

import pytest

from db.models import Client
from engine.chain import Standing
from engine.errors import NodeDown
from tests.engine.deposits.life import events_of
from tests.engine.families.evm.conftest import OpenHands, OpenHouse
from tests.engine.families.evm.doctored import doctored, with_field
from tests.engine.families.evm.life import ETHER
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import deploy

pytestmark = pytest.mark.node

# A contract that pays its caller's coins on to the address in its first storage word, or fails
# after a block whose height is even: what it does depends on where it is mined.
FICKLE = "0x600143161560195760006000600060003460005461fffff1005b60006000fd"


def test_a_deposit_whose_block_left_is_unconfirmed_and_credited_once_where_it_is_mined_again(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    """Cases 36, 37."""
    house = open_house()
    anvil.pay(house.address("ann"), ETHER)
    house.mine()
    first = house.deposit()
    anvil.reorg(1)
    house.settle()
    assert (house.deposit().state, house.deposit().block_hash) == ("pending", None)
    house.mine(3)
    payment = house.deposit()
    assert (payment.id, payment.state) == (first.id, "credited")
    assert (payment.block_hash != first.block_hash, house.owed("ann")) == (True, ETHER)
    assert events_of(payment).count("credit") == 1


def test_a_reorg_at_the_same_height_is_seen_though_the_height_stays(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    """Cases 45, 56."""
    house = open_house(confirmations=5)
    anvil.pay(house.address("ann"), ETHER)
    house.mine(3)
    height = anvil.height()
    anvil.reorg_in_place(3)
    assert anvil.height() == height
    house.settle()
    payment = house.deposit()
    assert (payment.state, payment.block_hash, house.owed("ann")) == ("pending", None, 0)
    house.mine(20)
    assert house.deposit().state == "pending"


def test_a_credited_deposit_that_is_mined_again_keeps_its_one_credit(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    """Case 39."""
    house = open_house(confirmations=2)
    anvil.pay(house.address("ann"), ETHER)
    house.mine(2)
    anvil.reorg(2)
    house.settle()
    payment = house.deposit()
    assert (payment.state, payment.unsettled) == ("credited", True)
    house.mine(2)
    payment = house.deposit()
    assert (payment.state, payment.unsettled, house.owed("ann")) == ("credited", False, ETHER)
    assert events_of(payment)[-2:] == ["unsettle", "settle"]


def test_a_deposit_is_vanished_when_its_nonce_is_spent_otherwise(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    """Cases 1, 38."""
    house = open_house()
    payer = anvil.stranger(5)
    txid = anvil.send(house.address("ann"), wei=ETHER, by=payer)
    house.mine()
    anvil.reorg(1, length=1, forget=True)
    house.settle()
    assert house.deposit().state == "pending"
    anvil.send(anvil.stranger(6), wei=ETHER, by=payer)
    house.mine()
    payment = house.deposit()
    assert (payment.txid, payment.state, house.owed("ann")) == (txid, "vanished", 0)


def test_a_credit_is_taken_back_when_the_nonce_is_spent_as_deep_as_it_had_to_be(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    """Case 40."""
    house = open_house(confirmations=2)
    payer = anvil.stranger(7)
    txid = anvil.send(house.address("ann"), wei=ETHER, by=payer)
    house.mine(2)
    assert house.owed("ann") == ETHER
    anvil.reorg(2, length=2, forget=True)
    anvil.send(anvil.stranger(6), wei=ETHER, by=payer)
    house.mine()
    assert house.deposit().state == "credited"  # one block is not proof enough
    house.mine()
    payment = house.deposit()
    assert (payment.state, house.owed("ann"), house.wallet()) == ("reversed", 0, 0)
    assert Client.get_by_id("ann").blocked
    fact = house.on.chain.facts([txid])[txid]
    assert (fact.standing, fact.conflict_depth) == (Standing.GONE, 2)


def test_what_pays_otherwise_in_its_new_block_is_no_longer_the_coin_that_it_was(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    house = open_house(confirmations=1)
    address = house.address("ann")
    fickle = deploy(anvil, "Refuser").address
    anvil.set_code(fickle, FICKLE)
    anvil.rpc("anvil_setStorageAt", fickle, "0x0", "0x" + address[2:].lower().rjust(64, "0"))
    if anvil.height() % 2:
        house.mine()
    txid = anvil.send(fickle, wei=ETHER, gas=200_000)
    house.mine()
    assert (house.deposit().txid, house.owed("ann")) == (txid, ETHER)
    raw = anvil.raw(txid)
    anvil.reorg(1, length=1, forget=True)
    anvil.broadcast(raw)
    house.mine()
    receipt = anvil.receipt(txid)
    assert receipt is not None
    assert receipt["status"] == "0x0"
    assert anvil.balance(address) == 0
    assert (house.deposit().state, house.owed("ann")) == ("reversed", 0)


def test_a_node_whose_height_went_back_pauses_its_chain_until_it_is_higher_again(
    open_house: OpenHouse, own_anvil: Anvil
) -> None:
    """Case 57."""
    house = open_house(on=own_anvil, confirmations=2)
    own_anvil.pay(house.address("ann"), ETHER)
    house.mine(3)
    own_anvil.rollback(1)
    done = house.step()
    assert not done.well
    assert house.is_paused("behind what it showed before")
    assert house.owed("ann") == ETHER
    house.mine(2)
    assert not house.is_paused()
    assert house.deposit().state == "credited"


def test_a_reorg_deeper_than_finality_is_not_followed(
    open_house: OpenHouse, own_anvil: Anvil
) -> None:
    house = open_house(on=own_anvil, confirmations=2, finality=5)
    own_anvil.pay(house.address("ann"), ETHER)
    for _ in range(8):
        house.mine()
    assert house.deposit().final
    own_anvil.reorg(8, forget=True)
    house.step()
    assert house.is_paused("reorganised deeper than 5 blocks")
    assert house.owed("ann") == ETHER


@pytest.mark.parametrize("name", ["status", "blockHash", "blockNumber", "transactionHash", "logs"])
@pytest.mark.parametrize("value", [..., None, "0x", 7, []])
def test_one_chain_tx_of_nonsense_is_unreadable_and_holds_up_no_other(
    hands: OpenHands, name: str, value: object
) -> None:
    on = hands()
    sick, well = (on.node.pay(on.deposit, units) for units in (5, 6))
    on.mine()
    chain, node = doctored(on)
    ill = with_field(name, [[]] if (name, value) == ("logs", []) else value)
    node.changes["eth_getTransactionReceipt"] = lambda row: (
        ill(row) if row["transactionHash"] == sick else row
    )
    with closing(chain):
        found = chain.facts([sick, well])
    assert (found[sick].standing, bool(found[sick].words)) == (Standing.UNREADABLE, True)
    assert (found[well].standing, found[well].block) == (Standing.MINED, on.tip())


@pytest.mark.parametrize("value", [7, "0x", [], [[]]])
def test_a_pool_of_nonsense_is_no_answer(hands: OpenHands, value: object) -> None:
    on = hands()
    waiting = on.node.pay(on.deposit, 5)
    chain, node = doctored(on)
    node.changes["eth_getTransactionByHash"] = lambda _answer: value
    with closing(chain):
        assert chain.facts([waiting])[waiting].standing is Standing.UNREADABLE
        with pytest.raises(NodeDown, match="malformed"):
            chain.in_mempool([waiting])
    on.mine()


def test_a_deposit_of_which_the_node_tells_nonsense_waits_and_the_others_are_credited(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    house = open_house(confirmations=2)
    sick = anvil.pay(house.address("ann"), ETHER)
    anvil.pay(house.address("bob"), ETHER)
    house.mine()
    real = house.on.chain._node.batch  # type: ignore[attr-defined]  # one answer is changed

    def ill(calls: list[tuple[str, tuple[object, ...]]]) -> list[object]:
        answers: list[object] = real(calls)
        return [
            {**answer, "status": "0x7"}
            if isinstance(answer, dict) and answer.get("transactionHash") == sick
            else answer
            for answer in answers
        ]

    house.reconciles = False
    house.on.chain._node.batch = ill  # type: ignore[attr-defined]  # from now on
    house.mine(3)
    assert (house.deposit("ann").state, house.owed("ann")) == ("pending", 0)
    assert (house.deposit("bob").state, house.owed("bob")) == ("credited", ETHER)
    assert any(sick in key for key in house.parked())
    house.on.chain._node.batch = real  # type: ignore[attr-defined]  # the node is well again
    house.mine()
    assert house.owed("ann") == ETHER
