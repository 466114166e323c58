"""Ways to have a client paid twice, or never, by what a node does not tell and what persons say of
it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from db.attempts import Attempt
from db.models import Approval, History, Payment
from engine.chain import BlockRef, Fact, Standing
from engine.sender.by_nonce.noting import Noting
from engine.sender.by_nonce.settle import UNCLEAR
from engine.sending import Outcome, Send
from tests.engine.approvals.conftest import people
from tests.engine.approvals.people import Bench, People
from tests.engine.deposits.life import events_of
from tests.engine.sender.by_nonce.fake_desk import ETHER, FEE
from tests.engine.sender.by_nonce.unsure import LONG, SOON, UnsureDesk

__all__ = ["people"]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def desk(database: str, tmp_path: Path, people: People) -> UnsureDesk:
    return UnsureDesk.staffed(tmp_path, database, people)


def tell(
    desk: UnsureDesk, monkeypatch: pytest.MonkeyPatch, say: Callable[[Outcome], Outcome]
) -> None:
    """The node tells so of all that is in a block and no row knows."""
    true = desk.node.outcomes

    def told(sends: Mapping[str, Send], *, tip: BlockRef) -> dict[str, Outcome]:
        ours = {str(each.txid) for each in desk.attempts()}
        return {
            txid: each if txid in ours or each.fact.block is None else say(each)
            for txid, each in true(sends, tip=tip).items()
        }

    monkeypatch.setattr(desk.node, "outcomes", told)


def _absent(told: Outcome) -> Outcome:
    return Outcome(Fact(told.fact.txid, Standing.ABSENT))


def _garbage(told: Outcome) -> Outcome:
    words = "its receipt is no table"
    return Outcome(Fact(told.fact.txid, Standing.UNREADABLE, words=words))


def _contradictory(told: Outcome) -> Outcome:
    return replace(told, left=None, arrived=None)


def _more(told: Outcome) -> Outcome:
    return replace(told, left=(told.left or 0) + 1)


@pytest.mark.parametrize("say", [_absent, _garbage, _contradictory, _more])
def test_what_may_have_been_paid_by_a_number_that_was_taken_is_not_paid_again_unasked(
    desk: UnsureDesk, monkeypatch: pytest.MonkeyPatch, say: Callable[[Outcome], Outcome]
) -> None:
    """A replacement that no row knows did pay, and the node does not tell that it did."""
    tell(desk, monkeypatch, say)
    paid = desk.replaced(currency="USDT")
    desk.mine(8)
    desk.settle(after=LONG)
    assert desk.node.paid_to(str(paid.address), "USDT") == [ETHER]
    assert desk.state_of(paid) == "pending"
    assert len(desk.attempts()) == 1
    desk.answered(desk.uncertain(), "paid")
    assert desk.state_of(paid) == "credited"
    assert desk.node.paid_to(str(paid.address), "USDT") == [ETHER]


def test_a_number_whose_first_block_left_the_chain_is_not_final_yet(desk: UnsureDesk) -> None:
    """Nobody names who took it: it may have been taken anew in the newest block only."""
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    number = int(desk.attempts()[0].nonce or 0)
    desk.node.steal(desk.node.hot, number, 1)
    desk.node.pruned = True
    desk.mine(1)
    desk.mine(4)
    desk.node.reorg(5, length=5)
    desk.node.mine(1)  # what was in it is in it again, one block before the tip
    desk.settle(after=LONG)
    assert desk.state_of(paid) == "pending"
    assert desk.sender.questions == ()
    desk.mine(6)
    desk.answered(desk.uncertain(), "not_paid")
    assert desk.state_of(paid) == "failed"


def test_a_question_is_none_any_more_once_no_send_is_open(desk: UnsureDesk) -> None:
    """Another engine carried it out while this one had lost its chain."""
    (paid,) = desk.unclear(moved=True)
    found, first = desk.uncertain(), desk.sender
    assert first.questions
    desk.restart()
    desk.answered(found, "paid")
    assert desk.state_of(paid) == "credited"
    first.follow(desk.tip(), desk.now)
    assert not first.questions


def test_what_never_left_is_no_coin_that_came_though_it_was_booked_before(
    desk: UnsureDesk,
) -> None:
    """Proved and booked in one block, and only said by a log in the next one."""
    paid = desk.withdraw("ann", ETHER, currency="USDT")
    desk.settle()
    desk.mine(3)
    assert desk.state_of(paid) == "credited"
    desk.node.forgets = True
    desk.node.false.add("USDT")
    desk.node.reorg(3)
    desk.mine(8)
    desk.settle(after=SOON)
    row = desk.now_of(paid)
    assert (row.state, row.unsettled, row.reason) == ("credited", True, UNCLEAR)
    assert "unknown_arrival" not in [each.kind for each in desk.found()]
    desk.answered(desk.uncertain(), "not_paid")
    assert desk.state_of(paid) == "failed"
    desk.assert_whole()


def test_what_was_booked_before_and_did_leave_stays_paid(desk: UnsureDesk) -> None:
    paid = desk.withdraw("ann", ETHER, currency="USDT")
    desk.settle()
    desk.mine(3)
    desk.node.forgets = True
    desk.node.reorg(3)
    desk.node.mine(1)
    desk.differ(-1)
    desk.settle(after=SOON)
    assert desk.now_of(paid).reason == UNCLEAR
    desk.node.reorg(1, length=1)
    desk.settle(after=SOON)
    assert desk.now_of(paid).reason == "", "it is in no block of which that could be said"
    desk.node.mine(1)
    desk.differ(-1)
    desk.mine(8)
    desk.answered(desk.uncertain(), "paid")
    row = desk.now_of(paid)
    assert (row.state, row.unsettled, row.final) == ("credited", False, True)
    assert events_of(paid).count("credit") == 1
    assert desk.owed("ann", "USDT") == 4 * ETHER - FEE
    desk.differ(1)
    desk.assert_whole()


# --- rows that somebody wrote who has no key ---


def test_what_two_signed_of_one_payment_counts_for_no_other(desk: UnsureDesk) -> None:
    """The row and the signatures are copied, with the names of the other one in them."""
    one, other = desk.unclear(moved=True, count=2)
    desk.settle(after=LONG)
    breaks = {each.evidence.get("payment"): each for each in desk.found()}
    desk.say(breaks[one.id], "not_paid")
    signed = json.loads(_judged(one).evidence)
    (about,) = [each.evidence for each in desk.sender.questions if each.payment == other.id]
    row = desk.now_of(other)
    before = row.last_hash
    with desk.batch() as batch:
        batch.move(row, "judge", evidence={**signed, "about": about}, reason=row.reason)
    for each in list(Approval.select().where(Approval.subject == one.id)):
        forged = {"nonce": secrets.token_hex(16), "subject": other.id, "history_hash": before}
        Approval.create(**{**each.__data__, **forged})
    desk.settle(after=SOON)
    assert [desk.state_of(each) for each in (one, other)] == ["failed", "pending"]


@pytest.mark.parametrize(
    "words",
    [
        {"about": None},
        {"outcome": ["paid"]},
        {"outcome": {}},
        {"break": None},
        {"approvals": 7},
    ],
)
def test_a_row_of_nonsense_stops_no_payment(desk: UnsureDesk, words: Mapping[str, object]) -> None:
    (paid,) = desk.unclear(moved=True)
    desk.uncertain()
    (question,) = desk.sender.questions
    row = desk.now_of(paid)
    evidence = {"about": question.evidence, "outcome": "not_paid", "break": "ab", **words}
    with desk.batch() as batch:
        batch.move(row, "mend", evidence=evidence, reason=row.reason)
        batch.move(row, "judge", evidence=evidence, reason=row.reason)
    other = desk.withdraw("ann", ETHER)
    desk.settle(after=SOON)
    desk.mine(3)
    assert (desk.state_of(paid), desk.state_of(other)) == ("pending", "credited")
    assert len(desk.sender.questions) == 1


def test_a_chain_tx_of_another_payment_is_not_this_ones_too(desk: UnsureDesk) -> None:
    desk.replaced()
    (question,) = desk.sender.questions
    (ours,) = desk.attempts()
    new = {"id": "ab" * 16, "family": "ab" * 16, "txid": question.evidence["txid"]}
    Attempt.create(**{**ours.__data__, **new, "state": "dead", "final": True})
    assert list(desk.uncertain().evidence["outcomes"]) == ["not_paid"]


def test_a_payment_that_must_be_deeper_than_what_is_final_is_not_asked_of_yet(
    desk: UnsureDesk,
) -> None:
    """The attempt that is made of what took its number must be final at once."""
    paid = desk.replaced()
    Payment.update(required=40).where(Payment.id == paid.id).execute()
    desk.settle(after=LONG)
    assert desk.sender.questions == ()
    desk.mine(32)
    desk.answered(desk.uncertain(), "paid")
    assert (desk.state_of(paid), desk.now_of(paid).final) == ("credited", True)
    desk.assert_whole()


def test_who_left_before_it_was_carried_out_signed_nothing(
    desk: UnsureDesk, people: People
) -> None:
    (paid,) = desk.unclear(moved=True)
    desk.say(desk.uncertain(), "not_paid", "ann", "ben")
    desk.config = people.join(desk.config, "ann", "cleo")
    desk.restart()
    desk.settle(after=SOON)
    assert desk.state_of(paid) == "pending"
    desk.bench = Bench(desk.config, people, guard=desk.lease.guard)
    found = desk.uncertain()
    said = desk.say(found, "paid", "ann", "cleo")
    assert [state for state, _ in said] == ["done", "done"], said
    desk.settle(after=SOON)
    assert desk.state_of(paid) == "credited"
    assert "uncertain_send" not in [each.kind for each in desk.found()]


# --- an engine that stops ---


@pytest.mark.parametrize(("outcome", "state"), [("paid", "credited"), ("not_paid", "failed")])
def test_an_answer_is_carried_out_once_whenever_the_engine_stopped(
    desk: UnsureDesk, monkeypatch: pytest.MonkeyPatch, outcome: str, state: str
) -> None:
    paid = desk.replaced(currency="USDT")
    desk.say(desk.uncertain(), outcome)
    with monkeypatch.context() as patch:
        patch.setattr(Noting, "write", _die)
        with pytest.raises(RuntimeError, match="no power"):
            desk.settle(after=SOON)
    assert (desk.state_of(paid), len(desk.attempts())) == ("pending", 1)
    for _ in range(2):
        desk.restart()
        desk.settle(after=SOON)
    assert desk.state_of(paid) == state
    assert events_of(paid).count({"paid": "credit", "not_paid": "fail"}[outcome]) == 1
    assert desk.owed("ann", "USDT") == 5 * ETHER - (ETHER + FEE if outcome == "paid" else 0)


def _die(_: Noting) -> None:
    raise RuntimeError("no power")


def _judged(payment: Payment) -> History:
    row: History = History.get((History.payment == payment.id) & (History.event == "judge"))
    return row
