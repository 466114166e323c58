"""The chain that needs no node, lived on: what is credited, held and counted there."""

from __future__ import annotations

from tests.engine.families.evm.conftest import OpenHouse
from tests.engine.families.evm.life import ETHER
from tests.nodes.contracts import deploy
from tests.nodes.embedded import EmbeddedNode

MILLION = 1_000_000


def test_coin_and_token_go_from_request_to_credited(
    open_house: OpenHouse, embedded: EmbeddedNode
) -> None:
    token = deploy(embedded, "Good")
    house = open_house(on=embedded, tokens={"USDT": token})
    address = house.address("ann", "USDT")
    assert house.address("ann") == address
    token.send("transfer", address, 5 * MILLION)
    embedded.pay(address, ETHER)
    house.mine(3)
    assert {p.currency: p.state for p in house.deposits("ann")} == {
        "USDT": "credited",
        "ETH": "credited",
    }
    assert (house.owed("ann", "USDT"), house.owed("ann")) == (5 * MILLION, ETHER)


def test_what_a_contract_sends_on_is_found_by_its_balance(
    open_house: OpenHouse, embedded: EmbeddedNode
) -> None:
    house = open_house(on=embedded)
    deploy(embedded, "Splitter").send("pay", [house.address("ann")], wei=ETHER)
    house.mine()
    house.mine(3)
    payment = house.deposit("ann")
    assert (payment.state, payment.units, house.suspense(payment)) == ("held", ETHER, ETHER)


def test_a_reorganisation_is_followed(open_house: OpenHouse, embedded: EmbeddedNode) -> None:
    house = open_house(on=embedded)
    embedded.pay(house.address("ann"), ETHER)
    house.mine()
    embedded.reorg(1)
    house.settle()
    assert house.deposit("ann").block_hash is None
    house.mine(3)
    assert (house.deposit("ann").state, house.owed("ann")) == ("credited", ETHER)
