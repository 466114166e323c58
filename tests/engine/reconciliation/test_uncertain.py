"""A send that the node neither has nor refuses is named, until it is known where it is."""

from __future__ import annotations

from datetime import timedelta

from engine.reconciliation.uncertain import AGE_MIN
from tests.engine.deposits.worlds import on_the_fake
from tests.engine.reconciliation.against import reconcile
from tests.engine.sender.desk import COIN, Desk
from tests.nodes.fake import FakeChain

LONG = AGE_MIN + timedelta(minutes=1)


def names(desk: Desk) -> list[str]:
    return [each.kind for each in reconcile(desk)[1]]


@on_the_fake
def test_a_node_that_takes_a_send_and_forgets_it_leaves_it_uncertain(
    desk: Desk, fake: FakeChain
) -> None:
    desk.fund("ann", 5 * COIN)
    fake.swallows = 100
    paid = desk.withdraw("ann", 2 * COIN)
    desk.step()
    assert names(desk) == []  # young
    desk.step(after=LONG)
    found, (only,) = reconcile(desk)
    attempt = desk.attempt()
    assert (only.kind, only.subject) == ("uncertain_send", attempt.family)
    assert (only.units, only.owner, found.residual) == (-2 * COIN, "staff", 0)
    assert only.evidence["payments"] == [paid.id]
    assert only.evidence["last_reply"] == "taken, and not there"
    assert attempt.txid in {txid for _, txid, _ in only.evidence["attempts"]}
    assert "no other way" in only.cure
    fake.swallows = 0
    desk.finish(paid)
    assert names(desk) == []


@on_the_fake
def test_a_send_without_any_reply_is_uncertain_until_the_node_is_seen_to_have_it(
    desk: Desk, fake: FakeChain
) -> None:
    desk.fund("ann", 5 * COIN)
    fake.loses = 1
    paid = desk.withdraw("ann", 2 * COIN)
    desk.failing_step()
    fake.drop(desk.attempt().txid)
    desk.now += LONG
    (only,) = reconcile(desk)[1]
    assert (only.kind, only.evidence["last_reply"]) == ("uncertain_send", "none is known")
    desk.finish(paid)
    assert names(desk) == []


@on_the_fake
def test_a_refused_send_is_not_uncertain(desk: Desk, fake: FakeChain) -> None:
    desk.fund("ann", 5 * COIN)
    fake.refuses = "-26 mempool full"
    desk.withdraw("ann", 2 * COIN)
    desk.step()
    desk.step(after=LONG)
    assert desk.attempt().last_error
    assert names(desk) == []
