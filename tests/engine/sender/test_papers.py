"""The sender verifies what staff signed at the moment of signing, whatever the rows say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from db.connection import database as db
from db.models import Payment
from engine.approvals.withdrawals import WAITING
from engine.config import Rule, Staff
from engine.errors import ActRefused
from engine.lifecycle import Batch
from engine.sender.papers import NOT_ALLOWED, UNSIGNED
from tests.engine.approvals.people import Bench, People
from tests.engine.deposits.life import COIN
from tests.engine.deposits.worlds import on_the_fake
from tests.engine.sender.desk import Desk


@dataclass
class Guarded:
    """A desk whose larger withdrawals two persons must release."""

    desk: Desk
    bench: Bench
    people: People

    def employ(self, *names: str) -> None:
        """From now on just these people's keys are in force."""
        self.use(self.people.join(self.desk.config, *names).staff)

    def use(self, staff: tuple[Staff, ...]) -> None:
        self.desk.config = replace(self.desk.config, staff=staff)
        self.bench.config = self.desk.config
        self.desk.restart()

    def act(self, act: str, payment: Payment, by: str, **more: str) -> tuple[str, object]:
        return self.bench.do(act, by=by, now=self.desk.now, payment=payment.id, **more)

    def reason_of(self, payment: Payment) -> str:
        return str(self.desk.now_of(payment).reason)


@pytest.fixture
def guarded(open_desk: Callable[..., Desk], tmp_path: Path) -> Guarded:
    keys = {"withdrawal.approve_above": "1", "withdrawal.approvals_required": 2}
    desk = open_desk(**keys)
    people = People(tmp_path / "staff")
    made = Guarded(desk, Bench(desk.config, people, guard=desk.lease.guard), people)
    made.employ()
    desk.fund("CR1", 5 * COIN)
    return made


def held(guarded: Guarded) -> Payment:
    """A large withdrawal whose row was written as if it needed nobody: the sender holds it."""
    payment = guarded.desk.withdraw("CR1", 2 * COIN)
    guarded.desk.settle()
    assert guarded.desk.state_of(payment) == "held"
    assert guarded.reason_of(payment) == UNSIGNED
    assert guarded.desk.attempts() == []
    return payment


@on_the_fake
def test_two_persons_release_what_the_rules_hold_and_it_is_paid_once(guarded: Guarded) -> None:
    payment = held(guarded)
    assert guarded.act("approve", payment, "ben")[0] == "done"
    assert guarded.desk.state_of(payment) == "held"
    assert guarded.act("approve", payment, "ben")[0] == "refused"
    assert guarded.act("approve", payment, "cleo")[0] == "done"
    guarded.desk.settle()
    guarded.desk.mine(3)
    assert guarded.desk.state_of(payment) == "credited"
    guarded.desk.assert_paid_once(payment)


@on_the_fake
def test_a_release_that_nobody_signed_pays_nobody(guarded: Guarded) -> None:
    payment = held(guarded)
    row = guarded.desk.now_of(payment)
    with Batch(guarded.desk.config, actor="staff:ben", now=guarded.desk.now) as batch:
        batch.move(row, "release", evidence={"approved_by": ["ben", "cleo"]})
    guarded.desk.settle()
    assert guarded.desk.state_of(payment) == "held"
    assert guarded.reason_of(payment) == UNSIGNED
    assert guarded.desk.attempts() == []


@on_the_fake
def test_removing_a_key_voids_what_it_approved_and_was_not_paid(guarded: Guarded) -> None:
    payment = held(guarded)
    guarded.desk.paused = "paused for the test"
    guarded.act("approve", payment, "ben")
    guarded.act("approve", payment, "cleo")
    assert guarded.desk.state_of(payment) == "requested"
    guarded.employ("ann", "ben")
    guarded.desk.paused = ""
    guarded.desk.settle()
    assert guarded.desk.state_of(payment) == "held"
    assert guarded.desk.attempts() == []


@on_the_fake
def test_an_address_that_changed_after_the_signatures_is_not_paid(guarded: Guarded) -> None:
    payment = held(guarded)
    guarded.desk.paused = "paused for the test"
    guarded.act("approve", payment, "ben")
    guarded.act("approve", payment, "cleo")
    thief = guarded.desk.on.stranger()
    db.execute_sql(
        f"UPDATE payment SET address = {db.param} WHERE id = {db.param}", [thief, payment.id]
    )
    guarded.desk.paused = ""
    guarded.desk.settle()
    assert guarded.desk.state_of(payment) == "held"
    assert guarded.desk.attempts() == []


@on_the_fake
def test_refusing_gives_all_back_and_is_too_late_once_signed(guarded: Guarded) -> None:
    payment = held(guarded)
    assert guarded.act("refuse", payment, "ann", reason="unknown source")[0] == "done"
    assert guarded.desk.state_of(payment) == "refused"
    assert guarded.desk.state_of(payment) not in WAITING
    small = guarded.desk.withdraw("CR1", COIN // 2)
    guarded.desk.settle()
    with pytest.raises(ActRefused):
        guarded.act("refuse", small, "ann", reason="too late")
    guarded.desk.mine(3)
    guarded.desk.assert_paid_once(small)


@on_the_fake
def test_what_the_rules_forbid_now_is_not_signed(
    open_desk: Callable[..., Desk],
) -> None:
    desk = open_desk()
    desk.fund("CR1", 2 * COIN)
    payment = desk.withdraw("CR1", COIN)
    currency = desk.config.currencies[desk.symbol]
    rule = _rule(desk)
    forbidding = {desk.symbol: replace(currency, limits=(rule,))}
    desk.config = replace(desk.config, currencies=forbidding)
    desk.restart()
    desk.settle()
    assert desk.state_of(payment) == "held"
    assert str(desk.now_of(payment).reason) == NOT_ALLOWED


def _rule(desk: Desk) -> Rule:
    """A [[rule]] that refuses this client."""
    return Rule.model_construct(
        name="sanctioned",
        kind="withdrawal",
        then="refuse",
        reason=None,
        currency=desk.symbol,
        clients=("CR1",),
        above=None,
        new_address=None,
        hourly=None,
        daily=None,
        monthly=None,
        total_hourly=None,
        total_daily=None,
        total_monthly=None,
        count_hourly=None,
        count_daily=None,
        approvals_required=None,
    )
