"""What became of a send of which no node tells is typed in full words, and never there already."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from console.acts import answer, missing
from console.screens.difference import DifferenceScreen
from db.connection import connected
from db.models import Approval
from engine.approvals.plan import Proposal
from engine.clock import utc_now
from tests.commands.desk import Desk
from tests.commands.staffed import StaffedDesk
from tests.console.terminal import Terminal, at_terminal
from tests.engine.approvals.people import ROLES, People
from tests.engine.approvals.unanswered import unanswered


@pytest.fixture
def staffed(desk: Desk, people: People) -> Iterator[StaffedDesk]:
    staffed = StaffedDesk(desk, people)
    with staffed.engine():
        yield staffed


def test_a_break_that_persons_answer_asks_before_it_shows_the_entry(staffed: StaffedDesk) -> None:
    with staffed.desk.opened() as config:
        broken = unanswered(config, utc_now())[1]

    async def steps(shown: Terminal) -> None:
        shown.app.push_screen(DifferenceScreen(broken))
        await shown.sees("it paid or it did not pay", "then two persons sign")
        await shown.press("c")
        await shown.sees("Did it pay?", "type in full: paid, or: not paid")
        await shown.press("enter")
        await shown.type("perhaps")
        await shown.press("enter")
        await shown.sees("that it paid, or that it did not pay", "Did it pay?")
        await shown.type("not paid")
        await shown.press("enter")
        await shown.sees(": it did not pay", "client:CR1", "once the engine has asked the node")
        await shown.sees(f"Type {broken[-4:]}, the end of its id")
        await shown.type(broken[-4:])
        await shown.press("enter")
        await shown.sees("signed, 1 of 2")
        await shown.press("enter")
        await shown.sees("one signed that it did not pay")

    key = staffed.people.key("ann")
    at_terminal(staffed.desk.path, steps, staff="ann", role=ROLES["ann"], key=key, now=None)
    with connected():
        assert '"outcome":"not_paid"' in Approval.get().body


def test_an_answer_is_needed_where_a_proposal_leaves_it_open() -> None:
    assert missing(Proposal(act="cure", payment="1", outcome="")) == "outcome"
    assert missing(Proposal(act="cure", payment="1", outcome="paid")) == ""
    assert missing(Proposal(act="cure", payment="1")) == ""


@pytest.mark.parametrize(
    ("need", "typed", "said"),
    [
        ("outcome", "Paid", "paid"),
        ("outcome", "not  paid", "not_paid"),
        ("reason", "Not paid", "Not paid"),
    ],
)
def test_an_answer_is_understood_however_it_is_spaced(need: str, typed: str, said: str) -> None:
    assert answer(need, typed) == said
