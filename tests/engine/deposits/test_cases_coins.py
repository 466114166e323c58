"""Odd coins: several in one chain tx, dust, spam, rewards, change of our own, other forms."""

from __future__ import annotations

from datetime import timedelta

from db.models import Coin, Parked
from engine.deposits import rules
from tests.engine.deposits.conftest import OpenHouse
from tests.engine.deposits.life import COIN, House, events_of, rows_written, total
from tests.engine.deposits.raw import data_beside, malleated, to_one_address_twice
from tests.engine.deposits.worlds import everywhere, on_litecoind, on_the_fake
from tests.nodes.fake import FakeChain
from tests.nodes.harness import LitecoindHarness


@on_the_fake
def test_two_outputs_to_one_address_are_two_deposits(house: House, fake: FakeChain) -> None:
    """Case 7."""
    address = house.address("ann")
    txid = fake.pay([(address, COIN), (address, 2 * COIN)])
    fake.mine(3)
    house.settle()
    assert [house.paid(txid, at).units for at in (0, 1)] == [COIN, 2 * COIN]
    assert house.states("ann") == ["credited", "credited"]
    assert house.owed("ann") == 3 * COIN


@on_litecoind
def test_two_outputs_to_one_address_of_a_real_node_are_two_deposits(
    house: House, on: LitecoindHarness
) -> None:
    """Case 7: the node builds no such chain tx by itself, so its bytes are changed."""
    address = house.address("ann")
    to_one_address_twice(on.node, address, ("1", "2"))
    on.mine(3)
    house.settle()
    assert sorted(int(row.units or 0) for row in house.deposits("ann")) == [COIN, 2 * COIN]
    assert house.owed("ann") == 3 * COIN


@everywhere
def test_one_chain_tx_that_pays_three_clients_is_one_deposit_each(house: House) -> None:
    """Case 8."""
    paid = {house.address(name): COIN * at for at, name in enumerate(("ann", "bob", "cy"), 1)}
    house.on.pay_many({**paid, house.on.stranger(): 5 * COIN})
    house.on.mine(3)
    house.settle()
    assert [house.owed(name) for name in ("ann", "bob", "cy")] == [COIN, 2 * COIN, 3 * COIN]
    assert len({row.txid for row in house.deposits()}) == 1


@on_litecoind
def test_outputs_that_carry_data_or_an_unknown_script_are_passed_over(
    house: House, on: LitecoindHarness
) -> None:
    """Case 9."""
    data_beside(on.node, house.address("ann"), "1.5")
    on.mine(3)
    house.settle()
    assert house.deposit("ann").units == 150_000_000
    assert Coin.select().count() == 1


@on_litecoind
def test_a_malleated_chain_tx_is_credited_once(house: House, on: LitecoindHarness) -> None:
    """Case 6: the same coin spent by the same signature under another txid."""
    first, variant = malleated(on.node, house.address("ann"), "2")
    house.settle()
    assert house.paid(first).state == "pending"
    on.mine_only(variant)
    on.mine(2)
    house.settle()
    assert house.paid(first).state == "vanished"
    assert house.states("ann") == ["vanished", "credited"]
    assert house.owed("ann") == 2 * COIN
    assert house.paid(first).successor == house.deposits("ann")[1].id


@everywhere
def test_a_reward_waits_for_its_maturity(house: House) -> None:
    """Case 10."""
    house.on.coinbase(house.address("ann"))
    house.settle()
    payment = house.deposit("ann")
    assert (payment.state, payment.sub_state, payment.required) == ("pending", "immature", 101)
    house.on.mine(99)
    house.settle()
    assert house.states("ann") == ["pending"]
    house.on.mine(1)
    house.settle()
    assert house.deposit("ann").state == "credited"
    assert house.deposit("ann").sub_state == ""
    assert house.owed("ann") == payment.units


@everywhere
def test_an_orphaned_reward_vanishes_for_good(house: House) -> None:
    """Case 10: the node lists it for ever."""
    house.on.coinbase(house.address("ann"))
    house.settle()
    house.on.reorg(1)
    house.settle()
    assert house.states("ann") == ["vanished"]
    before = rows_written()
    house.on.mine(4)
    house.restart()
    house.settle()
    assert rows_written() == before


