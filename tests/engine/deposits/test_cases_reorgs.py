"""Blocks that leave the chain under a deposit: before and after it is credited."""

from __future__ import annotations

from db.models import Client, Coin
from engine import ledger
from engine.audit.database import verify_database
from engine.deposits import rules
from engine.lifecycle import Batch
from tests.engine.deposits.conftest import OpenHouse
from tests.engine.deposits.life import COIN, House, entries_of, events_of, rows_written
from tests.engine.deposits.worlds import everywhere, on_the_fake
from tests.nodes.fake import FakeChain


def _pending_in_a_block(house: House) -> str:
    txid = house.on.pay(house.address("ann"), COIN)
    house.on.mine(2)
    house.settle()
    assert house.states("ann") == ["pending"]
    return txid


def _credited(house: House) -> str:
    txid = house.on.pay(house.address("ann"), COIN)
    house.on.mine(house.currency.confirmations.required(COIN))
    house.settle()
    assert house.owed("ann") == COIN
    return txid


def _confirm_by_hand(house: House) -> None:
    payment = house.deposit("ann")
    suspense = ledger.suspense_account(payment.id)
    entry = ledger.shift("confirm", "LTC", COIN, to="wallet:deposits", out_of=suspense)
    with Batch(house.config, actor="engine", now=house.now) as batch:
        batch.move(payment, "confirm", evidence={}, entry=entry)


@everywhere
def test_a_reorg_puts_a_pending_deposit_back_to_no_confirmations(house: House) -> None:
    """Case 36."""
    _pending_in_a_block(house)
    house.on.reorg(2)
    house.settle()
    payment = house.deposit("ann")
    assert (payment.state, payment.block_hash) == ("pending", None)
    assert Coin.get(Coin.payment == payment.id).height is None
    house.on.mine(3)
    house.settle()
    assert events_of(house.deposit("ann")) == ["request", "see", "confirm", "credit"]
    assert house.owed("ann") == COIN


@everywhere
def test_a_reorg_takes_back_confirmed_but_not_credited(house: House) -> None:
    """Case 36: a round confirms and credits in one database transaction, so that the state in
    between is put into the books by hand, as an engine would that stops there."""
    _pending_in_a_block(house)
    _confirm_by_hand(house)
    house.on.reorg(2)
    house.settle()
    assert house.states("ann") == ["pending"]
    house.on.mine(3)
    house.settle()
    assert events_of(house.deposit("ann"))[2:] == ["confirm", "unconfirm", "confirm", "credit"]
    assert house.owed("ann") == COIN


@everywhere
def test_a_confirmed_deposit_that_an_engine_left_is_credited_by_the_next(house: House) -> None:
    """Case 91: nothing waits for ever in between."""
    _pending_in_a_block(house)
    house.on.mine()
    _confirm_by_hand(house)
    house.restart()
    house.settle()
    assert events_of(house.deposit("ann")) == ["request", "see", "confirm", "credit"]
    assert house.owed("ann") == COIN


@everywhere
def test_a_deposit_mined_again_in_another_block_keeps_its_credit_and_posts_nothing(
    house: House,
) -> None:
    """Case 37."""
    txid = _credited(house)
    original = house.on.original(txid)
    before = entries_of(house.deposit("ann"))
    house.on.reorg(3, first=[original])
    house.settle()
    payment = house.deposit("ann")
    assert (payment.state, payment.unsettled) == ("credited", False)
    assert entries_of(payment) == before
    assert events_of(payment)[-1] == "settle"


@everywhere
def test_a_double_spent_deposit_vanishes_before_credit(house: House) -> None:
    """Case 38."""
    txid = _pending_in_a_block(house)
    house.on.reorg(2, first=[house.on.double_spend(txid)])
    house.settle()
    assert house.states("ann") == ["vanished"]
    house.on.mine(5)
    house.settle()
    assert entries_of(house.deposit("ann")) == []


@everywhere
def test_a_credited_deposit_out_of_its_block_stays_credited_and_is_flagged(
    open_house: OpenHouse,
) -> None:
    """Case 39."""
    house = open_house(confirmations=1)
    _credited(house)
    before = entries_of(house.deposit("ann"))
    house.on.reorg(1)
    house.settle()
    payment = house.deposit("ann")
    assert (payment.state, payment.unsettled) == ("credited", True)
    house.on.mine()
    house.settle()
    payment = house.deposit("ann")
    assert (payment.state, payment.unsettled) == ("credited", False)
    assert entries_of(payment) == before


