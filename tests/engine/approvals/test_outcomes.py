"""Two persons say what became of a send of which no node tells: the same, and not by default."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from db.findings import Break
from db.models import Approval, History, Payment
from engine import installation
from engine.approvals.acts import plan_of
from engine.approvals.form import NOT_PAID, PAID, signed_bytes
from engine.approvals.outcomes import NO_OUTCOME, WHICH, WHY_NOT
from engine.approvals.plan import Proposal
from engine.approvals.remedies import proposal_for, remedy_of
from engine.clock import rfc3339
from engine.config import Config
from engine.errors import ActRefused
from engine.lifecycle import Batch
from engine.reconciliation import standing
from engine.sender.by_nonce.settle import UNCLEAR
from tests.engine.approvals.people import Bench, People
from tests.engine.approvals.unanswered import COIN, ENTRIES, unanswered
from tests.engine.deposits.life import events_of
from tests.engine.house import NOW

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

Answer = tuple[str, object]


@pytest.fixture
def office(bench_config: Config, people: People) -> Bench:
    installation.ensure_id()
    return Bench(people.join(bench_config), people, guard=lambda: None)


def say(office: Bench, broken: str, outcome: str | None, by: str) -> Answer:
    return office.do("cure", by=by, now=NOW, payment=broken, outcome=outcome)


def test_what_two_say_stands_in_the_history_with_both_names(office: Bench) -> None:
    payment, broken = unanswered(office.config, NOW)
    state, result = say(office, broken, PAID, "ann")
    assert (state, result) == ("done", {"act": "cure", "done": False, "signed": 1, "of": 2})
    assert events_of(payment)[-1] == "send", "one person does nothing"
    assert say(office, broken, PAID, "ben")[0] == "done"
    row = History.get((History.payment == payment.id) & (History.event == "judge"))
    told = json.loads(row.evidence)
    assert (told["outcome"], told["break"], told["about"]["because"]) == (PAID, broken, UNCLEAR)
    assert [each["staff"] for each in told["approvals"]] == ["ann", "ben"]
    assert told["seen"]["outcome"] == PAID
    assert Break.get_by_id(broken).closed_by == "cured by staff:ben"
    now = Payment.get_by_id(payment.id)
    assert (now.state, now.reason) == ("pending", UNCLEAR), "the sender carries it out"


@pytest.mark.parametrize("outcome", [PAID, NOT_PAID])
def test_the_entry_of_the_chosen_outcome_is_what_is_signed(office: Bench, outcome: str) -> None:
    _, broken = unanswered(office.config, NOW)
    plan = plan_of(office.config, Proposal(act="cure", payment=broken, outcome=outcome))
    assert plan.entry is not None
    assert plan.entry.as_json() == ENTRIES[outcome]
    assert plan.form_fields()["outcome"] == outcome
    assert plan.says.endswith({PAID: ": it paid", NOT_PAID: ": it did not pay"}[outcome])


def test_two_who_disagree_are_told_so_and_nothing_is_done(office: Bench) -> None:
    payment, broken = unanswered(office.config, NOW)
    say(office, broken, PAID, "ann")
    state, said = say(office, broken, NOT_PAID, "ben")
    assert state == "refused"
    assert "ann signed that it paid" in str(said)
    assert (Approval.select().count(), events_of(payment)[-1]) == (1, "send")
    remedy = remedy_of(office.config, broken, staff="ben", now=NOW)
    assert remedy is not None
    assert remedy.words.endswith("; one signed that it paid")


def test_who_was_wrong_signs_the_other_and_both_agree(office: Bench) -> None:
    payment, broken = unanswered(office.config, NOW)
    say(office, broken, PAID, "ann")
    later = NOW + timedelta(seconds=1)
    form = office.form("cure", by="ann", now=later, payment=broken, outcome=NOT_PAID)
    assert office.submit(form, now=later)[0] == "done"
    remedy = remedy_of(office.config, broken, staff="ben", now=later)
    assert remedy is not None
    assert remedy.words.endswith("; one signed that it did not pay")
    assert say(office, broken, PAID, "ben")[0] == "refused", "ann says otherwise by now"
    assert say(office, broken, NOT_PAID, "ben")[0] == "done"
    assert events_of(payment)[-1] == "judge"


def test_an_older_word_of_a_person_that_is_copied_is_not_the_newest(office: Bench) -> None:
    payment, broken = unanswered(office.config, NOW)
    say(office, broken, PAID, "ann")
    later = NOW + timedelta(minutes=1)
    office.do("cure", by="ann", now=later, payment=broken, outcome=NOT_PAID)
    first = Approval.select().order_by(Approval.arrived_at).first()
    again = {"nonce": "0" * 32, "arrived_at": rfc3339(later + timedelta(minutes=1))}
    Approval.create(**{**first.__data__, **again})
    state, _ = office.do("cure", by="ben", now=later, payment=broken, outcome=PAID)
    assert (state, events_of(payment)[-1]) == ("refused", "send"), "ann took that back"


def test_a_word_that_nobody_signed_is_none_against_others(office: Bench) -> None:
    payment, broken = unanswered(office.config, NOW)
    form = office.form("cure", by="cleo", now=NOW, payment=broken, outcome=PAID)
    Approval.create(
        nonce=form["nonce"],
        act="cure",
        subject=payment.id,
        history_hash=form["history_hash"],
        staff="cleo",
        body=signed_bytes(form).decode(),
        signature=office.people.sign(form, by="ann"),
        placed_as="0" * 32,
        arrived_at=rfc3339(NOW),
    )
    assert say(office, broken, NOT_PAID, "ann")[0] == "done"
    assert say(office, broken, NOT_PAID, "ben")[0] == "done"
    assert events_of(payment)[-1] == "judge"


def test_who_is_no_staff_any_more_holds_up_nobody(office: Bench) -> None:
    payment, broken = unanswered(office.config, NOW)
    say(office, broken, PAID, "cleo")
    assert say(office, broken, NOT_PAID, "ann")[0] == "refused"
    office.config = office.people.join(office.config, "ann", "ben")
    assert say(office, broken, NOT_PAID, "ann")[0] == "done"
    assert say(office, broken, NOT_PAID, "ben")[0] == "done"
    assert events_of(payment)[-1] == "judge"


def test_one_person_is_not_two(office: Bench) -> None:
    payment, broken = unanswered(office.config, NOW)
    say(office, broken, PAID, "ben")
    state, said = say(office, broken, PAID, "ben")
    assert (state, events_of(payment)[-1]) == ("refused", "send")
    assert "ben has signed this already" in str(said)


def test_whoever_asked_for_the_payment_does_not_say_what_became_of_it(office: Bench) -> None:
    _, broken = unanswered(office.config, NOW, actor="staff:ann")
    state, said = say(office, broken, PAID, "ann")
    assert state == "refused"
    assert "another person" in str(said)
    assert say(office, broken, PAID, "ben")[0] == "done"


def test_support_says_nothing_of_it(office: Bench) -> None:
    _, broken = unanswered(office.config, NOW)
    assert say(office, broken, PAID, "sue")[0] == "refused"


@pytest.mark.parametrize("outcome", [None, "", "maybe"])
def test_there_is_no_default(office: Bench, outcome: str | None) -> None:
    _, broken = unanswered(office.config, NOW)
    with pytest.raises(ActRefused, match=WHICH):
        plan_of(office.config, Proposal(act="cure", payment=broken, outcome=outcome))


@pytest.mark.parametrize("outcome", [PAID, NOT_PAID])
def test_what_the_facts_exclude_is_not_signed(office: Bench, outcome: str) -> None:
    left = {name: lines for name, lines in ENTRIES.items() if name != outcome}
    _, broken = unanswered(office.config, NOW, outcomes=left)
    with pytest.raises(ActRefused, match=WHY_NOT[outcome]):
        plan_of(office.config, Proposal(act="cure", payment=broken, outcome=outcome))


def test_a_break_that_the_engine_found_otherwise_takes_no_outcome(office: Bench) -> None:
    """The node neither has nor refuses it: the same bytes are sent again, and nobody is asked."""
    _, broken = unanswered(office.config, NOW)
    Break.update(evidence=json.dumps({"payments": []})).execute()
    with pytest.raises(ActRefused, match=NO_OUTCOME):
        plan_of(office.config, Proposal(act="cure", payment=broken, outcome=PAID))
    with pytest.raises(ActRefused, match="cured in another way"):
        plan_of(office.config, Proposal(act="cure", payment=broken))


def test_a_payment_that_has_moved_since_is_another_question(office: Bench) -> None:
    payment, broken = unanswered(office.config, NOW)
    say(office, broken, PAID, "ann")
    form = office.form("cure", by="ben", now=NOW, payment=broken, outcome=PAID)
    with Batch(office.config, actor="engine", now=NOW) as batch:
        batch.move(Payment.get_by_id(payment.id), "confirm", evidence={})
    state, said = office.submit(form, now=NOW)
    assert state == "refused"
    assert "not so any more" in str(said)


@pytest.mark.parametrize(
    "column", ["units", "client", "currency", "fee_units", "address", "kind", "purpose"]
)
def test_a_payment_whose_row_was_changed_is_not_said_anything_of(
    office: Bench, column: str
) -> None:
    payment, broken = unanswered(office.config, NOW)
    other = {
        "units": 7,
        "client": None,
        "currency": "ETH",
        "fee_units": COIN,
        "address": "rltc1qthief",
        "kind": "transfer",
        "purpose": "gas",
    }[column]
    Payment.update(**{column: other}).where(Payment.id == payment.id).execute()
    with pytest.raises(ActRefused, match="not so any more"):
        plan_of(office.config, Proposal(act="cure", payment=broken, outcome=PAID))


def test_a_console_offers_it_without_an_answer(office: Bench) -> None:
    _, broken = unanswered(office.config, NOW)
    view = standing.one_break(office.config, broken, NOW)
    assert view is not None
    assert view.fixable
    assert proposal_for(view) == Proposal(act="cure", payment=broken, outcome="")
    remedy = remedy_of(office.config, broken, staff="ben", now=NOW)
    assert remedy is not None
    assert (remedy.offer, remedy.signatures) == (None, ())
    assert "two persons sign that it paid, or did not pay" in remedy.words
