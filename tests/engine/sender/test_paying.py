"""The whole way of withdrawals, and what makes them wait: issue 3, points 4 and 6."""

from __future__ import annotations

from datetime import timedelta

from db.models import Address, Client, Coin
from engine import ledger
from engine.chain import Pay, Spend
from engine.sender import fees
from tests.engine.deposits.life import events_of
from tests.engine.deposits.worlds import everywhere, on_litecoind, on_the_fake
from tests.engine.sender.conftest import OpenDesk
from tests.engine.sender.desk import COIN, FEE, Desk
from tests.nodes.fake import FakeChain

ALL_THE_WAY = ["request", "sign", "send", "confirm", "credit", "chain_fee"]


@everywhere
def test_a_withdrawal_goes_all_the_way(desk: Desk) -> None:
    desk.fund("ann", 5 * COIN)
    paid = desk.withdraw("ann", 2 * COIN)
    assert desk.owed("ann") == 3 * COIN - FEE
    desk.settle()
    row = desk.now_of(paid)
    assert (row.state, row.txid, row.sub_state) == ("pending", desk.attempt().txid, "")
    desk.mine(2)
    assert desk.state_of(paid) == "pending"
    assert ledger.balance("in_transit", "LTC") == -(2 * COIN + FEE)
    desk.mine(1)
    row = desk.now_of(paid)
    assert row.state == "credited"
    assert events_of(row) == ALL_THE_WAY
    attempt = desk.attempt()
    assert ledger.balance("in_transit", "LTC") == 0
    assert ledger.balance("fees:service", "LTC") == -FEE
    assert ledger.balance("fees:network", "LTC") == attempt.fee_units > 0
    assert ledger.balance("wallet:deposits", "LTC") == 0
    assert ledger.balance("wallet:hot", "LTC") == 3 * COIN - attempt.fee_units
    desk.mine(10)
    assert desk.now_of(paid).final
    assert desk.attempt().final
    desk.assert_paid_once(paid)


@everywhere
def test_fifty_share_one_chain_tx_and_its_fee(desk: Desk) -> None:
    desk.fund("ann", 60 * COIN)
    paid = [desk.withdraw("ann", COIN + at) for at in range(50)]
    desk.finish(*paid)
    attempt = desk.attempt()
    assert ledger.balance("fees:network", "LTC") == attempt.fee_units
    assert desk.owed("ann") == 60 * COIN - sum(COIN + at + FEE for at in range(50))


@everywhere
def test_several_batches_follow_each_other_in_order(open_desk: OpenDesk) -> None:
    desk = open_desk(**{"batch.max": 2})
    desk.fund("ann", 4 * COIN, 5 * COIN, 6 * COIN)
    paid = [desk.withdraw("ann", COIN + at) for at in range(5)]
    desk.finish(*paid)
    together = [desk.now_of(each).attempt for each in paid]
    assert together[0] == together[1] != together[2] == together[3] != together[4]
    assert len(desk.attempts()) == 3


@everywhere
def test_two_to_one_address_are_two_chain_txs(desk: Desk) -> None:
    desk.fund("ann", 4 * COIN, 5 * COIN)
    address = desk.on.stranger()
    paid = [desk.withdraw("ann", units, to=address) for units in (COIN, 2 * COIN)]
    desk.settle()
    desk.mine(3)
    assert [desk.state_of(each) for each in paid] == ["credited"] * 2
    assert sorted(desk.on.paid_to(address)) == [COIN, 2 * COIN]
    assert len(desk.attempts()) == 2


@on_litecoind
def test_an_address_in_two_spellings_is_one(desk: Desk) -> None:
    """A node refuses a chain tx that pays one script twice, and would for ever."""
    desk.fund("ann", 4 * COIN, 5 * COIN)
    address = desk.on.stranger()
    paid = [desk.withdraw("ann", COIN, to=to) for to in (address, address.upper())]
    desk.settle()
    desk.mine(3)
    assert [desk.state_of(each) for each in paid] == ["credited"] * 2
    assert desk.on.paid_to(address) == [COIN, COIN]


@everywhere
def test_the_last_unit_can_be_paid_out(desk: Desk) -> None:
    """The client's fee pays the network's: without change, everything goes."""
    desk.fund("ann", 2 * COIN)
    paid = desk.withdraw("ann", 2 * COIN - FEE)
    assert desk.owed("ann") == 0
    desk.finish(paid)
    assert ledger.balance("wallet:deposits", "LTC") == 0
    fee = desk.attempt().fee_units
    assert ledger.balance("wallet:hot", "LTC") == FEE - fee