@everywhere
def test_a_credited_deposit_is_reversed_when_its_conflict_is_as_deep_as_it_had_to_be(
    house: House,
) -> None:
    """Case 40."""
    txid = _credited(house)
    cheat = house.on.double_spend(txid)
    house.on.reorg(3)
    house.on.mine_only(cheat)
    for _ in range(2):
        house.settle()
        payment = house.deposit("ann")
        assert (payment.state, payment.unsettled) == ("credited", True)
        assert house.owed("ann") == COIN
        house.on.mine()
    house.settle()
    payment = house.deposit("ann")
    assert (payment.state, payment.unsettled) == ("reversed", False)
    assert entries_of(payment)[-1] == ("client:ann", "wallet:deposits")
    assert house.owed("ann") == 0
    assert Client.get_by_id("ann").blocked
    assert Client.get_by_id("ann").blocked_reason == f"deposit {payment.id} was reversed"


@everywhere
def test_a_reversal_takes_a_client_below_zero_who_spent_the_credit(house: House) -> None:
    """Case 40: the debt is shown, not hidden. The client's coins go to the site by hand, so the
    house's own check of accounts by deposits alone is left out from there on."""
    txid = _credited(house)
    spent = ledger.shift("settle", "LTC", COIN, to="client:ann", out_of="site")
    with Batch(house.config, actor="engine", now=house.now) as batch:
        batch.move(house.deposit("ann"), "settle", evidence={}, entry=spent)
    assert house.owed("ann") == 0
    house.on.reorg(3, first=[house.on.double_spend(txid)])
    house.follower.step(house.now)
    assert house.states("ann") == ["reversed"]
    assert house.owed("ann") == -COIN
    assert verify_database().ok


@everywhere
def test_a_reversed_deposit_mined_again_is_held_for_staff(house: House) -> None:
    """Case 40, and back: its client is blocked by then, so a person decides."""
    txid = _credited(house)
    original = house.on.original(txid)
    cheat = house.on.double_spend(txid)
    house.on.reorg(3, first=[cheat])
    house.settle()
    assert house.states("ann") == ["reversed"]
    house.on.reorg(4, first=[original])
    house.settle()
    payment = house.deposit("ann")
    assert (payment.state, payment.reason) == ("held", rules.HELD_BLOCKED)
    assert events_of(payment)[-4:] == ["reverse", "revive", "confirm", "hold"]
    assert house.owed("ann") == 0


@everywhere
def test_a_held_deposit_whose_coin_is_gone_is_reversed_out_of_suspense(
    open_house: OpenHouse,
) -> None:
    """Case 40: no client ever had it, so no client is blocked for it."""
    house = open_house(deposit_minimum="5")
    txid = house.on.pay(house.address("ann"), COIN)
    house.on.mine(3)
    house.settle()
    assert house.states("ann") == ["held"]
    house.on.reorg(3, first=[house.on.double_spend(txid)])
    house.settle()
    payment = house.deposit("ann")
    assert payment.state == "reversed"
    assert entries_of(payment)[-1] == (f"suspense:{payment.id}", "wallet:deposits")


@everywhere
def test_a_held_deposit_keeps_its_reason_through_a_reorg(open_house: OpenHouse) -> None:
    """Case 39: staff must still see why it is held."""
    house = open_house(deposit_minimum="5", confirmations=1)
    house.on.pay(house.address("ann"), COIN)
    house.on.mine()
    house.settle()
    house.on.reorg(1)
    house.settle()
    assert house.deposit("ann").unsettled
    assert house.deposit("ann").reason == rules.HELD_BELOW_MINIMUM
    house.on.mine()
    house.settle()
    assert not house.deposit("ann").unsettled
    assert house.deposit("ann").reason == rules.HELD_BELOW_MINIMUM


