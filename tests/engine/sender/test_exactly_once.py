"""Replies that are lost, nodes that forget, chains that turn: one payment each, whatever happens.

Cases 44, 61, 63, 66, 69, 72 and 87, and facts 2.1h, 2.1i, 2.2c, 2.2e, 2.2h.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from db.models import Client, Coin, History, Parked, Payment
from engine import chains, ledger
from engine.chain import BlockRef, Fact, Standing
from engine.errors import LeaseLost, NodeDown
from engine.sender.settle import LOST, NOT_TAKEN
from tests.engine.deposits.life import events_of
from tests.engine.deposits.worlds import everywhere, on_the_fake
from tests.engine.sender.desk import COIN, FEE, Desk
from tests.nodes.fake import FakeChain

FINALITY = 10
CALLS_MAX = 16


@on_the_fake
def test_a_reply_that_is_lost_after_the_broadcast_changes_nothing(
    desk: Desk, fake: FakeChain
) -> None:
    """Case 61: no answer means unknown; the next round finds it."""
    desk.fund("ann", 5 * COIN)
    paid = desk.withdraw("ann", 2 * COIN)
    fake.loses = 1
    desk.failing_step()
    assert (fake.loses, len(fake.sent)) == (0, 1)
    assert (desk.state_of(paid), desk.now_of(paid).sub_state) == ("requested", "sending")
    desk.settle()
    assert desk.state_of(paid) == "pending"
    assert len(set(fake.sent)) == 1
    desk.finish(paid)


@on_the_fake
def test_a_round_cut_off_at_any_call_pays_once(desk: Desk, fake: FakeChain) -> None:
    """Whichever call to the node fails, and however often: the same bytes, or none yet."""
    desk.fund("ann", *[3 * COIN] * 12)
    hits, paid = 0, []
    for after in range(CALLS_MAX):
        paid.append(desk.withdraw("ann", COIN // 2))
        fake.fail(NodeDown("a cut reply"), after=after)
        before = fake.faults_hit
        try:
            desk.step()
        except NodeDown:
            hits += 1
            assert fake.faults_hit == before + 1
        fake.fault = None
        if after % 3 == 0:
            desk.restart()
        desk.settle()
        desk.mine(1)
    assert hits >= 8, "too few calls were hit"
    desk.finish(*paid)


@on_the_fake
def test_what_the_mempool_forgot_is_sent_again_as_the_same_bytes(
    desk: Desk, fake: FakeChain
) -> None:
    """Cases 63, 66."""
    desk.fund("ann", 5 * COIN)
    paid = desk.withdraw("ann", 2 * COIN)
    desk.settle()
    fake.drop(desk.attempt().txid)
    desk.step(after=timedelta(minutes=1))
    assert fake.mempool == [desk.attempt().txid]
    fake.drop(desk.attempt().txid)
    fake.swallows = 1
    desk.restart()
    desk.step()
    assert fake.mempool == []
    desk.step(after=timedelta(minutes=1))
    assert len(set(fake.sent)) == 1
    desk.finish(paid)


@on_the_fake
def test_bytes_that_the_node_refuses_are_kept_and_sent_until_it_takes_them(
    desk: Desk, fake: FakeChain
) -> None:
    """Case 66: -25 and -26 prove nothing; no refund, no second chain tx."""
    desk.fund("ann", 5 * COIN, 6 * COIN)
    paid = desk.withdraw("ann", 2 * COIN)
    fake.refuses = "-26 mempool min fee not met"
    for _ in range(4):
        desk.step(after=timedelta(minutes=1))
    row = desk.now_of(paid)
    assert (row.state, row.sub_state, row.reason) == ("requested", "sending", NOT_TAKEN)
    assert desk.attempt().last_error == "-26 mempool min fee not met"
    assert desk.owed("ann") == 9 * COIN - FEE
    fake.refuses = ""
    desk.finish(paid)
    assert len(set(fake.sent)) == 1
    assert desk.now_of(paid).reason == ""


@on_the_fake
def test_nonsense_about_one_chain_tx_holds_up_no_other(desk: Desk, fake: FakeChain) -> None:
    """Rule 10: what is told of it makes no sense, so nothing follows for its payment."""
    desk.fund("ann", 5 * COIN, 5 * COIN)
    first = desk.withdraw("ann", 2 * COIN)
    desk.settle()
    poisoned = desk.attempt().txid
    fake.lies[poisoned] = Fact(poisoned, Standing.UNREADABLE, words="its conflicts are no list")
    second = desk.withdraw("ann", COIN)
    for _ in range(4):
        desk.on.mine(1)
        desk.step()
    assert (desk.state_of(first), desk.state_of(second)) == ("pending", "credited")
    (parked,) = Parked.select()
    assert (parked.key, "no list" in parked.reason) == (poisoned, True)
    fake.lies.clear()
    desk.on.mine(1)
    desk.finish(first, second)


@everywhere
def test_a_reorganisation_of_a_pending_withdrawal_is_waited_out(desk: Desk) -> None:
    """Case 44."""
    desk.fund("ann", 5 * COIN)
    paid = desk.withdraw("ann", 2 * COIN)
    desk.settle()
    desk.mine(2)
    assert desk.now_of(paid).block_hash is not None
    desk.on.reorg(2)
    desk.settle()
    assert (desk.state_of(paid), desk.now_of(paid).block_hash) == ("pending", None)
    desk.finish(paid)
    assert len(desk.attempts()) == 1


@everywhere
def test_a_settled_withdrawal_out_of_its_block_is_flagged_and_settles_again(desk: Desk) -> None:
    desk.fund("ann", 5 * COIN)
    paid = desk.withdraw("ann", 2 * COIN)
    desk.settle()
    desk.mine(3)
    assert desk.state_of(paid) == "credited"
    fees = ledger.balance("fees:network", "LTC")
    desk.on.reorg(3)
    desk.settle()
    row = desk.now_of(paid)
    assert (row.state, row.unsettled, row.block_hash) == ("credited", True, None)
    desk.finish(paid)
    assert not desk.now_of(paid).unsettled
    assert events_of(paid)[-2:] == ["unsettle", "settle"]
    assert ledger.balance("fees:network", "LTC") == fees
    assert len(desk.attempts()) == 1


@everywhere
def test_a_settled_withdrawal_in_another_block_says_so(desk: Desk) -> None:
    desk.fund("ann", 5 * COIN)
    paid = desk.withdraw("ann", 2 * COIN)
    desk.settle()
    desk.mine(3)
    old = desk.now_of(paid).block_hash
    desk.on.reorg(3)
    desk.on.mine(1)
    desk.settle()
    row = desk.now_of(paid)
    assert (row.state, row.unsettled) == ("credited", False)
    assert row.block_hash not in {None, old}
    desk.finish(paid)


def _double_spent_deposit(desk: Desk, *, confirmed: bool) -> tuple[Payment, str]:
    """A withdrawal from a deposit coin, and the bytes that take the coin back; `confirmed`: the
    withdrawal is settled first."""
    (txid,) = desk.fund("ann", 5 * COIN)
    paid = desk.withdraw("ann", 2 * COIN)
    desk.settle()
    rival = desk.on.double_spend(txid)
    desk.mine(3 if confirmed else 1)
    return paid, rival


@everywhere
@pytest.mark.parametrize("confirmed", [True, False])
def test_a_withdrawal_dies_with_the_deposit_that_funded_it(desk: Desk, confirmed: bool) -> None:
    """2.1i: the client owes, and the withdrawal is not paid again: it is held."""
    paid, rival = _double_spent_deposit(desk, confirmed=confirmed)
    depth = desk.on.height() - int(desk.deposit("ann").block_height or 0) + 1
    desk.on.reorg(depth, first=[rival])
    desk.settle()
    assert desk.state_of(paid) == ("credited" if confirmed else "pending")
    assert desk.deposit("ann").state == "reversed"
    assert desk.owed("ann") == -(2 * COIN + FEE)
    desk.on.mine(FINALITY)
    desk.settle()
    row = desk.now_of(paid)
    assert (row.state, row.attempt, row.unsettled) == ("held", None, False)
    assert desk.attempt().state == "dead"
    assert ledger.balance("wallet:hot", "LTC") == ledger.balance("wallet:deposits", "LTC") == 0
    assert ledger.balance("fees:network", "LTC") == 0
    desk.assert_not_paid(paid)


@everywhere
def test_one_that_others_deposits_bear_is_paid_again_from_other_coins(desk: Desk) -> None:
    """The proof is beyond finality, and the client's other deposits bear it: paid once, in all."""
    paid, rival = _double_spent_deposit(desk, confirmed=True)
    depth = desk.on.height() - int(desk.deposits("ann")[0].block_height or 0) + 1
    desk.on.reorg(depth, first=[rival])
    desk.on.pay(desk.address("ann"), 9 * COIN)
    desk.on.mine(FINALITY - 2 - depth)
    desk.settle()
    row = desk.now_of(paid)
    assert (row.state, row.unsettled) == ("credited", True), "nothing is proved yet"
    Client.update(blocked=False).execute()
    desk.on.mine(1)
    desk.settle()
    desk.finish(paid)
    dead, alive = desk.attempts()
    assert (dead.state, alive.state) == ("dead", "settled")
    assert events_of(paid)[6:] == [
        *("unsettle", "reverse", "retry", "chain_fee_undone"),
        *("sign", "send", "confirm", "credit", "chain_fee"),
    ]
    assert desk.owed("ann") == 9 * COIN - 2 * COIN - FEE