@everywhere
def test_change_below_dust_is_left_to_the_fee(desk: Desk) -> None:
    address = desk.on.stranger()
    desk.fund("ann", 2 * COIN)
    coin = Coin.get()
    spend = Spend(coin.txid, coin.idx, coin.units, coin.address)
    rate, _ = fees.rate(desk.node)
    least = fees.fee_of(desk.node.tx_size([spend], [Pay(address, 0)]), rate)
    units = 2 * COIN - least - desk.node.dust(address) // 2
    paid = desk.withdraw("ann", units, to=address, fee=0)
    desk.finish(paid)
    assert desk.attempt().fee_units == 2 * COIN - int(paid.units or 0)
    assert ledger.balance("wallet:hot", "LTC") == 0


@everywhere
def test_short_of_funds_it_waits_says_why_and_goes_on_by_itself(desk: Desk) -> None:
    """Case 73: in the order of their requests, which the one behind says; the coins of nobody
    else's question are used."""
    txid = desk.fund("ann", 2 * COIN)[0]
    desk.on.spend_ours(txid, desk.on.stranger(), COIN)
    first, second = desk.withdraw("ann", COIN + COIN // 2), desk.withdraw("ann", COIN // 10)
    desk.step()
    desk.on.mine(1)
    for _ in range(3):
        desk.step()
    rows = [desk.now_of(each) for each in (first, second)]
    assert [row.state for row in rows] == ["requested"] * 2
    assert [row.sub_state for row in rows] == ["waiting"] * 2
    assert [row.reason for row in rows] == [
        "waiting for funds in the hot wallet",
        f"behind {first.id}, which waits for funds in the hot wallet",
    ]
    assert desk.attempts() == []
    txids = [desk.on.pay(desk.address("bob"), 3 * COIN)]
    desk.on.mine(3)
    for _ in range(4):
        desk.step()
    assert [desk.state_of(each) for each in (first, second)] == ["pending"] * 2
    assert Coin.get(Coin.txid == txids[0]).reserved
    desk.on.mine(3)
    desk.step()
    desk.assert_paid_once(first, second)


@everywhere
def test_coins_that_a_stranger_spends_with_our_keys_hold_up_nothing(desk: Desk) -> None:
    """The hand-made spend is in no block yet: the smallest coin that suffices is its coin."""
    taken, _ = desk.fund("ann", 2 * COIN, 3 * COIN)
    desk.on.spend_ours(taken, desk.on.stranger(), COIN)
    paid = desk.withdraw("ann", COIN)
    for _ in range(3):
        desk.step()
    assert desk.state_of(paid) == "pending"
    assert [coin.units for coin in Coin.select().where(~Coin.reserved.is_null())] == [3 * COIN]
    assert Coin.get(Coin.txid == taken).spent_txid is None, "nothing is proved"
    desk.on.mine(3)
    desk.step()
    desk.assert_paid_once(paid)


@on_the_fake
def test_what_a_stranger_gives_up_is_spent_again(desk: Desk) -> None:
    (taken,) = desk.fund("ann", 2 * COIN)
    stray = desk.on.spend_ours(taken, desk.on.stranger(), COIN)
    paid = desk.withdraw("ann", COIN)
    for _ in range(3):
        desk.step()
    assert desk.now_of(paid).reason == "waiting for funds in the hot wallet"
    desk.on.drop(stray)
    desk.settle(after=timedelta(seconds=31))
    assert desk.state_of(paid) == "pending"
    desk.finish(paid)


@everywhere
def test_a_wrong_address_that_only_the_node_knows_is_refused_with_all_returned(desk: Desk) -> None:
    """Cases 80, 83: nothing is signed, and the others are paid."""
    desk.fund("ann", 5 * COIN)
    own = str(desk.request("bob").address)
    tiny = desk.on.stranger()
    wrong = [
        desk.withdraw("ann", COIN, to="no-address-at-all"),
        desk.withdraw("ann", COIN, to=own),
        desk.withdraw("ann", desk.node.dust(tiny) - 1, to=tiny),
    ]
    good = desk.withdraw("ann", COIN)
    desk.settle()
    assert [desk.state_of(each) for each in wrong] == ["refused"] * 3
    assert [desk.now_of(each).reason for each in wrong] == [
        "the node does not accept the address",
        "the address is one of this cashier's own",
        "the amount is too small to be sent",
    ]
    assert desk.owed("ann") == 4 * COIN - FEE
    desk.finish(good)
    assert len(Address.select().where(Address.purpose == "change")) == 1


@on_the_fake
def test_a_fee_above_the_caps_waits_and_goes_when_the_network_calms_down(
    open_desk: OpenDesk, fake: FakeChain
) -> None:
    """Case 75."""
    desk = open_desk(**{"withdrawal.fee_max": "0.001"})
    desk.fund("ann", 5 * COIN)
    fake.estimate = 5_000_000
    paid = desk.withdraw("ann", COIN)
    desk.settle()
    row = desk.now_of(paid)
    assert (row.state, row.sub_state) == ("requested", "waiting")
    assert row.reason == "waiting: the network's fee is above fee_max now"
    assert fake.sent == []
    fake.estimate = 20_000
    desk.finish(paid)


@everywhere
def test_a_rate_above_its_cap_waits_and_says_so(open_desk: OpenDesk) -> None:
    desk = open_desk(**{"withdrawal.fee_rate_max": "0.00000001"})  # less than any node relays
    desk.fund("ann", 5 * COIN)
    paid = desk.withdraw("ann", COIN)
    desk.settle()
    row = desk.now_of(paid)
    assert (row.state, row.sub_state) == ("requested", "waiting")
    assert row.reason == "waiting: the network's fee rate is above fee_rate_max now"
    assert desk.attempts() == []
    desk.assert_not_paid(paid)


@on_the_fake
def test_a_rate_back_under_its_cap_is_paid(open_desk: OpenDesk, fake: FakeChain) -> None:
    desk = open_desk(**{"withdrawal.fee_rate_max": "0.0002"})
    desk.fund("ann", 5 * COIN)
    fake.estimate = 20_001
    paid = desk.withdraw("ann", COIN)
    desk.settle()
    assert desk.now_of(paid).sub_state == "waiting"
    fake.estimate = 20_000
    desk.finish(paid)


@on_the_fake
def test_a_batch_too_dear_for_the_cap_is_paid_in_smaller_ones(
    open_desk: OpenDesk, fake: FakeChain
) -> None:
    desk = open_desk(**{"withdrawal.fee_max": "0.00001"})
    desk.fund("ann", 5 * COIN, 6 * COIN, 7 * COIN)
    fake.estimate = 4_000  # a chain tx of up to 250 bytes
    paid = [desk.withdraw("ann", COIN) for _ in range(4)]
    desk.finish(*paid)
    assert len(desk.attempts()) > 1
    assert max(each.fee_units for each in desk.attempts()) <= 1_000


@everywhere
def test_a_person_s_brake_holds_everything_back_and_says_so(desk: Desk) -> None:
    desk.fund("ann", 5 * COIN)
    desk.paused = "paused by staff: a drill"
    paid = desk.withdraw("ann", COIN)
    desk.settle()
    assert desk.now_of(paid).reason == "paused by staff: a drill"
    desk.paused = ""
    desk.finish(paid)
    assert desk.now_of(paid).reason == ""


@on_the_fake
def test_a_blocked_client_is_not_paid(desk: Desk) -> None:
    desk.fund("ann", 5 * COIN)
    paid = desk.withdraw("ann", COIN)
    Client.update(blocked=True).where(Client.id == "ann").execute()
    desk.settle()
    assert (desk.state_of(paid), desk.now_of(paid).reason) == ("held", "the client is blocked")


@on_the_fake
def test_withdrawals_wait_for_company_as_long_as_configured(open_desk: OpenDesk) -> None:
    desk = open_desk(**{"batch.every": 60})
    desk.fund("ann", 5 * COIN)
    first = desk.withdraw("ann", COIN)
    desk.settle()
    assert desk.attempts() == []
    second = desk.withdraw("ann", COIN)
    desk.settle(after=timedelta(seconds=60))
    assert desk.attempt().fee_units > 0
    desk.finish(first, second)


@on_litecoind
def test_coins_past_finality_are_taken_before_younger_ones(desk: Desk) -> None:
    old = desk.fund("ann", 6 * COIN)[0]
    desk.mine(10)
    desk.fund("bob", 2 * COIN)
    paid = desk.withdraw("bob", COIN)
    desk.settle()
    assert Coin.get(Coin.txid == old).reserved == desk.attempt().family
    desk.finish(paid)


@on_the_fake
def test_one_that_is_too_small_for_its_fee_holds_up_nobody_else(
    open_desk: OpenDesk, fake: FakeChain
) -> None:
    desk = open_desk(**{"withdrawal.fee_max_share": "0.01", "batch.max": 1})
    desk.fund("ann", 5 * COIN, 6 * COIN)
    fake.estimate = 20_000
    small = desk.withdraw("ann", COIN // 10_000)
    large = desk.withdraw("ann", COIN)
    desk.settle()
    assert (desk.state_of(small), desk.state_of(large)) == ("requested", "pending")
    assert desk.now_of(small).reason == (
        "waiting: the network's fee is too large a share of the amount now"
    )
    fake.estimate = None
    fake.floor = 1
    desk.finish(small, large)


@on_the_fake
def test_one_that_the_network_would_not_relay_holds_up_nobody_else(
    desk: Desk, fake: FakeChain
) -> None:
    desk.fund("ann", 5 * COIN, 6 * COIN, 7 * COIN)
    odd, good, other = (desk.withdraw("ann", COIN) for _ in range(3))
    fake.nonstandard = {str(odd.address)}
    desk.settle()
    desk.mine(3)
    assert desk.now_of(odd).reason == "waiting: the network would not take its chain tx now"
    assert [desk.state_of(each) for each in (odd, good)] == ["requested", "credited"]
    fake.nonstandard.clear()
    desk.finish(odd, good, other)
