"""Breaks that were planted for real, cured by the signatures of two: the books equal the chain
again, and a break that is not so any more is not cured."""

from __future__ import annotations

import json
from typing import Any

import pytest

from db.findings import Break
from db.models import Coin, History
from engine import ledger
from engine.approvals.acts import plan_of
from engine.approvals.plan import Proposal
from engine.audit.database import verify_database
from engine.errors import ActRefused
from engine.lifecycle import Batch
from engine.reconciliation.standing import BreakView
from tests.engine.approvals.people import Bench
from tests.engine.deposits.life import COIN, House, events_of
from tests.engine.deposits.worlds import everywhere, on_the_fake
from tests.engine.reconciliation.against import assert_reconciles, breaks, reconcile
from tests.engine.reconciliation.test_matching import change, credited


def stolen(house: House, *, deep: int = 3) -> BreakView:
    """Somebody with the keys spends ann's coin past us, so many blocks ago; the break."""
    paid = credited(house)
    house.on.spend_ours(paid, house.on.stranger(), COIN)
    house.on.mine(deep)
    house.step()
    found, (only,) = reconcile(house)
    assert (only.kind, found.residual) == ("unknown_spend", only.units)
    return only


def do(bench: Bench, house: House, broken: BreakView, *, by: str) -> tuple[str, Any]:
    return bench.do("cure", by=by, now=house.now, payment=broken.id)


def cured(bench: Bench, house: House, broken: BreakView) -> None:
    state, result = do(bench, house, broken, by="ann")
    assert (state, result["done"], result["of"]) == ("done", False, 2)
    state, result = do(bench, house, broken, by="ben")
    assert (state, result["done"]) == ("done", True)


@everywhere
def test_a_theft_that_two_persons_cure_reconciles_to_zero(bench: Bench, house: House) -> None:
    broken = stolen(house)
    cured(bench, house, broken)
    row = Break.get_by_id(broken.id)
    assert (row.state, row.closed_by) == ("closed", "cured by staff:ben")
    found, opened = reconcile(house)
    assert found.residual == 0
    # The loss is ours, and this house had nothing of its own to bear it.
    assert [each.kind for each in opened] == ["own_funds_negative"]
    assert ledger.balance("loss", "LTC") == -broken.units
    assert ledger.balance("wallet:deposits", "LTC") == 0
    (change_coin,) = Coin.select().where(Coin.txid == broken.subject)
    assert ledger.balance("wallet:hot", "LTC") == change_coin.units == 3 * COIN + broken.units
    (spent,) = Coin.select().where(Coin.spent_txid == broken.subject)
    assert spent.units == 3 * COIN
    report = verify_database()
    assert report.ok, [str(problem) for problem in report.problems]


@on_the_fake
def test_one_person_cures_nothing(bench: Bench, house: House) -> None:
    broken = stolen(house)
    do(bench, house, broken, by="ann")
    state, words = do(bench, house, broken, by="ann")
    assert state == "refused"
    assert "signed this already" in words
    assert [each.id for each in reconcile(house)[1]] == [broken.id]
    assert Coin.select().where(Coin.txid == broken.subject).count() == 0


@on_the_fake
def test_the_cure_says_who_signed_it_and_over_what(bench: Bench, house: House) -> None:
    broken = stolen(house)
    cured(bench, house, broken)
    row = History.get(History.event.in_(("cure", "mend")))
    evidence = json.loads(row.evidence)
    assert evidence["break"] == broken.id
    assert evidence["about"]["txid"] == broken.subject
    assert {each["staff"] for each in evidence["approvals"]} == {"ann", "ben"}
    assert evidence["seen"]["account"].startswith("evidence:")


@on_the_fake
def test_a_theft_that_may_still_leave_the_chain_is_no_loss_yet(bench: Bench, house: House) -> None:
    broken = stolen(house, deep=1)
    with pytest.raises(ActRefused, match="1 of 3 confirmations"):
        plan_of(bench.config, Proposal(act="cure", payment=broken.id))


@on_the_fake
def test_evidence_that_changed_after_the_first_signature_voids_it(
    bench: Bench, house: House
) -> None:
    broken = stolen(house)
    do(bench, house, broken, by="ann")
    evidence = {**broken.evidence, "change": [["vout:9", "ours1x", "1"]]}
    change("UPDATE break_ SET evidence = ?", json.dumps(evidence))
    with pytest.raises(ActRefused, match="not so any more"):
        plan_of(bench.config, Proposal(act="cure", payment=broken.id))
    change("UPDATE break_ SET evidence = ?", json.dumps({**broken.evidence, "spent_by": "mallory"}))
    state, result = do(bench, house, broken, by="ben")
    assert (state, result["signed"], result["done"]) == ("done", 1, False)


@everywhere
def test_a_credit_posted_twice_is_taken_back_whole(bench: Bench, house: House) -> None:
    credited(house, COIN)
    payment = house.deposit("ann")
    again = ledger.shift("credit", "LTC", COIN, to="wallet:deposits", out_of="client:ann")
    with Batch(house.config, actor="engine", now=house.now) as batch:
        batch.move(payment, "settle", evidence={}, entry=again)
    (broken,) = reconcile(house)[1]
    assert broken.kind == "duplicate_credit"
    cured(bench, house, broken)
    assert_reconciles(house)
    assert breaks(house) == []
    assert house.owed("ann") == COIN
    assert events_of(house.deposit("ann"))[-1] == "mend"
    with pytest.raises(ActRefused, match="no such open break"):
        plan_of(bench.config, Proposal(act="cure", payment=broken.id))


@on_the_fake
def test_a_break_without_a_whole_cure_says_what_cures_it(bench: Bench, house: House) -> None:
    credited(house, COIN)
    change("UPDATE balance SET units = ? WHERE account = 'client:ann'", str(-2 * COIN))
    (broken,) = reconcile(house)[1]
    with pytest.raises(ActRefused, match="cured in another way: cashier verify --database"):
        plan_of(bench.config, Proposal(act="cure", payment=broken.id))


@on_the_fake
def test_there_is_no_cure_of_a_break_that_is_not_there(bench: Bench, house: House) -> None:
    house.settle()
    with pytest.raises(ActRefused, match="no such open break"):
        plan_of(bench.config, Proposal(act="cure", payment="0" * 32))
