"""An alert reads well on every way, whatever stands in it."""

from __future__ import annotations

import dataclasses
import json

from engine.alerts.message import SUBJECT_MAX, trial_message
from tests.engine.alerts.test_sinks import MESSAGE, NOW


def test_a_title_is_one_short_line() -> None:
    long = dataclasses.replace(MESSAGE, text="coins\r\nare\tgone " * 100)
    assert len(long.title()) == SUBJECT_MAX
    assert long.title().startswith("[Example Trading] coins are gone coins")
    assert dataclasses.replace(MESSAGE, text="short").title() == "[Example Trading] short"


def test_a_body_is_one_object_with_the_time_of_this_try() -> None:
    body = json.loads(MESSAGE.body(NOW))
    assert set(body) == {"type", "timestamp", "data"}
    assert body["data"]["since"] == MESSAGE.first_seen
    assert body["data"]["details"] == {"amount": "-0.5", "client": None}


def test_a_letter_names_facts_one_to_a_line() -> None:
    lines = MESSAGE.letter().splitlines()
    assert "amount: -0.5" in lines
    assert not [line for line in lines if line.startswith("client")]


def test_a_trial_says_that_nothing_is_wrong() -> None:
    message = trial_message("Here", message_id="1" * 32, now=NOW)
    assert (message.kind, message.currency) == ("test", "")
    assert "nothing is wrong" in message.text
