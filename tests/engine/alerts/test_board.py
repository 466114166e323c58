"""The same fact is told once to each sink, for certain, and again after it was gone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest

from db.alerts import Alert, AlertDelivery
from engine.alerts import board
from engine.alerts.facts import Fact
from engine.errors import LeaseLost
from tests.engine.house import NOW

SPENT = Fact("unknown_spend", "LTC", "unknown_spend/x", "coins are gone", {"amount": "-1"})
HELD = Fact("held_too_long", "LTC", "p1", "a withdrawal is held")
BOTH = ("webhook", "email")
HOUR = timedelta(hours=1)

pytestmark = pytest.mark.usefixtures("database")


def note(*facts: Fact, sinks: Iterable[str] = BOTH, now: datetime = NOW) -> int:
    return board.note(facts, tuple(sinks), now, guard=lambda: None)


def due(sink: str = "webhook", now: datetime = NOW) -> list[str]:
    return [message.text for message in board.due(sink, now, house="Here", limit=10)]


def test_a_fact_is_on_its_way_to_each_sink_once() -> None:
    assert note(SPENT) == 1
    assert note(SPENT, now=NOW + HOUR) == 0
    assert due("webhook") == due("email") == ["coins are gone"]
    (message,) = board.due("email", NOW, house="Here", limit=10)
    assert (message.kind, message.house, message.details) == (
        "unknown_spend",
        "Here",
        SPENT.details,
    )
    assert message.first_seen == "2026-10-30T12:00:00.000000Z"


def test_what_arrived_at_one_sink_still_goes_to_the_other() -> None:
    note(SPENT)
    (message,) = board.due("webhook", NOW, house="Here", limit=10)
    board.note_delivered(message.id, "webhook", NOW)
    assert due("webhook") == []
    assert due("email") == ["coins are gone"]
    (view,) = board.open_alerts()
    assert (view.text, view.told) == ("coins are gone", ("webhook",))


def test_a_fact_that_comes_back_later_is_told_again() -> None:
    note(SPENT)
    note(now=NOW + HOUR)
    assert board.open_alerts() == ()
    assert note(SPENT, now=NOW + 2 * HOUR) == 1
    assert due(now=NOW + 2 * HOUR) == ["coins are gone"] * 2


def test_a_fact_that_flickers_is_told_once() -> None:
    note(SPENT)
    for minutes in range(1, 60, 2):
        assert note(now=NOW + timedelta(minutes=minutes)) == 0
        assert note(SPENT, now=NOW + timedelta(minutes=minutes + 1)) == 0
    assert len(board.open_alerts()) == 1
    assert due() == ["coins are gone"]


def test_what_failed_is_tried_later_each_time_and_for_ever() -> None:
    note(SPENT)
    now, waits = NOW, []
    for _ in range(8):
        (message,) = board.due("webhook", now, house="Here", limit=10)
        board.note_failed(message.id, "webhook", "connection refused", now)
        assert due(now=now) == []
        row = AlertDelivery.get(AlertDelivery.sink == "webhook")
        after = datetime.fromisoformat(row.next_at)
        waits.append(int((after - now).total_seconds()))
        now = after
    assert waits == [5, 30, 120, 600, 1800, 3600, 3600, 3600]
    assert due("email") == ["coins are gone"]
    webhook, email = board.sink_views(BOTH)
    assert (webhook.failing, webhook.waiting) == ("connection refused", 1)
    assert (email.failing, email.waiting) == ("", 1)


def test_one_message_that_is_never_taken_holds_up_no_other() -> None:
    note(SPENT)
    (poison,) = board.due("webhook", NOW, house="Here", limit=10)
    board.note_failed(poison.id, "webhook", "it answered 400", NOW)
    later = NOW + timedelta(seconds=5)
    note(SPENT, HELD, now=later)
    assert due(now=later) == ["a withdrawal is held", "coins are gone"]


def test_a_clock_that_was_set_back_puts_nothing_off() -> None:
    note(SPENT, now=NOW + timedelta(days=300))
    assert due(now=NOW) == ["coins are gone"]


def test_a_sink_that_is_added_later_gets_what_is_so_still() -> None:
    note(SPENT, HELD, sinks=())
    note(HELD, sinks=())
    assert due() == []
    note(HELD, sinks=["webhook"])
    assert due() == ["a withdrawal is held"]
    assert note(HELD, sinks=["webhook"]) == 0
    assert len(due()) == 1


def test_that_a_sink_fails_is_told_by_the_others() -> None:
    fact = Fact(board.SINK_FAILING, "", "email", "alerts by email do not arrive")
    note(fact)
    note(fact)
    assert due("webhook") == ["alerts by email do not arrive"]
    assert due("email") == []


def test_who_lost_the_lease_writes_nothing() -> None:
    def lost() -> None:
        raise LeaseLost("another engine")

    with pytest.raises(LeaseLost):
        board.note([SPENT], BOTH, NOW, guard=lost)
    assert Alert.select().count() == 0
    assert AlertDelivery.select().count() == 0


def test_what_is_old_and_arrived_is_forgotten_and_nothing_else() -> None:
    note(SPENT, HELD)
    for message in board.due("webhook", NOW, house="Here", limit=10):
        board.note_delivered(message.id, "webhook", NOW)
    (spent,) = [m for m in board.due("email", NOW, house="Here", limit=10) if m.kind == SPENT.kind]
    board.note_delivered(spent.id, "email", NOW)
    note(now=NOW + HOUR)
    note(Fact("x", "", "y", "news"), now=NOW + timedelta(days=91))
    assert {row.kind for row in Alert.select()} == {"held_too_long", "x"}
