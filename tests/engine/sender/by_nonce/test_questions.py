"""What became of a send of which no node tells: two persons say, and what they said is carried out
as if it had been proved; the books equal the chain if they told the truth, and show it if not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from db.attempts import Attempt, Outflow
from db.models import History, Payment
from engine import ledger
from engine.chain import BlockRef
from engine.reconciliation.standing import BreakView
from engine.sender.by_nonce.settle import (
    GONE,
    NAMELESS_TAKER,
    NEVER_MINED,
    PAID_UNKNOWN,
    UNCLEAR,
)
from engine.sender.doubted import doubted
from engine.sending import Outcome, Send
from engine.sweeps.sweeper import Sweeper
from tests.engine.approvals.conftest import people
from tests.engine.approvals.people import People
from tests.engine.deposits.life import events_of
from tests.engine.sender.by_nonce.fake_desk import ETHER, FEE
from tests.engine.sender.by_nonce.unsure import LONG, SOON, UnsureDesk

__all__ = ["people"]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

FUNDS = 5 * ETHER  # ann's, of each currency
STAFF = ["ann", "ben"]


@pytest.fixture
def desk(database: str, tmp_path: Path, people: People) -> UnsureDesk:
    return UnsureDesk.staffed(tmp_path, database, people)


def _evidence(payment: Payment, event: str) -> dict[str, object]:
    (row,) = History.select().where((History.payment == payment.id) & (History.event == event))
    return dict(json.loads(row.evidence))


def _kinds(breaks: list[BreakView]) -> list[str]:
    return sorted(each.kind for each in breaks)


# --- in a block, and nobody tells what it moved ---


def test_it_is_asked_once_its_block_is_final_and_that_stood_for_a_while(desk: UnsureDesk) -> None:
    (paid,) = desk.unclear(moved=True)
    assert desk.shown(paid) == ("pending", "", UNCLEAR)
    assert "uncertain_send" not in _kinds(desk.found())
    found = desk.uncertain()
    row = desk.now_of(paid)
    (attempt,) = desk.attempts()
    assert (found.subject, found.units, found.owner) == (attempt.family, -ETHER, "staff")
    assert found.fixable
    assert "--paid or --not-paid" in found.cure
    assert found.evidence["payment"] == paid.id
    assert found.evidence["attempts"] == [[attempt.id, attempt.txid]]
    assert found.evidence["block"] == {"height": row.block_height, "hash": row.block_hash}
    assert found.evidence["node"]["balances"] == "forgotten"
    desk.mine()
    assert desk.uncertain().evidence == found.evidence, "a signature lasts while facts stay"


def test_a_block_that_may_still_leave_the_chain_is_not_asked_of(desk: UnsureDesk) -> None:
    desk.node.forgets = True
    desk.withdraw("ann", ETHER, currency="USDT")
    desk.settle()
    desk.differ(-1)
    desk.mine(5)
    desk.settle(after=LONG)
    desk.settle(after=LONG)
    assert "uncertain_send" not in _kinds(desk.found())


def test_what_two_say_to_have_paid_ends_as_what_is_proved(desk: UnsureDesk) -> None:
    (paid,) = desk.unclear(moved=True)
    desk.answered(desk.uncertain(), "paid")
    assert events_of(paid)[-4:] == ["judge", "confirm", "credit", "chain_fee"]
    assert (desk.state_of(paid), desk.now_of(paid).final) == ("credited", True)
    assert desk.owed("ann", "USDT") == FUNDS - ETHER - FEE
    assert ledger.balance("in_transit", "USDT") == 0
    (attempt,) = desk.attempts()
    assert (attempt.state, attempt.final) == ("settled", True)
    assert ledger.balance("fees:network", "ETH") == int(attempt.paid_units or 0) > 0
    assert Outflow.get(Outflow.idx == "value").units == ETHER
    told = _evidence(paid, "credit")["judged"]
    assert told == {"paid": True, "break": _evidence(paid, "judge")["break"], "staff": STAFF}
    desk.differ(1)  # what kept balances from vouching was nothing of it
    desk.assert_whole()


@pytest.mark.parametrize("currency", ["ETH", "USDT"])
def test_what_two_say_not_to_have_paid_is_given_back(desk: UnsureDesk, currency: str) -> None:
    (paid,) = desk.unclear(moved=False, currency=currency)
    desk.answered(desk.uncertain(), "not_paid")
    assert desk.shown(paid) == ("failed", "", GONE)
    (attempt,) = desk.attempts()
    burnt = int(attempt.paid_units or 0) if currency == "ETH" else 0
    assert desk.owed("ann", currency) == FUNDS - burnt
    assert Outflow.get(Outflow.idx == "value").units == 0
    assert (attempt.state, attempt.final) == ("settled", True)
    desk.mine(8)
    assert len(desk.attempts()) == 1, "nothing is paid again by itself"
    desk.assert_whole()


def test_several_are_answered_each_by_its_own_signatures(desk: UnsureDesk) -> None:
    made = desk.unclear(moved=True, count=3)
    desk.settle(after=LONG)
    breaks = {each.evidence.get("payment"): each for each in desk.found()}
    for each in made[:2]:
        desk.say(breaks[each.id], "paid")
    desk.settle(after=SOON)
    assert [desk.state_of(each) for each in made] == ["credited", "credited", "pending"]
    (left,) = [each for each in desk.found() if each.kind == "uncertain_send"]
    assert left.evidence["payment"] == made[2].id
    desk.answered(left, "paid")
    desk.differ(1)
    desk.assert_whole()


@pytest.mark.parametrize(("outcome", "state"), [("paid", "credited"), ("not_paid", "failed")])
def test_a_sweep_is_answered_like_what_a_client_is_paid(
    database: str, tmp_path: Path, people: People, outcome: str, state: str
) -> None:
    desk = UnsureDesk.staffed(tmp_path, database, people, sweep={"above": "0.1"})
    sweeper = Sweeper(desk.config, "ETH", desk.node, guard=desk.lease.guard)
    desk.node.forgets = True
    if outcome == "not_paid":
        desk.node.false.add("ETH")
    assert sweeper.step(desk.tip(), desk.now) == 1
    desk.settle()
    desk.node.mine(1)
    if outcome == "paid":
        desk.differ(-1, "ETH")
    desk.mine(8)
    (sweep,) = Payment.select().where(Payment.purpose == "sweep")
    assert sweep.reason == UNCLEAR
    desk.answered(desk.uncertain(), outcome)
    assert desk.state_of(sweep) == state
    desk.differ(1 if outcome == "paid" else 0, "ETH")
    desk.assert_whole()


def test_of_what_is_proved_to_have_left_nobody_says_that_it_did_not(
    desk: UnsureDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A token that took a part of it: how much is known, and whether that counts is not."""
    paid = desk.withdraw("ann", ETHER, currency="USDT")
    desk.settle()
    tell = desk.node.outcomes

    def partly(sends: Mapping[str, Send], *, tip: BlockRef) -> dict[str, Outcome]:
        found = tell(sends, tip=tip)
        return {txid: replace(each, left=ETHER // 2) for txid, each in found.items()}

    monkeypatch.setattr(desk.node, "outcomes", partly)
    desk.node.mine(1)
    desk.differ(ETHER // 2)
    desk.mine(8)
    found = desk.uncertain()
    assert list(found.evidence["outcomes"]) == ["paid"]
    desk.answered(found, "paid")
    assert desk.state_of(paid) == "credited"
    assert ledger.balance("loss", "USDT") == -ETHER // 2, "what did not leave is the house's"
    desk.assert_whole()


# --- persons who are wrong ---


def test_coins_that_two_say_to_have_left_and_that_are_there_are_a_break(desk: UnsureDesk) -> None:
    (paid,) = desk.unclear(moved=False)
    desk.answered(desk.uncertain(), "paid")
    assert desk.state_of(paid) == "credited"
    assert _kinds(desk.found()) == ["missing_in_books"]
    assert desk.residuals() == {"ETH": 0, "USDT": ETHER}
    desk.mine(1)
    desk.mine(6)
    (found,) = desk.found()
    assert (found.kind, found.units) == ("unknown_arrival", ETHER)


def test_a_node_that_tells_later_that_it_did_pay_differs_from_the_books(desk: UnsureDesk) -> None:
    (paid,) = desk.unclear(moved=True)
    desk.answered(desk.uncertain(), "not_paid")
    assert desk.state_of(paid) == "failed"
    desk.differ(1)
    desk.node.forgets = False
    desk.mine(8)
    row, sums = sorted(desk.found(), key=lambda each: each.subject)
    (attempt,) = desk.attempts()
    assert (row.kind, row.subject) == ("amount_differs", f"{attempt.txid}:value")
    assert (sums.kind, sums.subject, sums.units) == ("amount_differs", "wallet accounts", -ETHER)
    assert desk.residuals() == {"ETH": 0, "USDT": -ETHER}
    assert (desk.state_of(paid), len(desk.attempts())) == ("failed", 1)


# --- facts come before persons ---


def test_once_the_node_tells_a_signature_counts_for_nothing(desk: UnsureDesk) -> None:
    (paid,) = desk.unclear(moved=False)
    found = desk.uncertain()
    assert desk.say(found, "paid", "ann")[0][0] == "done"
    form = desk.bench.form("cure", by="ben", now=desk.now, payment=found.id, outcome="paid")
    desk.node.forgets = False
    desk.settle(after=SOON)
    assert desk.state_of(paid) == "failed"
    state, said = desk.bench.submit(form, now=desk.now)
    assert state == "refused"
    assert "not so any more" in said
    assert "judge" not in events_of(paid)


def test_what_two_signed_is_not_done_when_the_node_tells_before_it_is(desk: UnsureDesk) -> None:
    (paid,) = desk.unclear(moved=False)
    said = desk.say(desk.uncertain(), "paid")
    assert [state for state, _ in said] == ["done", "done"]
    desk.node.forgets = False
    desk.settle(after=SOON)
    assert (desk.state_of(paid), desk.owed("ann", "USDT")) == ("failed", FUNDS)
    assert "judged" not in _evidence(paid, "fail")
    desk.assert_whole()


def test_balances_that_bear_out_the_log_come_before_persons_too(desk: UnsureDesk) -> None:
    (paid,) = desk.unclear(moved=True)
    desk.say(desk.uncertain(), "not_paid")
    desk.differ(1)
    desk.settle(after=SOON)
    assert desk.state_of(paid) == "credited"
    desk.assert_whole()


def test_a_block_that_is_another_one_now_is_another_question(desk: UnsureDesk) -> None:
    (paid,) = desk.unclear(moved=True)
    desk.say(desk.uncertain(), "not_paid")
    depth = desk.node.height - int(desk.now_of(paid).block_height or 0) + 1
    desk.node.reorg(depth)
    desk.mine(8)
    desk.differ(-1)
    desk.settle(after=SOON)
    assert desk.shown(paid) == ("pending", "", UNCLEAR)
    assert desk.uncertain().evidence["block"]["hash"] == desk.now_of(paid).block_hash


# --- rows that only say so ---


def test_a_healthy_send_whose_rows_say_that_it_is_uncertain_is_not_asked_of(
    desk: UnsureDesk,
) -> None:
    paid = desk.withdraw("ann", ETHER, currency="USDT")
    desk.settle()
    desk.node.mine(1)
    desk.settle()
    Payment.update(reason=UNCLEAR, updated_at="2020-01-01T00:00:00.000000Z").where(
        Payment.id == paid.id
    ).execute()
    assert "uncertain_send" not in _kinds(desk.found())
    desk.mine(8)
    desk.settle(after=LONG)
    assert desk.state_of(paid) == "credited"


def test_a_family_that_is_not_as_signed_is_not_asked_of(desk: UnsureDesk) -> None:
    (paid,) = desk.unclear(moved=True)
    Attempt.update(fee_units=1).execute()
    desk.settle(after=SOON)
    assert desk.sender.questions == ()
    assert list(doubted("ETH")) == [desk.attempts()[0].id]
    desk.settle(after=LONG)
    assert "uncertain_send" not in _kinds(desk.found())
    assert desk.state_of(paid) == "pending"


def test_an_answer_that_nobody_signed_is_none(desk: UnsureDesk) -> None:
    """Whoever writes the whole database writes such a row, too, and names whom he likes."""
    (paid,) = desk.unclear(moved=True)
    found = desk.uncertain()
    desk.say(found, "not_paid", "ann")
    (question,) = desk.sender.questions
    row = desk.now_of(paid)
    with desk.batch() as batch:
        evidence = {"break": found.id, "about": question.evidence, "outcome": "not_paid"}
        batch.move(row, "judge", evidence=evidence, reason=row.reason)
    desk.settle(after=SOON)
    assert desk.shown(paid) == ("pending", "", UNCLEAR)
    assert desk.uncertain().evidence == question.evidence


# --- its number was taken ---


@pytest.mark.parametrize("currency", ["ETH", "USDT"])
def test_what_an_unknown_replacement_paid_is_booked_as_its_own(
    desk: UnsureDesk, currency: str
) -> None:
    paid = desk.replaced(currency=currency)
    assert desk.shown(paid) == ("pending", "", PAID_UNKNOWN)
    assert "unknown_spend" in _kinds(desk.found())
    desk.answered(desk.uncertain(), "paid")
    assert (desk.state_of(paid), desk.now_of(paid).final) == ("credited", True)
    assert desk.owed("ann", currency) == FUNDS - ETHER - FEE
    signed, adopted = desk.attempts()
    assert [(each.state, each.final) for each in (signed, adopted)] == [
        ("dead", True),
        ("settled", True),
    ]
    assert adopted.txid == desk.now_of(paid).txid
    assert ledger.balance("fees:network", "ETH") == int(adopted.paid_units or 0) > 0
    assert doubted("ETH") == {}
    desk.assert_whole()
    desk.mine(8)
    desk.assert_books_are_the_chain()
    desk.withdraw("ann", ETHER, currency=currency)
    desk.settle()
    desk.mine(8)
    desk.assert_whole()


def test_what_two_say_of_an_unknown_replacement_to_be_no_payment_is_given_back(
    desk: UnsureDesk,
) -> None:
    paid = desk.replaced()
    desk.answered(desk.uncertain(), "not_paid")
    assert desk.shown(paid) == ("failed", "", NEVER_MINED)
    assert desk.owed("ann") == FUNDS
    assert [(each.state, each.final) for each in desk.attempts()] == [("dead", True)]
    desk.mine(8)
    assert len(desk.attempts()) == 1, "nothing is paid again by itself"
    assert _kinds(desk.found()) == ["unknown_spend"], "and what left is named"


def test_a_loss_that_was_booked_is_not_posted_again_as_a_payment(desk: UnsureDesk) -> None:
    paid = desk.replaced()
    (theft,) = [each for each in desk.found() if each.kind == "unknown_spend"]
    for by in STAFF:
        assert desk.bench.do("cure", by=by, now=desk.now, payment=theft.id)[0] == "done"
    found = desk.uncertain()
    assert list(found.evidence["outcomes"]) == ["not_paid"]
    desk.answered(found, "not_paid")
    assert desk.owed("ann") == FUNDS
    assert desk.state_of(paid) == "failed"
    desk.assert_whole()


def test_a_number_that_somebody_used_whom_no_node_names_is_answered_too(desk: UnsureDesk) -> None:
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    desk.node.steal(desk.node.hot, int(desk.attempts()[0].nonce or 0), 1)
    desk.node.pruned = True
    desk.mine(1)
    desk.settle(after=LONG)
    assert desk.shown(paid) == ("pending", "", NAMELESS_TAKER)
    assert desk.sender.questions == (), "whoever it was may still leave the chain"
    desk.mine(5)
    desk.answered(desk.uncertain(), "not_paid")
    assert desk.shown(paid) == ("failed", "", NEVER_MINED)
    assert desk.owed("ann") == FUNDS
    assert len(desk.attempts()) == 1


def test_of_what_nobody_names_only_the_fee_stays_a_difference(desk: UnsureDesk) -> None:
    paid = desk.replaced()
    desk.node.pruned = True
    desk.restart()
    desk.mine(1)
    desk.mine(6)
    desk.answered(desk.uncertain(), "paid")
    row = desk.now_of(paid)
    assert (row.state, row.final, row.txid) == ("credited", True, None)
    desk.found()
    done = desk.node.newest.numbers[desk.node.hot]
    fee = 10 * ETHER - ETHER - desk.node.held(desk.node.hot)
    assert (done, desk.residuals()) == (1, {"ETH": -fee, "USDT": 0})
