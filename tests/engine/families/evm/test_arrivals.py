"""Only real money is a deposit: coins, tokens and what contracts send on, each against a node."""

from __future__ import annotations

import pytest

from engine import ledger
from engine.approvals.acts import plan_of
from engine.approvals.plan import Proposal
from engine.deposits.rules import HELD_DOUBTED
from engine.errors import ActRefused
from engine.moves.addresses import hot_address
from engine.ours import StoredOurs
from tests.engine.families.evm.conftest import OpenHouse
from tests.engine.families.evm.life import ETHER
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import deploy

pytestmark = pytest.mark.node

MILLION = 1_000_000  # units of a token with six decimals


def test_a_coin_goes_from_request_to_credited(open_house: OpenHouse, anvil: Anvil) -> None:
    house = open_house()
    txid = anvil.pay(house.address("ann"), ETHER)
    house.mine()
    payment = house.deposit()
    assert (payment.state, payment.txid, payment.idx) == ("pending", txid, "tx")
    house.mine(2)
    assert (house.deposit().state, house.owed("ann"), house.wallet()) == ("credited", ETHER, ETHER)


def test_a_token_is_a_currency_of_its_own_on_the_same_address(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    token = deploy(anvil, "Good")
    house = open_house(tokens={"USDT": token})
    address = house.address("ann", "USDT")
    assert house.address("ann") == address
    token.send("transfer", address, 5 * MILLION)
    house.mine(3)
    payment = house.deposit("ann")
    assert (payment.currency, payment.state, payment.idx) == ("USDT", "credited", "log:0")
    assert (house.owed("ann", "USDT"), house.owed("ann")) == (5 * MILLION, 0)


def test_a_client_keeps_the_address_for_ever(open_house: OpenHouse, anvil: Anvil) -> None:
    house = open_house()
    first, created = house.asked("ann")
    again, anew = house.asked("ann")
    assert (created, anew, again.id) == (True, False, first.id)
    anvil.pay(str(first.address), ETHER)
    house.mine(3)
    second, created = house.asked("ann")
    assert (second.address, created) == (first.address, True)
    assert second.id != first.id
    anvil.pay(str(second.address), 2 * ETHER)
    house.mine(3)
    assert [(p.id, p.state) for p in house.deposits("ann")] == [
        (first.id, "credited"),
        (second.id, "credited"),
    ]


def test_what_a_contract_sends_on_is_one_deposit_for_each_of_us(open_house: OpenHouse) -> None:
    """Cases 8, 28."""
    house = open_house()
    ann, bob = house.address("ann"), house.address("bob")
    assert ann != bob
    house.on.pay_many({ann: ETHER, bob: ETHER})
    house.mine(3)
    assert {p.client: p.units for p in house.deposits()} == {"ann": ETHER, "bob": ETHER}
    assert {p.idx for p in house.deposits()} == {"call:0", "call:1"}
    assert (house.owed("ann"), house.owed("bob")) == (ETHER, ETHER)


@pytest.mark.parametrize(("function", "status"), [("payAndRevert", "0x0"), ("tryInner", "0x1")])
def test_a_transfer_that_was_undone_is_no_deposit(
    open_house: OpenHouse, anvil: Anvil, function: str, status: str
) -> None:
    """Case 27."""
    house = open_house()
    address = house.address("ann")
    txid = deploy(anvil, "Splitter").send(function, address, wei=ETHER, gas=500_000)
    house.mine(3)
    receipt = anvil.receipt(txid)
    assert receipt is not None
    assert receipt["status"] == status
    assert anvil.balance(address) == 0
    assert house.deposits() == []


def test_a_failed_payment_is_no_deposit(open_house: OpenHouse, anvil: Anvil) -> None:
    """Case 26."""
    house = open_house()
    address = house.address("ann")
    anvil.set_code(address, "0x60006000fd")  # somebody's code at an address of ours refuses coins
    txid = anvil.send(address, wei=ETHER, gas=100_000)
    house.mine(3)
    receipt = anvil.receipt(txid)
    assert receipt is not None
    assert receipt["status"] == "0x0"
    assert house.deposits() == []


def test_a_selfdestruct_that_sends_to_us_is_credited(open_house: OpenHouse, anvil: Anvil) -> None:
    """Case 29."""
    house = open_house()
    address = house.address("ann")
    deploy(anvil, "Bomb", wei=ETHER).send("blow", address)
    house.mine(3)
    assert anvil.balance(address) == ETHER
    assert house.owed("ann") == ETHER


def test_a_fee_on_transfer_is_held_with_what_it_really_brought(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    """Case 23."""
    token = deploy(anvil, "FeeToken")
    house = open_house(tokens={"USDT": token})
    address = house.address("ann", "USDT")
    token.send("transfer", address, MILLION)
    house.mine(3)
    payment = house.deposit("ann")
    came = token.read("balanceOf", address)
    assert 0 < came < MILLION
    assert (payment.state, payment.units, payment.reason) == ("held", came, HELD_DOUBTED)
    assert (house.suspense(payment), house.owed("ann", "USDT")) == (came, 0)
    assert house.wallet("USDT") == came


def test_a_log_that_brought_nothing_is_shown_and_never_a_deposit(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    """Case 22."""
    token = deploy(anvil, "LiarToken")
    house = open_house(tokens={"USDT": token})
    token.send("transfer", house.address("ann", "USDT"), MILLION)
    house.mine(3)
    assert house.deposits() == []
    (reason,) = house.parked().values()
    assert "its log says 1 USDT, the balance did not grow" in reason


def test_a_transfer_that_says_false_is_no_deposit(open_house: OpenHouse, anvil: Anvil) -> None:
    """Case 21."""
    token = deploy(anvil, "FalseToken")
    house = open_house(tokens={"USDT": token})
    token.send("transfer", house.address("ann", "USDT"), MILLION)
    house.mine(3)
    assert (house.deposits(), house.parked()) == ([], {})


def test_a_token_of_the_same_name_that_is_not_configured_is_listed_once(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    """Cases 19, 20."""
    token, fake = deploy(anvil, "Good"), deploy(anvil, "Good")
    house = open_house(tokens={"USDT": token})
    address = house.address("ann", "USDT")
    for _ in range(2):
        fake.send("transfer", address, MILLION)
        house.mine()
    assert house.deposits() == []
    (key,) = house.parked()
    assert key == f"unlisted:{fake.address.lower()}:{address}"


def test_poisoning_by_a_transfer_of_nothing_is_not_even_shown(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    """Case 25."""
    token = deploy(anvil, "Good")
    house = open_house(tokens={"USDT": token})
    address = house.address("ann", "USDT")
    token.send("transferFrom", anvil.stranger(3), address, 0, by=anvil.stranger(4))
    house.mine(3)
    assert (house.deposits(), house.parked()) == ([], {})


def test_several_logs_of_one_chain_tx_are_as_many_deposits(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    """Case 7."""
    token = deploy(anvil, "Good")
    house = open_house(tokens={"USDT": token})
    address = house.address("ann", "USDT")
    token.send("transfer", address, MILLION)
    token.send("transfer", address, 2 * MILLION)
    anvil.pay(address, ETHER)
    house.mine(3)
    found = {(p.currency, p.units) for p in house.deposits("ann")}
    assert found == {("USDT", MILLION), ("USDT", 2 * MILLION), ("ETH", ETHER)}
    assert house.owed("ann", "USDT") == 3 * MILLION


def test_what_the_address_pays_in_the_same_block_casts_no_doubt_on_what_came(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    token = deploy(anvil, "Good")
    house = open_house(tokens={"USDT": token})
    house.reconciles = False  # our rows know nothing of what the test sends by our keys
    address = house.address("ann", "USDT")
    token.send("transfer", address, 5 * MILLION)
    house.mine(3)
    anvil.set_balance(address, ETHER)
    token.send("transfer", address, MILLION)
    token.send("transfer", anvil.stranger(), 3 * MILLION, by=address)
    house.mine(3)
    assert token.read("balanceOf", address) == 3 * MILLION
    assert [(p.state, p.units) for p in house.deposits("ann") if p.currency == "USDT"] == [
        ("credited", 5 * MILLION),
        ("credited", MILLION),
    ]


def test_many_in_one_call_and_one_that_returns_nothing_are_credited(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    many, silent = deploy(anvil, "Good"), deploy(anvil, "NoReturnToken")
    house = open_house(tokens={"USDT": silent, "USDC": many})
    ann, bob = house.address("ann"), house.address("bob")
    many.send("transferMany", [ann, bob, ann], MILLION)
    silent.send("transfer", ann, MILLION)
    many.send("transferAndRevert", bob, MILLION, gas=500_000)
    house.mine(3)
    assert [p.idx for p in house.deposits("ann") if p.currency == "USDC"] == ["log:0", "log:2"]
    assert (house.owed("ann", "USDC"), house.owed("bob", "USDC")) == (2 * MILLION, MILLION)
    assert house.owed("ann", "USDT") == MILLION


def test_a_top_up_of_the_hot_address_is_the_house_s_own(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    """Case 33."""
    house = open_house()
    house.plain = False
    hot = hot_address("ETH")
    assert hot is not None
    anvil.pay(hot, 3 * ETHER)
    house.mine(3)
    payment = house.deposit()
    assert (payment.state, payment.origin, payment.client) == ("credited", "top_up", None)
    assert ledger.balance(ledger.WALLET_HOT, "ETH") == 3 * ETHER
    assert -ledger.balance("house", "ETH") == 3 * ETHER


def test_coins_to_an_address_of_nobody_are_in_suspense(open_house: OpenHouse, anvil: Anvil) -> None:
    house = open_house()
    given = house.address("ann")
    known = (given, hot_address("ETH"))
    free = next(a for a in StoredOurs("ETH").addresses().values() if a not in known)
    anvil.pay(free, ETHER)
    house.mine(3)
    payment = house.deposit()
    assert (payment.client, payment.state, house.suspense(payment)) == (None, "held", ETHER)


def test_a_held_deposit_is_refused_or_released_and_not_refunded_before_it_is_final(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    token = deploy(anvil, "FeeToken")
    house = open_house(tokens={"USDT": token})
    token.send("transfer", house.address("ann", "USDT"), MILLION)
    house.mine(3)
    wish = Proposal(act="refund", payment=house.deposit("ann").id, address=anvil.stranger())
    with pytest.raises(ActRefused, match="not final yet"):
        plan_of(house.config, wish)
