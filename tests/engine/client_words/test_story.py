"""The line of states: where a payment stands, how far it came, and where it stopped."""

from __future__ import annotations

from dataclasses import replace

from engine.client_words.story import STEPS, Step, Story, line_of
from tests.engine.client_words.test_deposits import VIEW


def marks(state: str, came: int = 1) -> list[tuple[str, str]]:
    return [(step.name, step.mark) for step in line_of(replace(VIEW, state=state), came=came)]


def test_a_payment_on_the_line_has_its_place() -> None:
    assert marks("pending") == list(zip(STEPS, ("done", "now", "next", "next"), strict=True))
    assert marks("credited") == list(zip(STEPS, ("done",) * 4, strict=True))


def test_one_that_left_the_line_shows_where() -> None:
    assert marks("held", 3) == [*zip(STEPS, ("done",) * 3, strict=False), ("held", "now")]
    assert marks("cancelled") == [("requested", "done"), ("cancelled", "stopped")]


def test_confirmations_are_counted_as_far_as_needed() -> None:
    view = replace(VIEW, state="pending", confirmations=9, confirmations_required=3)
    assert line_of(view, came=1)[1] == Step("pending", "now", "3 of 3")


def test_a_story_asks_only_for_what_is_to_do() -> None:
    assert Story("", "", "Look into the wallet.", "bad").asks
    assert not Story("", "", "Nothing to do.", "wait").asks
    assert not Story("", "", "", "wait").asks
