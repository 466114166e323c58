"""Who decides sees what this client did before, where the coins go and what would be posted."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from freezegun import freeze_time

from db.connection import database as db
from db.models import Chain, Client, Payment
from engine import installation
from engine.approvals.case import Case, case_of, offered
from engine.approvals.plan import Proposal
from engine.clock import rfc3339
from engine.deposits import rules
from engine.withdrawals.request import request_withdrawal
from tests.engine.approvals.people import Bench, People
from tests.engine.house import NOW, add_client, add_deposit
from tests.engine.house import house as small_house
from tests.web.till import Till

COIN = 10**8
ADDRESS = "rltc1qdvv7jn728rd3f4c2wlm432kpgmuqlak86qe9fy"
LIMITS = {
    "fee": "0.0005",
    "approve_above": "1",
    "approvals_required": 2,
    "daily_limit": "50",
    "total_daily": "500",
}


@pytest.fixture
def office(database: str, tmp_path: Path, people: People) -> Bench:  # noqa: ARG001  # opened
    installation.ensure_id()
    config = small_house(tmp_path, withdrawal=LIMITS)
    with freeze_time(NOW):
        till = Till(config)
        for client in ("CR1", "CR2"):
            add_client(client)
            till.fund(20 * COIN, client=client)
    Chain.update(beat_at=rfc3339(NOW)).execute()
    return Bench(people.join(config), people, guard=lambda: None)


def _asks(office: Bench, amount: str, *, client: str = "CR1") -> str:
    return request_withdrawal(
        office.config, client=client, currency="LTC", address=ADDRESS, amount=amount, now=NOW
    ).id


def _pays(office: Bench, payment: str) -> None:
    """The withdrawal goes out and is settled."""
    with freeze_time(NOW + timedelta(minutes=9)):
        till = Till(office.config, addresses=0)
        till.send(payment, height=999)
        till.settle(payment)


def _case(office: Bench, payment: str, staff: str = "cleo") -> Case:
    found = case_of(office.config, payment, staff=staff, now=NOW)
    assert found is not None
    return found


def test_a_held_withdrawal_shows_rule_addresses_limits_and_entry(office: Bench) -> None:
    case = _case(office, _asks(office, "12"))
    assert (case.rule, case.needs.act, case.needs.persons) == ("approve_above", "approve", 2)
    assert case.asked == case.paid == ADDRESS
    assert case.offer.why_not == ""
    assert [(each.name, each.used, each.most, each.passed) for each in case.limits] == [
        ("without a person", 12 * COIN, COIN, True),
        ("this client, 24 hours", 12 * COIN, 50 * COIN, False),
        ("all clients, 24 hours", 12 * COIN, 500 * COIN, False),
    ]
    assert case.offer.entry is not None
    assert [(line.account, line.units) for line in case.offer.entry.lines] == [
        ("in_transit", 12 * COIN + 50_000),
        ("wallet:hot", -12 * COIN),
        ("fees:service", -50_000),
    ]
    assert case.offer.when == "once its chain tx is deep"


def test_what_the_client_did_before_is_counted_and_what_waits_is_not(office: Bench) -> None:
    _pays(office, _asks(office, "0.5"))
    _asks(office, "0.7")
    past = _case(office, _asks(office, "2")).past
    assert past is not None
    assert (past.credited.count, past.credited.units) == (1, 20 * COIN)
    assert (past.paid.count, past.paid.units) == (1, COIN // 2)
    assert (past.here.count, past.here.last) == (1, rfc3339(NOW + timedelta(minutes=9)))
    assert (past.others, past.blocked) == (0, "")


def test_an_address_that_others_were_paid_to_is_said(office: Bench) -> None:
    _pays(office, _asks(office, "0.5", client="CR2"))
    past = _case(office, _asks(office, "2")).past
    assert past is not None
    assert (past.here.count, past.others) == (0, 1)


def test_an_address_that_was_changed_is_not_the_one_that_was_asked_for(office: Bench) -> None:
    payment = _asks(office, "12")
    thief = ADDRESS[:-1] + "q"
    Payment.update(address=thief).where(Payment.id == payment).execute()
    case = _case(office, payment)
    assert (case.asked, case.paid) == (ADDRESS, thief)


def test_who_signed_and_notes_are_told(office: Bench) -> None:
    payment = _asks(office, "12")
    office.do("note", by="ann", now=NOW, payment=payment, reason="called the client")
    office.do("approve", by="ben", now=NOW, payment=payment)
    case = _case(office, payment)
    assert case.needs.signed == ("ben",)
    assert [note.text for note in case.notes] == ["called the client"]
    assert [(each.staff, each.state) for each in case.approvals] == [("ben", "waiting")]


def test_a_released_payment_is_no_case_any_more(office: Bench) -> None:
    payment = _asks(office, "12")
    for name in ("ben", "cleo"):
        office.do("approve", by=name, now=NOW, payment=payment)
    assert case_of(office.config, payment, staff="ben", now=NOW) is None


def test_a_coin_of_nobody_shows_what_booking_it_to_the_house_posts(office: Bench) -> None:
    payment = add_deposit(office.config, None, state="held", units=7, reason=rules.HELD_NOBODY)
    case = _case(office, payment.id)
    assert (case.needs.act, case.past, case.asked, case.limits) == ("book", None, None, ())
    assert case.offer.when == "if it is booked to the house"
    assert case.offer.entry is not None
    assert case.offer.entry.lines[-1].account == "house"


def test_what_stands_against_the_act_is_said(office: Bench) -> None:
    Client.update(blocked=True, blocked_reason="lost phone").where(Client.id == "CR1").execute()
    payment = add_deposit(office.config, "CR1", state="held", units=7, reason=rules.HELD_BLOCKED)
    Chain.update(state="paused", reason="syncing").execute()
    case = _case(office, payment.id)
    assert case.offer.why_not == "crediting of LTC is paused: syncing"
    assert case.offer.entry is None
    assert case.past is not None
    assert case.past.blocked == "lost phone"


def test_a_row_that_its_history_does_not_bear_out_is_shown_as_such(office: Bench) -> None:
    payment = _asks(office, "12")
    db.execute_sql(f"UPDATE payment SET units = '{11 * COIN}' WHERE id = '{payment}'")
    assert "not what its history says" in _case(office, payment).offer.why_not


@pytest.mark.parametrize(
    ("staff", "said"),
    [
        ("cleo", ""),
        ("ben", "ben has signed this already (1 of 2)"),
        ("ann", "ann is payments: to approve is for approver"),
        ("sue", "sue is support: to approve is for approver"),
        ("", "nobody sits here: cashier console --as STAFF signs"),
    ],
)
def test_who_may_not_sign_is_told_why(office: Bench, staff: str, said: str) -> None:
    payment = _asks(office, "12")
    office.do("approve", by="ben", now=NOW, payment=payment)
    assert _case(office, payment, staff).offer.not_you == said


def test_a_half_signed_act_is_offered_to_the_second_person(office: Bench) -> None:
    adjust = {"currency": "LTC", "units": "7", "account": "+client:CR1|loss", "reason": "wrong"}
    office.do("adjust", by="ann", now=NOW, **adjust)
    proposal = Proposal(act="adjust", **adjust)
    for staff, said in (("ann", "ann has signed this already (1 of 2)"), ("ben", "")):
        offer = offered(office.config, proposal, ("ann",), staff=staff)
        assert (offer.not_you, offer.persons, offer.when) == (said, 2, "at once")
        assert offer.entry is not None
