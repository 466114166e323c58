"""The network's fee in the books is what the chain tx took, once for each attempt."""

from __future__ import annotations

from engine import ledger
from engine.lifecycle import Batch
from engine.sender import entries
from engine.sender.doubted import NOT_ASKED
from tests.engine.approvals.people import Bench, People
from tests.engine.deposits.worlds import everywhere, on_the_fake
from tests.engine.reconciliation.against import assert_reconciles, reconcile
from tests.engine.reconciliation.test_matching import change
from tests.engine.reconciliation.test_postings import of_kind, paid_out
from tests.engine.sender.desk import COIN, Desk


@everywhere
def test_a_fee_that_was_altered_before_it_was_booked_differs(desk: Desk) -> None:
    """Named as soon as the chain tx is mined, and after the settlement booked the wrong one."""
    desk.fund("ann", 5 * COIN)
    paid = desk.withdraw("ann", 2 * COIN)
    desk.step()
    true = int(desk.attempt().fee_units)
    change("UPDATE attempt SET fee_units = ?", str(true + 7))
    desk.on.mine()
    desk.step()
    found, opened = reconcile(desk)
    (mined,) = opened
    assert (mined.kind, mined.units, found.residual) == ("fee_differs", 7, 7)
    desk.on.mine(3)
    desk.step()
    desk.step()
    assert desk.state_of(paid) == "credited"
    assert ledger.balance("fees:network", "LTC") == true + 7
    found, opened = reconcile(desk)
    (booked,) = opened
    assert (booked.kind, booked.subject, booked.owner) == ("fee_differs", paid.id, "staff")
    assert (booked.units, found.residual) == (7, 7)
    assert booked.evidence["inputs_less_outputs"] == str(true)
    assert "--fix" in booked.cure
    assert {account: units for account, _, units in booked.entry} == {
        "fees:network": -7,
        "wallet:hot": 7,
    }


@everywhere
def test_rows_that_agree_with_each_other_and_not_with_the_chain_differ(
    desk: Desk, people: People
) -> None:
    """Fee and inputs altered alike: only the mined chain tx knows, and the node is asked for it."""
    bench = Bench(people.join(desk.config), people, guard=desk.lease.guard)
    desk.fund("ann", 5 * COIN)
    paid = desk.withdraw("ann", 2 * COIN)
    desk.step()
    true = int(desk.attempt().fee_units)
    change("UPDATE attempt SET fee_units = ?", str(true + 7))
    change("UPDATE attempt_input SET units = ?", str(5 * COIN + 7))
    desk.on.mine()
    desk.step()
    found, (mined,) = reconcile(desk)
    assert (mined.kind, mined.units, found.residual) == ("fee_differs", 7, 7)
    assert mined.evidence["inputs_less_outputs"] == str(true)
    assert [units for _, _, units in mined.evidence["node"]["inputs"]] == [str(5 * COIN)]
    desk.on.mine(3)
    desk.step()
    desk.step()
    assert desk.state_of(paid) == "credited"
    found, (booked,) = reconcile(desk)
    assert (booked.kind, booked.subject, found.residual) == ("fee_differs", paid.id, 7)
    for name in ("ann", "ben"):
        state, words = bench.do("cure", by=name, now=desk.now, payment=booked.id)
        assert state == "done", words
    assert_reconciles(desk)
    assert ledger.balance("fees:network", "LTC") == true


@everywhere
def test_by_an_altered_output_nothing_is_booked_and_it_is_named(desk: Desk) -> None:
    desk.fund("ann", 5 * COIN)
    payment = desk.withdraw("ann", 2 * COIN)
    desk.step()
    altered = "UPDATE attempt_output SET units = ? WHERE payment IS NOT NULL"
    change(altered, str(2 * COIN - 9))
    desk.on.mine()
    desk.step()
    found, opened = reconcile(desk)
    (named,) = [each for each in opened if each.kind == "amount_differs"]
    assert (named.subject, named.evidence["because"]) == (desk.attempt().id, NOT_ASKED)
    assert found.residual < -2 * COIN, "what left is not explained by a row that nobody signed"
    change(altered, str(2 * COIN))
    desk.on.mine()
    desk.step()
    desk.finish(payment)
    assert_reconciles(desk)


@on_the_fake
def test_an_old_fee_that_differs_by_our_rows_is_asked_for_before_it_is_named(desk: Desk) -> None:
    """Final ones are not asked for again, unless a row of theirs changed: the books are right."""
    paid = paid_out(desk)
    desk.mine(10)
    assert desk.attempt().final
    assert_reconciles(desk)
    change("UPDATE attempt_input SET units = ?", str(9 * COIN))
    assert_reconciles(desk)
    assert desk.state_of(paid) == "credited"


@on_the_fake
def test_a_fee_booked_twice_differs(desk: Desk) -> None:
    paid = paid_out(desk)
    fee = int(desk.attempt().fee_units)
    again = entries.of_attempt("LTC", fee=fee, from_deposits=0, event="chain_fee")
    with Batch(desk.config, actor="engine", now=desk.now) as batch:
        batch.move(paid, "chain_fee", evidence={}, entry=again)
    found, opened = reconcile(desk)
    (only,) = [each for each in opened if each.kind != "own_funds_negative"]
    assert (only.kind, only.units, found.residual) == ("fee_differs", fee, fee)


@on_the_fake
def test_two_persons_put_a_fee_right_that_was_booked_twice(desk: Desk, people: People) -> None:
    bench = Bench(people.join(desk.config), people, guard=desk.lease.guard)
    paid = paid_out(desk)
    fee = int(desk.attempt().fee_units)
    again = entries.of_attempt("LTC", fee=fee, from_deposits=0, event="chain_fee")
    with Batch(desk.config, actor="engine", now=desk.now) as batch:
        batch.move(paid, "chain_fee", evidence={}, entry=again)
    broken = of_kind(reconcile(desk)[1], "fee_differs")
    for name in ("ann", "ben"):
        state, _ = bench.do("cure", by=name, now=desk.now, payment=broken.id)
        assert state == "done"
    assert_reconciles(desk)
    assert ledger.balance("fees:network", "LTC") == fee
    assert "fee_differs" not in {each.kind for each in reconcile(desk)[1]}
