"""Coins of our own: what made them says what the books hold of them, and how they are mended."""

from __future__ import annotations

from db.models import Coin, Payment
from engine.reconciliation.mending import own_coins
from tests.engine.approvals.people import Bench, People
from tests.engine.approvals.test_cures import cured
from tests.engine.approvals.test_mends import mended
from tests.engine.deposits.worlds import everywhere, on_the_fake
from tests.engine.reconciliation.against import breaks, reconcile
from tests.engine.reconciliation.test_matching import change
from tests.engine.sender.desk import COIN, Desk
from tests.nodes.harness import FakeHarness


@on_the_fake
def test_change_is_known_by_the_attempt_that_made_it(desk: Desk) -> None:
    desk.fund("ann", 5 * COIN)
    desk.finish(desk.withdraw("ann", 2 * COIN))
    own = Coin.get(Coin.account == "wallet:hot")
    asked = [(own.txid, own.idx), ("ab" * 32, "vout:0")]
    assert own_coins("LTC", asked) == {(own.txid, own.idx): own.units}
    assert own_coins("LTC", []) == {}


@everywhere
def test_a_coin_of_our_own_is_mended_by_what_made_it(desk: Desk, people: People) -> None:
    """Change: an altered row, a row that never was, and a coin that the wallet lost."""
    bench = Bench(people.join(desk.config), people, guard=desk.lease.guard)
    desk.fund("ann", 5 * COIN)
    desk.finish(desk.withdraw("ann", 2 * COIN))
    own = Coin.get(Coin.account == "wallet:hot")
    truth = int(own.units)
    change("UPDATE coin SET units = ? WHERE account = 'wallet:hot'", str(truth + 9))
    found, (altered,) = reconcile(desk)
    assert (altered.kind, altered.entry, found.residual) == ("amount_differs", (), 0)
    mended(bench, desk, altered)
    assert Coin.get(Coin.account == "wallet:hot").units == truth
    Coin.create(**{**own.__data__, "txid": "ab" * 32, "units": COIN})
    found, (never,) = reconcile(desk)
    assert (never.kind, never.entry, found.residual) == ("missing_on_chain", (), 0)
    mended(bench, desk, never)
    assert Payment.select().where(Payment.state == "reversed").count() == 0
    assert breaks(desk) == []


@on_the_fake
def test_change_that_the_wallet_lost_is_a_loss(desk: Desk, people: People) -> None:
    bench = Bench(people.join(desk.config), people, guard=desk.lease.guard)
    desk.fund("ann", 5 * COIN)
    desk.finish(desk.withdraw("ann", 2 * COIN))
    own = Coin.get(Coin.account == "wallet:hot")
    assert isinstance(desk.on, FakeHarness)
    desk.on.fake.ours.discard(own.address)
    found, (lost,) = reconcile(desk)
    assert (lost.kind, lost.units, found.residual) == ("missing_on_chain", -own.units, -own.units)
    assert lost.entry == (("wallet:hot", "LTC", -own.units), ("loss", "LTC", own.units))
    cured(bench, desk, lost)
    found, opened = reconcile(desk)
    assert (found.residual, [each.kind for each in opened]) == (0, ["own_funds_negative"])
