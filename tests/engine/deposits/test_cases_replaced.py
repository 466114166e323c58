"""Deposits that somebody takes back before they are mined: replaced, bumped, dropped, expired."""

from __future__ import annotations

from datetime import timedelta

from db.models import Payment
from engine.deposits.request import request_deposit
from engine.deposits.rules import LATE
from tests.engine.deposits.conftest import OpenHouse
from tests.engine.deposits.life import COIN, House, events_of, rows_written
from tests.engine.deposits.worlds import everywhere, on_the_fake
from tests.nodes.fake import FakeChain


@everywhere
def test_a_replaced_payment_that_pays_us_nothing_vanishes_when_the_other_is_mined(
    house: House,
) -> None:
    """Case 1."""
    txid = house.on.pay(house.address("ann"), COIN)
    house.settle()
    house.on.replace(txid, house.on.stranger(), COIN // 2)
    house.settle(after=timedelta(minutes=1))
    payment = house.deposit("ann")
    assert (payment.state, payment.sub_state) == ("pending", "not_in_mempool")
    house.on.mine()
    house.settle()
    assert house.states("ann") == ["vanished"]
    assert house.owed("ann") == 0


@everywhere
def test_a_bumped_payment_is_shown_once_and_credited_once(house: House) -> None:
    """Case 2: both versions pay us, and wallets list both."""
    first = house.on.pay(house.address("ann"), COIN)
    house.settle()
    second = house.on.bump(first)
    house.settle()
    assert house.states("ann") == ["vanished", "pending"]
    assert house.paid(first).successor == house.paid(second).id
    house.on.mine(3)
    house.settle()
    assert house.states("ann") == ["vanished", "credited"]
    assert house.owed("ann") == COIN


@everywhere
def test_the_amount_of_the_mined_version_is_credited(house: House) -> None:
    """Case 3."""
    address = house.address("ann")
    first = house.on.pay(address, 3 * COIN)
    house.settle()
    second = house.on.replace(first, address, COIN)
    house.settle()
    house.on.mine(3)
    house.settle()
    assert house.paid(second).state == "credited"
    assert house.owed("ann") == COIN


@everywhere
def test_a_replaced_payment_that_is_mined_after_all_is_credited(house: House) -> None:
    """Case 2, the other way round: a miner prefers the version that we gave up."""
    first = house.on.pay(house.address("ann"), COIN)
    preferred = house.on.original(first)
    house.settle()
    second = house.on.bump(first)
    house.settle()
    house.on.mine_only(preferred)
    house.on.mine(2)
    house.settle()
    assert events_of(house.paid(first)) == [
        "request",
        "see",
        "vanish",
        "revive",
        "confirm",
        "credit",
    ]
    assert house.paid(second).state == "vanished"
    assert house.owed("ann") == COIN


@on_the_fake
def test_a_dropped_payment_vanishes_after_two_weeks_and_stays_so(
    house: House, fake: FakeChain
) -> None:
    """Case 1: wallets go on listing what every mempool forgot; only the fake forgets at will."""
    txid = fake.pay(house.address("ann"), COIN)
    house.settle()
    fake.drop(txid)
    house.settle(after=timedelta(minutes=1))
    assert house.states("ann") == ["pending"]
    house.settle(after=timedelta(days=13))
    assert house.states("ann") == ["pending"]
    house.settle(after=timedelta(days=1))
    payment = house.deposit("ann")
    assert (payment.state, payment.reason) == ("vanished", "dropped by the network")
    before = rows_written()
    for _ in range(4):
        fake.mine()
        house.settle(after=timedelta(hours=1))
    assert rows_written() == before


@on_the_fake
def test_a_dropped_payment_that_comes_back_revives(house: House, fake: FakeChain) -> None:
    txid = fake.pay(house.address("ann"), COIN)
    house.settle()
    fake.drop(txid)
    house.settle(after=timedelta(minutes=1))
    house.settle(after=timedelta(days=15))
    assert house.states("ann") == ["vanished"]
    fake.announce(txid)
    fake.mine(1, txids=[])
    house.settle(after=timedelta(minutes=1))
    assert house.states("ann") == ["pending"]
    fake.mine(3)
    house.settle()
    assert house.owed("ann") == COIN


@on_the_fake
def test_a_payment_missing_for_a_while_gets_its_two_weeks_anew(
    house: House, fake: FakeChain
) -> None:
    txid = fake.pay(house.address("ann"), COIN)
    house.settle()
    fake.drop(txid)
    house.settle(after=timedelta(days=13))
    fake.announce(txid)
    house.settle(after=timedelta(minutes=1))
    fake.drop(txid)
    house.settle(after=timedelta(days=13))
    assert house.states("ann") == ["pending"]


@everywhere
def test_a_late_coin_after_expiry_is_a_new_payment_of_the_same_client(
    open_house: OpenHouse,
) -> None:
    """Case 16."""
    house = open_house(request_ttl="1d")
    asked = house.request("ann")
    house.settle(after=timedelta(hours=25))
    assert events_of(Payment.get_by_id(asked.id)) == ["request", "expire"]
    house.on.pay(str(asked.address), COIN)
    house.on.mine(3)
    house.settle()
    payment = house.deposit("ann")
    assert payment.id != asked.id
    assert (payment.state, payment.reason) == ("credited", LATE)
    assert house.owed("ann") == COIN


@everywhere
def test_an_expired_request_gives_its_address_to_the_next_one(open_house: OpenHouse) -> None:
    """Case 16: the address stays the client's unused one."""
    house = open_house(request_ttl="1d")
    first = house.request("ann")
    house.settle(after=timedelta(hours=25))
    second = house.request("ann")
    assert (first.address, first.id) != (second.address, second.id)
    assert first.address == second.address
    house.on.pay(str(first.address), COIN)
    house.settle()
    assert house.deposit("ann").id == second.id
    assert house.deposit("ann").reason == ""


@on_the_fake
def test_a_coin_seen_and_a_request_due_in_one_round_both_find_their_end(
    open_house: OpenHouse,
) -> None:
    """Expiry and arrival race: whichever is first, the coin is credited."""
    house = open_house(request_ttl="1d", confirmations=1)
    asked = house.request("ann")
    house.on.pay(str(asked.address), COIN)
    house.on.mine()
    house.settle(after=timedelta(hours=25))
    assert house.owed("ann") == COIN
    view, created = request_deposit(house.config, client="ann", currency="LTC", now=house.now)
    assert created
    assert view.address != asked.address