@everywhere
def test_a_block_replaced_at_the_same_height_is_noticed(house: House) -> None:
    """Case 45: a cursor that was a height would be blind to it."""
    house.on.pay(house.address("ann"), COIN)
    house.on.mine()
    house.settle()
    height = house.on.height()
    assert house.deposit("ann").block_height == height
    house.on.reorg(1, length=1)
    assert house.on.height() == height
    house.settle()
    payment = house.deposit("ann")
    assert (payment.state, payment.block_hash) == ("pending", None)


@on_the_fake
def test_a_reorg_back_and_forth_between_two_rounds_is_no_news(
    house: House, fake: FakeChain
) -> None:
    _credited(house)
    before = rows_written()
    branch = [fake.blocks[known] for known in fake.active[-3:]]
    fake.reorg(3)
    fake.reactivate(branch)
    house.settle()
    assert rows_written() == before


@on_the_fake
def test_a_reorg_back_to_the_old_branch_revives_what_had_vanished(
    house: House, fake: FakeChain
) -> None:
    """Case 38, and back."""
    txid = fake.pay(house.address("ann"), COIN)
    fake.mine(2)
    house.settle()
    branch = [fake.blocks[known] for known in fake.active[-2:]]
    fake.reorg(2, first=[fake.double_spend(txid)])
    house.settle()
    assert house.states("ann") == ["vanished"]
    fake.reactivate(branch)
    fake.mine(3)
    house.settle()
    assert events_of(house.deposit("ann"))[2:] == ["vanish", "revive", "confirm", "credit"]
    assert house.owed("ann") == COIN


@on_the_fake
def test_a_reorg_as_deep_as_finality_is_followed(open_house: OpenHouse, fake: FakeChain) -> None:
    """The deepest deposit that such a reorganisation can reach must still be asked about."""
    house = open_house(confirmations=1, finality=10)
    txid = fake.pay(house.address("ann"), COIN)
    for _ in range(10):
        fake.mine()
        house.settle()
    cheat = fake.double_spend(txid)
    fake.reorg(10, first=[cheat])
    house.settle()
    assert house.states("ann") == ["reversed"]
    assert house.owed("ann") == 0


@on_the_fake
def test_a_reorg_deeper_than_finality_pauses_and_moves_nothing(
    open_house: OpenHouse, fake: FakeChain
) -> None:
    house = open_house(confirmations=1, finality=10)
    txid = fake.pay(house.address("ann"), COIN)
    for _ in range(11):
        fake.mine()
        house.settle()
    assert house.deposit("ann").final
    branch = [fake.blocks[known] for known in fake.active[-11:]]
    fake.reorg(11, first=[fake.double_spend(txid)])
    before = rows_written()
    assert not house.step().well
    assert house.is_paused("deeper than 10 blocks")
    assert rows_written() == before
    assert house.owed("ann") == COIN
    fake.reactivate(branch)
    fake.mine(2)
    assert house.settle().well
    assert house.chain_row.state == "well"


@on_the_fake
def test_a_deep_reorg_after_a_long_absence_is_noticed_though_its_tips_were_never_seen(
    open_house: OpenHouse, fake: FakeChain
) -> None:
    """Only tips that we saw are remembered: frozen deposits between two of them stand guard."""
    house = open_house(confirmations=1, finality=10)
    fake.mine(5)
    house.settle()
    fake.mine(20)
    txid = fake.pay(house.address("ann"), COIN)
    fake.mine(20)
    house.settle()
    assert house.deposit("ann").final
    fake.reorg(20, first=[fake.double_spend(txid)])
    assert not house.step().well
    assert house.is_paused("deeper than 10 blocks")


@on_the_fake
def test_a_small_reorg_long_ago_does_not_make_the_next_one_a_deep_one(
    open_house: OpenHouse, fake: FakeChain
) -> None:
    """A tip that left the chain must not be taken for the one that is final now."""
    house = open_house(confirmations=1, finality=10)
    house.settle()
    fake.mine()
    house.settle()
    fake.reorg(1, length=1)
    house.settle()
    for _ in range(10):
        fake.mine()
        house.settle()
    txid = fake.pay(house.address("ann"), COIN)
    fake.mine()
    house.settle()
    fake.reorg(1, first=[txid], length=1)
    assert house.settle().well
    assert house.owed("ann") == COIN