@everywhere
def test_a_coin_spent_by_hand_is_proved_and_the_payment_goes_from_another(desk: Desk) -> None:
    """Case 72: somebody with our keys spends the coin of an attempt; nothing is paid twice."""
    first, _ = desk.fund("ann", 2 * COIN, 8 * COIN)
    paid = desk.withdraw("ann", COIN)
    desk.settle()
    attempt = desk.attempt()
    coin = Coin.get(Coin.txid == first)
    assert coin.reserved == attempt.family
    desk.on.displace(attempt.txid, desk.on.stranger())
    desk.on.mine(FINALITY - 2)
    _rounds(desk)
    assert len(desk.attempts()) == 1
    desk.on.mine(1)
    _rounds(desk)
    row = desk.now_of(paid)
    states = [each.state for each in desk.attempts()]
    assert states == ["dead", "sent"], (row.state, row.sub_state, row.reason)
    assert Coin.get(Coin.txid == first).spent_txid not in {None, attempt.txid}
    assert LOST in [row.reason for row in _history(paid)]
    desk.on.mine(3)
    _rounds(desk)
    assert desk.state_of(paid) == "credited"
    desk.assert_paid_once(paid)


@everywhere
def test_bytes_that_never_went_out_die_with_their_coin_too(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crash between storing and sending, and the coin is spent by hand meanwhile: the wallet
    never saw the attempt, so its coin must prove it."""
    first, _ = desk.fund("ann", 2 * COIN, 8 * COIN)
    paid = desk.withdraw("ann", COIN)
    with monkeypatch.context() as cut:
        cut.setattr(desk.on.chain, "send", _power_cut)
        desk.failing_step()
    assert [row.state for row in desk.attempts()] == ["stored"]
    desk.on.spend_ours(first, desk.on.stranger(), COIN)
    desk.on.mine(FINALITY)
    _rounds(desk)
    assert [row.state for row in desk.attempts()] == ["dead", "sent"]
    desk.on.mine(3)
    _rounds(desk)
    desk.assert_paid_once(paid)


def _power_cut(_raw: str) -> None:
    raise NodeDown("a power cut")


def _rounds(desk: Desk) -> None:
    """Rounds on a chain where coins of ours went elsewhere: the sums differ, and reconciliation
    names it."""
    for _ in range(6):
        desk.step(after=timedelta(minutes=1))


def _history(payment: Payment) -> list[History]:
    return list(History.select().where(History.payment == payment.id).order_by(History.seq))


@on_the_fake
def test_an_engine_that_lost_its_lease_stores_and_sends_nothing(
    desk: Desk, fake: FakeChain
) -> None:
    """Case 69: it signed, but the fence stops it before anything leaves."""
    desk.fund("ann", 5 * COIN)
    paid = desk.withdraw("ann", 2 * COIN)
    old = desk.sender
    desk.take_over("second engine")
    tip = chains.state("LTC")
    with pytest.raises(LeaseLost):
        old.step(BlockRef(int(tip.height), str(tip.hash)), desk.now)
    assert (fake.sent, desk.attempts()) == ([], [])
    desk.finish(paid)
    assert len(set(fake.sent)) == 1
