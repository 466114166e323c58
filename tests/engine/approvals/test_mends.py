"""A single coin that the books have otherwise than the node, put right by two persons: entry, row
and payment together, with a trace of what was, and the sum is exact again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from db.models import Client, Coin, History
from engine import ledger
from engine.approvals.acts import plan_of
from engine.approvals.plan import Proposal
from engine.audit.database import verify_database
from engine.errors import ActRefused
from engine.lifecycle import Batch
from engine.reconciliation.standing import BreakView
from tests.engine.approvals.people import Bench
from tests.engine.approvals.test_cures import cured
from tests.engine.deposits.life import COIN, House, events_of
from tests.engine.deposits.worlds import everywhere, on_the_fake
from tests.engine.house import post_alone
from tests.engine.reconciliation.against import reconcile
from tests.engine.reconciliation.test_matching import change, credited, forge, the_break
from tests.nodes.harness import FakeHarness, LitecoindHarness


def mended(bench: Bench, house: House, broken: BreakView) -> dict[str, Any]:
    """Two persons cure it; what the history tells. Everything agrees afterwards."""
    cured(bench, house, broken)
    found, opened = reconcile(house)
    assert (found.residual, opened) == (0, [])
    report = verify_database()
    assert report.ok, [str(problem) for problem in report.problems]
    row = History.select().order_by(History.seq.desc()).where(History.evidence.contains("coin_was"))
    evidence: dict[str, Any] = json.loads(row.get().evidence)
    assert {each["staff"] for each in evidence["approvals"]} == {"ann", "ben"}
    assert evidence["break"] == broken.id
    return evidence


@everywhere
def test_a_credit_for_a_coin_that_never_was_is_taken_back(bench: Bench, house: House) -> None:
    credited(house)
    forge(house, "eve", 7 * COIN)
    only = the_break(house)
    assert (only.kind, only.fixable, only.owner) == ("missing_on_chain", True, "staff")
    evidence = mended(bench, house, only)
    payment = house.deposit("eve")
    assert (payment.state, payment.block_hash, house.owed("eve")) == ("reversed", None, 0)
    assert Client.get_by_id("eve").blocked
    coin = Coin.get(Coin.payment == payment.id)
    assert (coin.height, coin.hash) == (None, None)
    assert evidence["coin_was"]["height"] == house.on.height()
    assert evidence["coin_was"]["units"] == str(7 * COIN)
    house.settle()  # nor does a later round bring it back


@everywhere
def test_who_spent_what_never_was_owes_it(bench: Bench, house: House) -> None:
    house.step()
    forge(house, "eve", 7 * COIN)
    gone = ledger.shift("transfer", "LTC", 7 * COIN, to="client:eve", out_of="house")
    post_alone(gone)
    cured(bench, house, the_break(house))
    found, opened = reconcile(house)
    assert found.residual == 0
    assert [(each.kind, each.units) for each in opened] == [("negative_balance", -7 * COIN)]


@everywhere
def test_a_coin_that_the_wallet_lost_is_taken_back_and_credited_when_it_is_found(
    bench: Bench, house: House
) -> None:
    """A wallet that was restored from a copy: until it reads the chain again its coin is not
    there."""
    txid = credited(house)
    _forget(house, txid)
    only = the_break(house)
    assert only.kind == "missing_on_chain"
    mended(bench, house, only)
    assert (house.states("ann"), house.owed("ann")) == (["reversed"], 0)
    _find_again(house, txid)
    Client.update(blocked=False).execute()
    found, opened = reconcile(house)
    assert (found.residual, opened) == (0, [])
    assert (house.states("ann"), house.owed("ann")) == (["credited"], 3 * COIN)
    assert events_of(house.deposit("ann"))[-4:] == ["reverse", "revive", "confirm", "credit"]


def _forget(house: House, txid: str) -> None:
    if isinstance(house.on, LitecoindHarness):
        house.on.node.cashier("removeprunedfunds", txid)
        return
    assert isinstance(house.on, FakeHarness)
    house.on.fake.unlisted.add(txid)


def _find_again(house: House, txid: str) -> None:
    if isinstance(house.on, LitecoindHarness):
        house.on.node.cashier("rescanblockchain", house.started_at)
        return
    assert isinstance(house.on, FakeHarness)
    house.on.fake.unlisted.discard(txid)


@everywhere
def test_an_altered_amount_of_a_payment_is_set_back_without_an_entry(
    bench: Bench, house: House
) -> None:
    credited(house)
    change("UPDATE payment SET units = ?", str(4 * COIN))
    found, (only,) = reconcile(house)
    assert (only.kind, only.entry, found.residual) == ("amount_differs", (), 0)
    evidence = mended(bench, house, only)
    assert (house.deposit("ann").units, house.owed("ann")) == (3 * COIN, 3 * COIN)
    assert evidence["coin_was"]["units"] == str(4 * COIN)
    assert events_of(house.deposit("ann"))[-1] == "mend"


@everywhere
def test_an_amount_that_was_raised_everywhere_is_taken_back(bench: Bench, house: House) -> None:
    """Payment, coin, postings and history agree, and the node does not."""
    credited(house)
    payment = house.deposit("ann")
    more = ledger.shift("settle", "LTC", COIN, to="wallet:deposits", out_of="client:ann")
    with Batch(house.config, actor="engine", now=house.now) as batch:
        batch.move(payment, "settle", evidence={}, entry=more, units=4 * COIN)
    change("UPDATE coin SET units = ?", str(4 * COIN))
    found, (only,) = reconcile(house)
    assert (only.kind, only.units, found.residual) == ("amount_differs", -COIN, -COIN)
    assert {account: units for account, _, units in only.entry} == {
        "client:ann": COIN,
        "wallet:deposits": -COIN,
    }
    mended(bench, house, only)
    assert (house.deposit("ann").units, Coin.get().units) == (3 * COIN, 3 * COIN)
    assert house.owed("ann") == 3 * COIN


@everywhere
def test_an_altered_amount_that_is_on_its_way_is_set_back(bench: Bench, house: House) -> None:
    house.on.pay(house.address("ann"), 3 * COIN)
    house.on.mine()
    house.settle()
    change("UPDATE payment SET units = ?", str(COIN))
    mended(bench, house, the_break(house))
    house.on.mine(2)
    house.settle()
    assert house.owed("ann") == 3 * COIN


@everywhere
def test_an_altered_row_of_a_coin_is_set_back(bench: Bench, house: House) -> None:
    credited(house)
    change("UPDATE coin SET units = ?", str(COIN))
    found, (only,) = reconcile(house)
    assert (only.fixable, only.entry, found.residual) == (True, (), 0)
    mended(bench, house, only)
    assert Coin.get().units == 3 * COIN


@on_the_fake
def test_a_payment_that_was_changed_otherwise_too_is_not_mended(bench: Bench, house: House) -> None:
    credited(house)
    house.client("mallory")
    change("UPDATE payment SET units = ?, client = 'mallory'", str(4 * COIN))
    broken = next(each for each in reconcile(house)[1] if "mend" in each.evidence)
    with pytest.raises(ActRefused, match="not what its history says"):
        plan_of(bench.config, Proposal(act="cure", payment=broken.id))


@on_the_fake
def test_a_coin_that_moved_since_is_not_mended(bench: Bench, house: House) -> None:
    credited(house)
    change("UPDATE coin SET units = ?", str(COIN))
    (broken,) = reconcile(house)[1]
    change("UPDATE payment SET units = ?", str(5 * COIN))
    with pytest.raises(ActRefused, match="not so any more"):
        plan_of(bench.config, Proposal(act="cure", payment=broken.id))
