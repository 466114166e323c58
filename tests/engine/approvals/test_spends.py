"""A theft that was booked and whose chain tx a reorganisation undoes: the books come back to exact
by themselves, or a named break says what two persons sign."""

from __future__ import annotations

import pytest

from db.models import Coin
from engine import ledger
from engine.approvals.acts import plan_of
from engine.approvals.plan import Proposal
from engine.audit.database import verify_database
from engine.errors import ActRefused
from engine.reconciliation.standing import BreakView
from tests.engine.approvals.people import Bench
from tests.engine.approvals.test_cures import cured, stolen
from tests.engine.deposits.life import COIN, House
from tests.engine.deposits.worlds import everywhere, on_the_fake
from tests.engine.reconciliation.against import reconcile
from tests.nodes.fake import FakeChain
from tests.nodes.harness import FakeHarness

OWN = "own_funds_negative"


@pytest.fixture
def fake(house: House) -> FakeChain:
    assert isinstance(house.on, FakeHarness)
    return house.on.fake


@pytest.fixture
def theft(bench: Bench, house: House) -> BreakView:
    """A theft of ann's coin, three blocks deep, that two persons booked as a loss."""
    house.reconciles = False
    broken = stolen(house)
    cured(bench, house, broken)
    return broken


def kinds(house: House) -> tuple[int, list[str]]:
    """What is unexplained after all that is named, and the open breaks."""
    found, opened = reconcile(house)
    report = verify_database()
    assert report.ok, [str(problem) for problem in report.problems]
    named = sum(each.units for each in opened if each.kind in {"reorged", "unknown_spend"})
    return found.residual - named, [each.kind for each in opened if each.kind != OWN]


def the(house: House, kind: str) -> BreakView:
    (found,) = [each for each in reconcile(house)[1] if each.kind == kind]
    return found


@everywhere
def test_a_theft_that_is_mined_again_elsewhere_is_followed(house: House, theft: BreakView) -> None:
    house.on.reorg(3)
    house.follower.step(house.now)
    assert kinds(house) == (0, ["reorged"])
    waiting = the(house, "reorged")
    assert (waiting.subject, waiting.units, waiting.fixable) == (
        theft.subject,
        -theft.units,
        False,
    )
    house.on.mine()
    house.follower.step(house.now)
    assert kinds(house) == (0, [])
    spent = Coin.get(Coin.spent_txid == theft.subject)
    change = Coin.get(Coin.txid == theft.subject)
    assert spent.spent_hash == change.hash == house.on.tip()


@everywhere
def test_a_theft_that_another_spend_excludes_is_taken_back_and_the_other_booked(
    bench: Bench, house: House, theft: BreakView
) -> None:
    house.on.reorg(3)
    other = house.on.displace(theft.subject, house.on.stranger())
    house.on.mine(3)
    house.follower.step(house.now)
    undone = the(house, "reorged")
    assert (undone.subject, undone.owner, undone.fixable) == (theft.subject, "staff", True)
    assert "--fix" in undone.cure
    loss = {account: units for account, _, units in theft.entry}
    assert {account: -units for account, _, units in undone.entry} == loss
    cured(bench, house, undone)
    second = the(house, "unknown_spend")
    assert second.subject == other
    assert kinds(house) == (0, ["unknown_spend"])
    cured(bench, house, second)
    found, opened = reconcile(house)
    assert (found.residual, [each.kind for each in opened]) == (0, [OWN])
    assert ledger.balance("loss", "LTC") == -second.units


@on_the_fake
def test_a_theft_that_is_nowhere_any_more_is_taken_back_and_named_again_if_it_is_mined(
    bench: Bench, house: House, fake: FakeChain, theft: BreakView
) -> None:
    house.on.reorg(3)
    fake.drop(theft.subject)
    house.follower.step(house.now)
    assert kinds(house) == (0, ["reorged"])
    with pytest.raises(ActRefused, match="cured in another way: wait"):
        plan_of(bench.config, Proposal(act="cure", payment=the(house, "reorged").id))
    fake.mine(3)
    house.follower.step(house.now)
    cured(bench, house, the(house, "reorged"))
    assert kinds(house) == (0, [])
    assert ledger.balance("loss", "LTC") == 0
    assert ledger.balance("wallet:deposits", "LTC") == 3 * COIN
    assert Coin.select().where(~Coin.spent_txid.is_null()).count() == 0
    fake.announce(theft.subject)
    fake.mine(3)
    house.follower.step(house.now)
    cured(bench, house, the(house, "unknown_spend"))
    assert kinds(house) == (0, [])
    assert ledger.balance("loss", "LTC") == -theft.units


@on_the_fake
def test_what_is_not_booked_is_not_taken_back(
    bench: Bench, house: House, fake: FakeChain, theft: BreakView
) -> None:
    house.on.reorg(3)
    fake.drop(theft.subject)
    fake.mine(3)
    house.follower.step(house.now)
    undone = the(house, "reorged")
    for name in ("ann", "ben"):
        bench.do("cure", by=name, now=house.now, payment=undone.id)
    with pytest.raises(ActRefused, match="no such open break"):
        plan_of(bench.config, Proposal(act="cure", payment=undone.id))
    assert kinds(house) == (0, [])
