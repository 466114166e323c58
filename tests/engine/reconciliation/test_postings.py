"""Withdrawals against their postings: what each state demands is posted once and nothing else."""

from __future__ import annotations

from db.models import Payment
from engine.ledger import Line, NewEntry
from engine.lifecycle import Batch
from engine.reconciliation.standing import BreakView
from engine.sender import entries
from tests.engine.approvals.people import Bench, People
from tests.engine.deposits.life import events_of
from tests.engine.deposits.worlds import everywhere, on_the_fake
from tests.engine.reconciliation.against import assert_reconciles, reconcile
from tests.engine.reconciliation.test_matching import change
from tests.engine.sender.desk import COIN, FEE, Desk


def paid_out(desk: Desk) -> Payment:
    """A withdrawal of ann's that is settled, and that the books explain."""
    desk.fund("ann", 5 * COIN)
    paid = desk.withdraw("ann", 2 * COIN)
    desk.finish(paid)
    assert_reconciles(desk)
    return desk.now_of(paid)


def post(desk: Desk, payment: Payment, entry: NewEntry) -> None:
    """An entry too many, by a move that should have had none."""
    with Batch(desk.config, actor="engine", now=desk.now) as batch:
        batch.move(payment, "settle", evidence={}, entry=entry)


def of_kind(opened: list[BreakView], kind: str) -> BreakView:
    (found,) = [each for each in opened if each.kind == kind]
    return found


@everywhere
def test_every_state_of_a_withdrawal_reconciles(desk: Desk) -> None:
    desk.fund("ann", 5 * COIN)
    assert_reconciles(desk)
    paid = desk.withdraw("ann", 2 * COIN)
    assert_reconciles(desk)
    desk.settle()
    assert desk.state_of(paid) == "pending"
    assert_reconciles(desk)
    for _ in range(4):
        desk.mine()
        assert_reconciles(desk)
    assert desk.state_of(paid) == "credited"
    desk.on.reorg(4)
    desk.settle()
    assert_reconciles(desk)


@everywhere
def test_a_refused_withdrawal_gave_everything_back(desk: Desk) -> None:
    desk.fund("ann", 5 * COIN)
    wrong = desk.withdraw("ann", COIN, to=desk.address("ann"))  # an address of ours
    desk.settle()
    assert desk.state_of(wrong) == "refused"
    assert_reconciles(desk)


@everywhere
def test_a_settlement_posted_twice_is_named_by_its_payment(desk: Desk) -> None:
    paid = paid_out(desk)
    again = NewEntry(
        "settle", (Line("loss", "LTC", 2 * COIN), Line("wallet:hot", "LTC", -2 * COIN))
    )
    post(desk, paid, again)
    found, opened = reconcile(desk)
    assert found.residual == 2 * COIN
    wrong = of_kind(opened, "amount_differs")
    assert (wrong.subject, wrong.units, wrong.owner) == (paid.id, 2 * COIN, "staff")
    assert {account: units for account, _, units in wrong.entry} == {
        "loss": -2 * COIN,
        "wallet:hot": 2 * COIN,
    }


@everywhere
def test_two_persons_put_a_settlement_right_that_was_posted_twice(
    desk: Desk, people: People
) -> None:
    bench = Bench(people.join(desk.config), people, guard=desk.lease.guard)
    paid = paid_out(desk)
    again = NewEntry(
        "settle", (Line("loss", "LTC", 2 * COIN), Line("wallet:hot", "LTC", -2 * COIN))
    )
    post(desk, paid, again)
    wrong = of_kind(reconcile(desk)[1], "amount_differs")
    for name in ("ann", "ben"):
        state, words = bench.do("cure", by=name, now=desk.now, payment=wrong.id)
        assert state == "done", words
    assert_reconciles(desk)
    assert events_of(paid)[-1] == "mend"
    desk.mine(8)  # and it becomes final like any other
    assert desk.now_of(paid).final


@on_the_fake
def test_a_settled_withdrawal_given_back_is_a_credit_too_many(desk: Desk) -> None:
    paid = paid_out(desk)
    other = desk.withdraw("ann", COIN)
    post(desk, paid, entries.give_back(other, "settle"))
    found, opened = reconcile(desk)
    assert found.residual == 0
    (only,) = opened
    assert (only.kind, only.subject) == ("duplicate_credit", paid.id)
    assert only.units == -(COIN + FEE)


@on_the_fake
def test_a_withdrawal_that_debited_nobody_is_named(desk: Desk) -> None:
    desk.fund("ann", 5 * COIN)
    with Batch(desk.config, actor="client:ann", now=desk.now) as batch:
        paid = batch.open(
            kind="withdrawal",
            client="ann",
            currency="LTC",
            chain="LTC",
            units=COIN,
            fee_units=FEE,
            address=desk.on.stranger(),
            required=3,
            evidence={},
        )
    (only,) = reconcile(desk)[1]
    assert (only.kind, only.subject) == ("amount_differs", paid.id)
    assert only.evidence["posted"] == {}
    assert only.evidence["demanded"]["client:ann"] == str(COIN + FEE)


@on_the_fake
def test_a_state_that_the_postings_contradict_is_named(desk: Desk) -> None:
    paid = paid_out(desk)
    change("UPDATE payment SET state = 'cancelled' WHERE id = ?", paid.id)
    found, opened = reconcile(desk)
    assert found.residual == 0  # the attempt is mined whatever the row says
    assert [(each.kind, each.subject) for each in opened] == [("amount_differs", paid.id)]
