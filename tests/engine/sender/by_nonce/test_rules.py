"""Rules of sending by number, one by one, on the chain in memory and on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from db.attempts import Attempt, AttemptInput, AttemptOutput, Nonce
from db.connection import database as opened
from db.models import Balance
from engine.chain import BlockRef
from engine.errors import NodeDown, StaleState
from engine.sender import attempts
from engine.sender.by_nonce.bump import ATTEMPTS_MAX, RAISED_OFTEN
from engine.sender.by_nonce.looks import deepest_final
from engine.sender.by_nonce.offers import GasTooHigh, gas_for, least, offer, raised
from engine.sender.by_nonce.reserve import reserve
from engine.sender.by_nonce.settle import (
    FAILED,
    FREE_GAP,
    GAP,
    HELD_GAP,
    NAMELESS_TAKER,
    TAKEN,
)
from engine.sender.by_nonce.signing import NOT_MOVED
from engine.sender.doubted import NOT_ITS_BYTES, doubted
from engine.sender.fees import FeeTooHigh
from engine.sending import Offer, Rates
from tests.engine.deposits.life import events_of
from tests.engine.sender.by_nonce.fake_desk import ETHER, FakeDesk
from tests.nodes.ledger_world import GWEI

LATER = timedelta(minutes=2)
SOON = timedelta(seconds=31)


@pytest.fixture
def desk(database: str, tmp_path: Path) -> FakeDesk:
    desk = FakeDesk.open(tmp_path, database)
    desk.credit("ann", 5 * ETHER)
    desk.credit("ann", 5 * ETHER, "USDT")
    return desk


@pytest.mark.parametrize(
    ("estimate", "gas"), [(21_000, 21_000), (50_000, 60_000), (90_000, 100_000)]
)
def test_more_gas_is_offered_than_is_estimated(estimate: int, gas: int) -> None:
    assert gas_for(estimate, most=100_000) == gas
    with pytest.raises(GasTooHigh):
        gas_for(100_001, most=100_000)


def test_an_offer_outlasts_a_doubled_base_fee_or_as_much_as_a_cap_lets_it() -> None:
    rates = Rates(base=80, tip=10)
    assert offer(rates, 1000, most=None) == Offer(1000, 170, 10)
    assert offer(rates, 1000, most=120_000) == Offer(1000, 120, 10)
    assert offer(rates, 1000, most=1000 * least(rates)).fee_cap == 100
    with pytest.raises(FeeTooHigh):
        offer(rates, 1000, most=1000 * least(rates) - 1)


def test_a_replacement_offers_an_eighth_more_of_both_and_the_networks_price() -> None:
    old = Offer(1000, 80, 8)
    assert raised(old, Rates(base=60, tip=8), most=None) is None
    assert raised(old, Rates(base=73, tip=8), most=None) == Offer(1000, 155, 9)
    assert raised(old, Rates(base=73, tip=8), most=90_000) == Offer(1000, 90, 9)
    with pytest.raises(FeeTooHigh):
        raised(old, Rates(base=73, tip=8), most=89_999)


def test_what_is_final_is_the_nodes_word_where_it_is_asked(database: str, tmp_path: Path) -> None:
    ether = FakeDesk.open(tmp_path, database, finality="finalized").config.currencies["ETH"]
    tip = BlockRef(100, "0x")
    assert deepest_final(ether, tip, None) == -1
    assert deepest_final(ether, tip, 20) == 20
    assert deepest_final(ether, tip, 90) == 100 - ether.finality + 1


def test_a_number_is_taken_once(desk: FakeDesk) -> None:
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    ((stored,),) = attempts.open_families("ETH", dead=[], deepest=-1)
    stored.row.family = "another"
    with pytest.raises(StaleState), opened.atomic():
        reserve([stored])
    assert Nonce.get().family == desk.now_of(paid).attempt


def test_a_token_that_does_not_let_it_be_sent_there_gives_all_back(desk: FakeDesk) -> None:
    to = desk.node.somebody()
    desk.node.refusing.add(to)
    paid = desk.withdraw("ann", ETHER, to=to, currency="USDT")
    desk.settle()
    assert desk.shown(paid) == ("refused", "", NOT_MOVED)
    assert desk.owed("ann", "USDT") == 5 * ETHER


def test_what_was_too_cheap_from_the_start_is_replaced_too(desk: FakeDesk) -> None:
    """The node never took it: it is not seen by anybody, and its number is gone all the same."""
    paid = desk.withdraw("ann", ETHER)
    desk.node.refuses = "max fee per gas less than block base fee"
    desk.settle()
    assert desk.shown(paid)[:2] == ("requested", "sending")
    desk.node.refuses = ""
    desk.node.base = 50 * GWEI
    for each in list(desk.node.pool.values()):
        desk.node.drop(each.txid)
    desk.step(after=LATER)
    assert [row.number for row in desk.attempts()] == [1, 2]
    desk.mine(3)
    assert desk.state_of(paid) == "credited"
    assert {"sign", "bump"} <= set(events_of(desk.now_of(paid)))


def test_a_replacement_that_was_refused_once_is_offered_again(desk: FakeDesk) -> None:
    """The cheap one is in the pool, and holds up all behind it until the dear one is there."""
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    desk.node.base = 20 * GWEI
    desk.mine()
    desk.node.refuses = "insufficient funds for gas * price + value"
    desk.step(after=LATER)
    desk.step(after=SOON)
    assert [row.sends for row in desk.attempts()] == [1, 1]
    desk.node.refuses = ""
    desk.step(after=LATER)
    desk.mine(3)
    assert [row.sends for row in desk.attempts()] == [1, 2]
    assert desk.state_of(paid) == "credited"


def test_an_attempt_that_is_written_to_somebody_else_s_payment_does_not_pay_it(
    desk: FakeDesk,
) -> None:
    """Of the same amount, to another address."""
    desk.withdraw("ann", ETHER)
    desk.settle()
    desk.paused["ETH"] = "waits"
    other = desk.withdraw("ann", ETHER)
    (attempt,) = desk.attempts()
    AttemptOutput.update(payment=other.id).where(AttemptOutput.attempt == attempt.id).execute()
    desk.exact = False
    desk.node.mine(4)
    desk.step()
    assert desk.state_of(other) == "requested"


def _number(stored: Attempt) -> None:
    Attempt.update(nonce=0).where(Attempt.id == stored.id).execute()


def _number_everywhere(stored: Attempt) -> None:
    _number(stored)
    of_it = AttemptInput.attempt == stored.id
    AttemptInput.update(idx="nonce:0").where(of_it).execute()


def _bytes(stored: Attempt) -> None:
    first = Attempt.get(Attempt.nonce == 0)
    Attempt.update(signed=first.signed).where(Attempt.id == stored.id).execute()


def _payee(stored: Attempt) -> None:
    thief = "0x" + "ab" * 20
    of_it = AttemptOutput.attempt == stored.id
    AttemptOutput.update(address=thief).where(of_it).execute()


def _currency(stored: Attempt) -> None:
    Attempt.update(currency="USDT").where(Attempt.id == stored.id).execute()


@pytest.mark.parametrize("forge", [_number, _number_everywhere, _bytes, _payee, _currency])
def test_from_rows_that_are_not_the_signed_bytes_nothing_follows(
    desk: FakeDesk, forge: Callable[[Attempt], None]
) -> None:
    """Whoever writes the database makes it look lost, failed or stuck, to be paid once more."""
    first = desk.withdraw("ann", ETHER)
    desk.settle()
    desk.mine(7)
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    forge(desk.attempts()[-1])
    desk.node.base = 10 * GWEI
    for _ in range(8):
        desk.step(after=LATER)
        desk.node.mine()
    assert set(doubted("ETH").values()) == {NOT_ITS_BYTES}
    assert [row.number for row in desk.attempts()] == [1, 1]
    assert desk.state_of(first) == "credited"
    assert desk.state_of(paid) == "pending"


def test_a_family_that_only_rows_call_failed_gives_nothing_back(desk: FakeDesk) -> None:
    """Its history does not know of this attempt."""
    to = desk.node.somebody()
    paid = desk.withdraw("ann", ETHER, to=to)
    desk.settle()
    desk.node.refusing.add(to)
    Attempt.update(fee_units=1).execute()
    desk.mine(8)
    assert desk.shown(paid) == ("pending", "", FAILED)
    assert desk.owed("ann") < 4 * ETHER


def test_a_family_that_is_not_as_signed_is_not_paid_again(desk: FakeDesk) -> None:
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    sent = desk.attempts()[0]
    desk.node.steal(desk.node.hot, int(sent.nonce or 0), 1)
    Attempt.update(fee_units=1).execute()
    desk.mine(8)
    assert desk.shown(paid) == ("pending", "", TAKEN)
    assert len(desk.attempts()) == 1


def test_a_number_that_is_gone_without_a_name_is_shown_and_proves_nothing(desk: FakeDesk) -> None:
    """A node that forgot its states counts a send more, and cannot say whose it was."""
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    desk.node.steal(desk.node.hot, int(desk.attempts()[0].nonce or 0), 1)
    desk.node.pruned = True
    desk.mine(8)
    assert desk.shown(paid) == ("pending", "", NAMELESS_TAKER)
    assert len(desk.attempts()) == 1
    desk.node.pruned = False
    desk.mine(1)
    desk.mine(3)
    assert desk.state_of(paid) == "credited"
    assert [row.state for row in desk.attempts()] == ["dead", "settled"]


def test_a_theft_that_leaves_the_chain_again_is_shown_no_longer(desk: FakeDesk) -> None:
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    theft = desk.node.steal(desk.node.hot, int(desk.attempts()[0].nonce or 0), 1)
    desk.mine(1)
    assert desk.shown(paid) == ("pending", "", TAKEN)
    desk.node.reorg(1)
    desk.node.drop(theft)
    desk.settle(after=SOON)
    assert desk.shown(paid) == ("pending", "", "")
    desk.mine(3)
    assert desk.state_of(paid) == "credited"


def test_a_reply_that_makes_no_sense_for_one_holds_up_no_other(desk: FakeDesk) -> None:
    first, second = desk.withdraw("ann", ETHER), desk.withdraw("ann", ETHER // 2)
    desk.settle()
    desk.exact = False
    desk.node.unreadable.add(desk.attempts()[0].txid)
    desk.mine(4)
    assert (desk.state_of(first), desk.state_of(second)) == ("pending", "credited")
    desk.node.unreadable.clear()
    desk.settle(after=SOON)
    assert desk.state_of(first) == "credited"


def test_one_that_was_raised_ten_times_says_so(desk: FakeDesk) -> None:
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    for _ in range(ATTEMPTS_MAX):
        desk.node.base *= 3
        desk.step(after=LATER)
    assert len(desk.attempts()) == ATTEMPTS_MAX
    assert desk.shown(paid) == ("pending", "", f"waiting: {RAISED_OFTEN}")
    desk.node.base = GWEI
    desk.mine(3)
    assert desk.shown(paid) == ("credited", "", "")


def test_clients_coins_pay_no_higher_fee_of_a_token(desk: FakeDesk) -> None:
    paid = desk.withdraw("ann", ETHER // 2, currency="USDT", fee=0)
    desk.settle()
    (first,) = desk.attempts()
    house = Balance.get((Balance.account == "house") & (Balance.currency == "ETH"))
    of_house = (Balance.account == "house") & (Balance.currency == "ETH")
    Balance.update(units=-first.fee_units).where(of_house).execute()
    desk.node.base *= 100
    desk.step(after=LATER)
    assert len(desk.attempts()) == 1
    assert (
        desk.shown(paid)[2] == "waiting: the house has too little ETH of its own for a higher fee"
    )
    Balance.update(units=house.units).where(of_house).execute()
    desk.step(after=LATER)
    assert len(desk.attempts()) == 2
    desk.mine(3)
    assert desk.state_of(paid) == "credited"


def test_replacements_of_one_round_share_what_is_there(desk: FakeDesk) -> None:
    """Each takes of what the ones before it left, or none of them would ever be mined."""
    desk.credit("ann", 5 * ETHER)
    paid = [desk.withdraw("ann", 45 * ETHER // 10) for _ in range(2)]
    desk.settle()
    assert len(desk.attempts()) == 2
    desk.node.base = 16_000 * GWEI
    desk.step(after=LATER)
    rows = {row.family: row for row in desk.attempts()}
    assert 9 * ETHER + sum(int(row.fee_units) for row in rows.values()) <= 10 * ETHER
    desk.node.base = GWEI
    desk.mine(4)
    assert [desk.state_of(each) for each in paid] == ["credited"] * 2


def test_one_behind_a_number_that_a_thief_gave_back_says_so(desk: FakeDesk) -> None:
    """A reorganisation forgot what took it: the next send does, and frees those behind it."""
    desk.node.steal(desk.node.hot, 0, GWEI)
    desk.node.mine()
    desk.settle()
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    assert [row.nonce for row in desk.attempts()] == [1]
    desk.node.reorg(1, forget=True)
    desk.settle()
    desk.mine(7)
    assert desk.shown(paid) == ("pending", "", f"{GAP.format(0)}{FREE_GAP}")
    desk.node.base *= 100
    desk.step(after=LATER)
    assert len(desk.attempts()) == 1, "a higher fee would not help it"
    desk.node.base = GWEI
    next_one = desk.withdraw("ann", ETHER)
    desk.settle()
    assert desk.shown(paid) == ("pending", "", f"{GAP.format(0)}{FREE_GAP}")
    desk.step(after=SOON)
    assert desk.shown(paid) == ("pending", "", "")
    desk.mine(3)
    assert [desk.state_of(each) for each in (paid, next_one)] == ["credited"] * 2


def test_one_behind_a_send_whose_rows_were_changed_says_so(desk: FakeDesk) -> None:
    desk.node.refuses = "not now"
    first, second = desk.withdraw("ann", ETHER), desk.withdraw("ann", ETHER)
    desk.settle()
    Attempt.update(signed="0x00").where(Attempt.id == desk.now_of(first).attempt).execute()
    desk.node.refuses = ""
    desk.step(after=SOON)
    assert desk.shown(second)[2] == f"{GAP.format(0)}{HELD_GAP}"


def test_what_a_turning_chain_undoes_for_a_moment_is_not_refused(desk: FakeDesk) -> None:
    """Its estimate is of a block that we do not know: what the payee is there says nothing."""
    payee = desk.node.somebody()
    paid = desk.withdraw("ann", ETHER, to=payee)
    before = desk.tip()
    desk.node.refusing.add(payee)
    desk.node.reorg(1)
    with pytest.raises(NodeDown):
        desk.sender.pay(before, desk.now)
    desk.node.refusing.clear()
    desk.settle()
    assert desk.state_of(paid) == "pending"
