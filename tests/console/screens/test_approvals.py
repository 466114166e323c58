"""Approvals by keys: what waits, what one looks at before signing, and why one may not sign."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from freezegun import freeze_time

from db.models import Payment
from tests.commands.desk import Desk
from tests.console.queues import ADDRESS, ADJUST, WaitingHouse
from tests.console.snapshots import assert_looks
from tests.console.terminal import LARGE, NOW, SMALL, Terminal, at_terminal
from tests.engine.approvals.people import Bench, People


@pytest.fixture
def queue(desk: Desk, people: People) -> WaitingHouse:
    return WaitingHouse(desk, people)


def _acts(queue: WaitingHouse, act: str, by: str, **subject: Any) -> None:
    """Somebody else signs at another console, a minute later."""
    with queue.connected(), freeze_time(NOW + timedelta(minutes=1)):
        bench = Bench(queue.desk.config(), queue.people, guard=lambda: None)
        state, answer = bench.do(act, by=by, now=NOW + timedelta(minutes=1), **subject)
        assert state == "done", answer


@pytest.mark.parametrize("size", [SMALL, LARGE])
def test_it_looks_as_it_did(queue: WaitingHouse, size: tuple[int, int]) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("2")
        await shown.sees("the same, all 44 characters")
        await assert_looks(shown, "approvals")
        await shown.press("end")
        await shown.sees("paid twice by mistake")
        await assert_looks(shown, "approvals_act")

    at_terminal(queue.path, steps, size=size, **queue.sits("ben"))


def test_everything_one_decides_on_is_there_before_the_key(queue: WaitingHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("2")
        await shown.sees(
            "2 Approvals 4",
            "4 wait for staff, oldest first",
            "larger withdrawals are looked at by a person (rule approve_above)",
            "2 persons · signed: nobody yet · 2 missing",
            "credited 1: 20 LTC · paid out 1: 0.75 LTC",
            "= paid once for this client, last 2026-09-20",
            "! without a person: 12 of 5 LTC",
            "= this client, 24 hours: 12 of 50 LTC",
            "posted once its chain tx is deep",
            "-12.00000000 LTC",
        )

    at_terminal(queue.path, steps, size=LARGE, **queue.sits("ben"))


def test_an_address_that_was_changed_in_the_database_is_marked(queue: WaitingHouse) -> None:
    thief = ADDRESS.replace("m432", "m4a2")
    with queue.connected():
        Payment.update(address=thief).where(Payment.id == queue.ids["withdrawal"]).execute()

    async def steps(shown: Terminal) -> None:
        await shown.press("2")
        await shown.sees("NOT THE SAME", "^", "! never paid")

    at_terminal(queue.path, steps, size=LARGE, **queue.sits("ben"))


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ann", "ann is payments: to approve is for approver"),
        ("sue", "sue is support: to approve is for approver"),
        ("aud", "aud is auditor: to approve is for approver"),
    ],
)
def test_who_may_not_sign_sees_why_and_has_no_key_for_it(
    queue: WaitingHouse, name: str, said: str
) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("2")
        await shown.sees(said)
        assert "a approve" not in shown.text
        await shown.press("a")
        assert len(shown.app.screen_stack) == 1

    at_terminal(queue.path, steps, **queue.sits(name))


def test_who_signed_already_is_told_so_and_signs_no_second_time(queue: WaitingHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("2", "end")
        await shown.sees("ann has signed this already (1 of 2)", "a sign")
        await shown.press("a")
        assert len(shown.app.screen_stack) == 1

    at_terminal(queue.path, steps, **queue.sits("ann"))


def test_each_kind_of_thing_offers_its_own_acts(queue: WaitingHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("2")
        await shown.sees("a approve", "r refuse", "n note")
        await shown.press("down")
        await shown.sees("b book", "if it is booked to the house", "r refuse")
        assert "a approve" not in shown.text
        await shown.press("end")
        await shown.sees("a sign")
        assert "r refuse" not in shown.text

    at_terminal(queue.path, steps, **queue.sits("ben"))


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (("a",), "will be paid"),
        (("r",), "Why?"),
        (("n",), "to be noted?"),
        (("down", "b"), "To which account?"),
        (("end", "a"), "adjust client:CR1042"),
    ],
)
def test_each_act_begins_in_the_dialog_and_escape_signs_nothing(
    queue: WaitingHouse, keys: tuple[str, ...], said: str
) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("2")
        await shown.sees("4 wait")
        for key in keys:
            await shown.press(key)
        await shown.sees(said)
        assert len(shown.app.screen_stack) == 2
        await shown.press("escape")
        await shown.sees("4 wait")

    at_terminal(queue.path, steps, **queue.sits("ben"))


def test_what_another_person_signs_is_seen_at_once(queue: WaitingHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("2")
        await shown.sees("nobody yet · 2 missing")
        _acts(queue, "approve", "cleo", payment=queue.ids["withdrawal"])
        await shown.sees("signed: cleo · 1 missing", "1 of 2")

    at_terminal(queue.path, steps, **queue.sits("ben"))


def test_what_leaves_the_queue_under_ones_eyes_is_said(queue: WaitingHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("2")
        await shown.sees("4 wait")
        _acts(queue, "refuse", "cleo", payment=queue.ids["withdrawal"], reason="police")
        await shown.sees("3 wait", "left at 12:00:41: refuse by staff:cleo, now refused")
        assert "suspense" in shown.selected
        await shown.press("down")
        assert "left at" not in shown.text

    at_terminal(queue.path, steps, **queue.sits("ben"))


def test_the_second_signature_of_another_empties_the_row(queue: WaitingHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("2", "end")
        await shown.sees("paid twice by mistake")
        _acts(queue, "adjust", "cleo", **ADJUST)
        await shown.sees("3 wait", "signed by another person, or void")

    at_terminal(queue.path, steps, **queue.sits("ben"))


def test_the_selected_row_stays_selected_when_others_come(queue: WaitingHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("2", "down", "down")
        await shown.sees("the client is blocked")
        before = shown.selected
        _acts(queue, "refuse", "cleo", payment=queue.ids["suspense"], reason="dust")
        await shown.sees("3 wait")
        assert shown.selected == before
        assert "left at" not in shown.text

    at_terminal(queue.path, steps, **queue.sits("ben"))


def test_enter_opens_the_payment_and_copies_are_whole(queue: WaitingHouse) -> None:
    async def steps(shown: Terminal) -> None:
        await shown.press("2")
        await shown.sees("4 wait")
        await shown.press("y")
        assert shown.app.clipboard == ADDRESS
        await shown.press("c")
        assert shown.app.clipboard == queue.ids["withdrawal"]
        await shown.press("space")
        await shown.sees("fees:service")
        await shown.press("backspace", "enter")
        await shown.sees("story")
        await shown.press("escape")
        await shown.sees("4 wait")

    at_terminal(queue.path, steps, **queue.sits("ben"))


def test_a_quiet_day_looks_quiet(desk: Desk, people: People) -> None:
    with desk.opened():
        pass

    async def steps(shown: Terminal) -> None:
        await shown.press("2")
        await shown.sees("nothing waits for staff")
        await shown.press("a", "r", "b", "n", "y", "c", "enter", "space")
        assert len(shown.app.screen_stack) == 1

    at_terminal(desk.path, steps, staff="ben", role="approver", key=people.key("ben"))


def test_words_of_others_drive_nothing(queue: WaitingHouse) -> None:
    nasty = "[red]x[/] \x1b[2J \u202e"
    with queue.till() as till:
        till.move(queue.add_deposit("CR1042"), "hold", reason=nasty)

    async def steps(shown: Terminal) -> None:
        await shown.press("2", "end")
        await shown.sees("[red]x[/] \\x1b[2J \\u202e")

    at_terminal(queue.path, steps, size=LARGE, **queue.sits("ben"))
