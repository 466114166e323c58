"""What only balances show: found, held with its exact amount, and never counted twice."""

from __future__ import annotations

import pytest

from db.models import Address
from engine.counted import Counted
from engine.deposits.rules import HELD_DOUBTED
from engine.families.evm.balances import balances
from engine.families.evm.frames import Tracer
from engine.holdings import surplus_name, used_addresses
from engine.moves.addresses import hot_address
from tests.engine.families.evm.conftest import OpenHouse
from tests.engine.families.evm.life import ETHER
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import deploy

pytestmark = pytest.mark.node

MILLION = 1_000_000


@pytest.fixture
def untraced(monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that has no `trace_block`, as most have none."""
    monkeypatch.setattr(Tracer, "frames", lambda _self, blocks, _ours: [[] for _ in blocks])


@pytest.mark.usefixtures("untraced")
def test_an_internal_transfer_without_traces_is_held_with_the_exact_amount(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    """Case 28."""
    house = open_house()
    address = house.address("ann")
    deploy(anvil, "Splitter").send("pay", [address], wei=ETHER + 7)
    house.mine()
    payment = house.deposit("ann")
    assert payment.block_hash is not None
    assert (payment.txid, payment.idx) == surplus_name(address, payment.block_hash)
    house.mine(3)
    payment = house.deposit("ann")
    assert (payment.state, payment.units, payment.reason) == ("held", ETHER + 7, HELD_DOUBTED)
    assert (house.suspense(payment), house.owed("ann")) == (ETHER + 7, 0)


@pytest.mark.usefixtures("untraced")
def test_what_balances_show_beside_a_payment_is_a_deposit_of_its_own(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    house = open_house()
    address = house.address("ann")
    anvil.pay(address, 3 * ETHER)
    deploy(anvil, "Bomb", wei=ETHER).send("blow", address)
    house.mine()
    house.mine(3)
    found = {str(p.idx).split(":")[0]: (p.units, p.state) for p in house.deposits("ann")}
    assert found == {"tx": (3 * ETHER, "credited"), "balance": (ETHER, "held")}


@pytest.mark.usefixtures("untraced")
def test_a_surplus_goes_with_its_block_and_comes_with_the_next(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    house = open_house()
    address = house.address("ann")
    deploy(anvil, "Splitter").send("pay", [address], wei=ETHER)
    house.mine()
    (first,) = house.deposits("ann")
    anvil.reorg(1)
    house.settle()
    assert [p.state for p in house.deposits("ann")] == ["vanished"]
    house.mine()
    house.mine(3)
    states = {p.id: (p.state, p.units) for p in house.deposits("ann")}
    assert states.pop(first.id) == ("vanished", ETHER)
    assert list(states.values()) == [("held", ETHER)]


def test_block_rewards_to_an_address_of_ours_are_held(
    open_house: OpenHouse, own_anvil: Anvil
) -> None:
    """Case 29."""
    house = open_house(on=own_anvil)
    address = house.address("ann")
    own_anvil.set_fee_recipient(address)
    own_anvil.pay(own_anvil.stranger(), ETHER)
    house.mine()
    own_anvil.set_fee_recipient("0x" + "00" * 20)
    house.mine(3)
    payment = house.deposit("ann")
    assert payment.state == "held"
    assert payment.units == own_anvil.balance(address) > 0


def test_a_balance_set_by_nobody_is_found_by_the_rolling_look(
    open_house: OpenHouse, own_anvil: Anvil
) -> None:
    """Case 29, as withdrawals of a validator come."""
    house = open_house(on=own_anvil)
    own_anvil.pay(house.address("ann"), ETHER)
    house.mine(3)
    address = str(house.deposit("ann").address)  # no request is open on it any more
    own_anvil.set_balance(address, ETHER + 5)
    house.mine()
    house.mine(3)
    units = [p.units for p in house.deposits("ann") if p.state == "held"]
    assert units == [5]


def test_coins_that_left_without_us_are_a_named_break(
    open_house: OpenHouse, own_anvil: Anvil
) -> None:
    house = open_house(on=own_anvil)
    own_anvil.pay(house.address("ann"), ETHER)
    house.mine(3)
    own_anvil.set_balance(str(house.deposit("ann").address), ETHER - 9)
    house.reconciles = False
    house.mine()
    (found,) = [each for each in house.compare() if each.kind != "unknown_arrival"]
    assert (found.kind, found.units, house.residuals()) == ("amount_differs", -9, {"ETH": -9})


def test_a_rebasing_token_is_named_and_never_credited(open_house: OpenHouse, anvil: Anvil) -> None:
    """Case 24."""
    token = deploy(anvil, "RebasingToken")
    house = open_house(tokens={"USDT": token})
    address = house.address("ann", "USDT")
    token.send("transfer", address, MILLION)
    house.mine(3)
    token.send("rebase", 110)
    house.mine()
    house.mine(3)
    more = token.read("balanceOf", address) - MILLION
    assert more > 0
    assert {p.units: p.state for p in house.deposits("ann")} == {MILLION: "credited", more: "held"}
    token.send("rebase", 100)
    house.reconciles = False
    house.mine(2)
    assert {each.kind for each in house.compare()} >= {"missing_on_chain"}
    assert sum(each.residual for each in house.sums() if each.currency == "USDT") == -more


def test_each_balance_is_counted_at_the_block_that_is_asked_for(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    house = open_house()
    address = house.address("ann")
    before = anvil.tip()
    anvil.pay(address, ETHER)
    house.mine()
    chain = house.on.chain
    asked = [("ETH", address)]
    assert chain.balances(asked, at=before) == [0]  # type: ignore[attr-defined]  # ByBalance
    assert chain.balances(asked, at=anvil.tip()) == [ETHER]  # type: ignore[attr-defined]  # ByBalance
    assert chain.balances(asked, at="0x" + "ab" * 32) == [None]  # type: ignore[attr-defined]  # ByBalance


def test_a_contract_without_balances_tells_none(anvil: Anvil, open_house: OpenHouse) -> None:
    node = open_house().on.chain._node  # type: ignore[attr-defined]  # its transport
    refuser = deploy(anvil, "Refuser").address
    asked = [(refuser, anvil.stranger()), (anvil.stranger(), anvil.stranger())]
    assert balances(node, asked, at=anvil.tip()) == [None, None]


def test_coins_are_those_of_the_rows_where_the_balance_agrees(
    open_house: OpenHouse, anvil: Anvil
) -> None:
    house = open_house()
    address = house.address("ann")
    txids = {anvil.pay(address, ETHER), anvil.pay(address, 2 * ETHER)}
    house.mine(3)
    counted = Counted(house.on.chain, "ETH", ["ETH"])  # type: ignore[arg-type]  # ByBalance
    coins = counted.coins(anvil.tip())
    assert {(coin.txid, coin.units) for coin in coins if coin.address == address} == {
        (p.txid, p.units) for p in house.deposits("ann")
    }
    assert {coin.txid for coin in coins} == txids
    assert used_addresses("ETH") == [hot_address("ETH"), address]
    assert counted.coins_mark() == anvil.tip()
    assert counted.spenders([("a", "b")], since=0) == {}


def test_an_address_of_the_pool_is_not_counted_before_it_is_used(open_house: OpenHouse) -> None:
    house = open_house()
    house.address("ann")
    assert Address.select().count() >= 3
    assert used_addresses("ETH") == [hot_address("ETH")]