@everywhere
def test_dust_is_held_in_suspense(open_house: OpenHouse) -> None:
    """Case 13."""
    house = open_house(deposit_minimum="0.001")
    house.on.pay(house.address("ann"), 6_000)
    house.on.mine(3)
    house.settle()
    payment = house.deposit("ann")
    assert (payment.state, payment.reason) == ("held", rules.HELD_BELOW_MINIMUM)
    assert events_of(payment) == ["request", "see", "confirm", "hold"]
    assert house.owed("ann") == 0


@everywhere
def test_small_coins_are_credited_when_their_sum_passes_the_minimum(open_house: OpenHouse) -> None:
    """Case 13, with `below_minimum = "accumulate"`."""
    house = open_house(deposit_minimum="0.001", below_minimum="accumulate", confirmations=1)
    address = house.address("ann")
    for _ in range(2):
        house.on.pay(address, 40_000)
        house.on.mine()
        house.settle()
    assert [(row.state, row.sub_state) for row in house.deposits("ann")] == [
        ("held", "accumulating")
    ] * 2
    house.on.pay(address, 40_000)
    house.on.mine()
    house.settle()
    assert house.states("ann") == ["credited"] * 3
    assert house.owed("ann") == 120_000


@on_the_fake
def test_small_coins_that_confirm_together_are_credited_together(open_house: OpenHouse) -> None:
    """Case 13."""
    house = open_house(deposit_minimum="0.001", below_minimum="accumulate", confirmations=1)
    ann, bob = house.address("ann"), house.address("bob")
    for address in (ann, ann, ann, bob):
        house.on.pay(address, 40_000)
    house.on.mine()
    house.settle()
    assert house.owed("ann") == 120_000
    assert house.states("bob") == ["held"]


@on_the_fake
def test_spam_is_worked_off_in_bounded_chunks_and_nothing_is_lost(
    house: House, fake: FakeChain
) -> None:
    """Case 14."""
    spammed, ann = house.address("bob"), house.address("ann")
    fake.pay([(spammed, 1_000)] * 400)
    for _ in range(1_100):
        fake.pay(spammed, 1_000)
    fake.pay(ann, COIN)
    house.step()
    fake.mine(3)
    house.settle()
    assert house.owed("ann") == COIN
    assert len(house.deposits("bob")) == 1_500
    assert house.owed("bob") == 1_500 * 1_000


@everywhere
def test_several_payments_to_one_address_are_each_credited(house: House) -> None:
    """Case 15: before and after the first was credited."""
    address = house.address("ann")
    house.on.pay(address, COIN)
    house.on.pay(address, 2 * COIN)
    house.on.mine(3)
    house.settle()
    assert house.owed("ann") == 3 * COIN
    house.on.pay(address, 4 * COIN)
    house.on.mine(3)
    house.settle()
    assert house.owed("ann") == total(house.deposits("ann")) == 7 * COIN
    assert house.address("ann") != address


@everywhere
def test_our_own_change_on_a_deposit_address_is_never_a_deposit(house: House) -> None:
    """Case 32. No attempt of ours made it, so that reconciliation calls it a break, rightly."""
    house.reconciles = False
    address = house.address("ann")
    txid = house.on.pay_ourselves(address, COIN // 2)
    house.on.mine(3)
    house.settle()
    assert house.deposits("ann") == []
    assert house.owed("ann") == 0
    assert Parked.select().where(Parked.key.startswith(txid)).exists()


@on_litecoind
def test_an_address_paid_in_another_form_is_the_same_address(
    house: House, on: LitecoindHarness
) -> None:
    """Case 35: the wallet reports its canonical form, whatever the sender typed."""
    address = house.address("ann")
    assert address.upper() != address
    on.node.pay(address.upper(), "1")
    on.mine(3)
    house.settle()
    assert house.owed("ann") == COIN


@on_the_fake
def test_a_payment_years_later_is_credited_to_the_same_client(house: House) -> None:
    """Case 16."""
    address = house.address("ann")
    house.settle(after=timedelta(days=3 * 365))
    house.on.pay(address, COIN)
    house.on.mine(3)
    house.settle()
    assert house.owed("ann") == COIN
