"""The tables of states and moves: every pair is a move or an error, and nothing else exists."""

from __future__ import annotations

import re
from collections import defaultdict
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import LifecycleError
from engine.lifecycle import MOVES, STATES, mermaid
from engine.lifecycle.machine import NEW, fire

# The deposit's column of the design's table, written again by hand: event, from, to.
DEPOSIT = {
    ("request", "new", "requested"),
    ("see", "requested", "pending"),
    ("expire", "requested", "expired"),
    ("confirm", "pending", "confirmed"),
    ("unconfirm", "confirmed", "pending"),
    ("credit", "confirmed", "credited"),
    ("hold", "confirmed", "held"),
    ("release", "held", "credited"),
    ("book", "held", "credited"),
    ("refuse", "confirmed", "refused"),
    ("refuse", "held", "refused"),
    ("refund", "held", "refunded"),
    ("refund", "refused", "refunded"),
    ("take_back", "refunded", "refused"),
    ("vanish", "pending", "vanished"),
    ("revive", "vanished", "pending"),
    ("revive", "reversed", "pending"),
    *(
        (event, state, state)
        for event in ("unsettle", "settle")
        for state in ("credited", "held", "refused")
    ),
    *(
        ("mend", state, state)
        for state in (
            *("requested", "pending", "confirmed", "held", "credited"),
            *("refused", "refunded", "expired", "vanished", "reversed"),
        )
    ),
    *(("reverse", state, "reversed") for state in ("credited", "held", "refused")),
}
PAID_OUT = {"refused", "cancelled", "failed"}
ENDS = {"deposit": {"expired"}, "withdrawal": PAID_OUT, "transfer": PAID_OUT}
EVENTS = sorted({event for event, _, _ in DEPOSIT})
PLACES = [NEW, *(state.name for state in STATES["deposit"])]
PAIRS = [(event, place) for event in EVENTS for place in PLACES]


def payment(state: str, kind: str = "deposit") -> SimpleNamespace:
    return SimpleNamespace(kind=kind, state=state)


@pytest.mark.parametrize(("event", "place"), PAIRS)
def test_a_move_is_in_the_table_or_it_raises(event: str, place: str) -> None:
    ends = [to for name, start, to in DEPOSIT if (name, start) == (event, place)]
    row = payment(place)
    if not ends:
        with pytest.raises(LifecycleError, match=f"cannot {event} when it is {place}"):
            fire(row, event)
        assert row.state == place
        return
    assert fire(row, event) == place
    assert [row.state] == ends


@given(event=st.text(max_size=12), place=st.text(max_size=12) | st.sampled_from(PLACES))
def test_no_other_word_is_an_event_or_a_state(event: str, place: str) -> None:
    row = payment(place)
    if event in EVENTS and place in PLACES:
        return
    with pytest.raises(LifecycleError):
        fire(row, event)
    assert row.state == place


@pytest.mark.parametrize("word", ["to_credited", "to", "__class__", "initial", "new", "credited"])
def test_there_is_no_way_into_a_state_by_its_name(word: str) -> None:
    with pytest.raises(LifecycleError):
        fire(payment("requested"), word)


def test_a_kind_without_a_table_does_not_move() -> None:
    with pytest.raises(LifecycleError, match="a gift cannot credit"):
        fire(payment("confirmed", kind="gift"), "credit")


def test_rows_do_not_disturb_each_other() -> None:
    rows = [payment("pending") for _ in range(3)]
    fire(rows[1], "confirm")
    assert [row.state for row in rows] == ["pending", "confirmed", "pending"]


@pytest.mark.parametrize("kind", sorted(MOVES))
def test_every_state_is_reached_and_named_with_its_owner(kind: str) -> None:
    reached = {move.to for move in MOVES[kind]}
    assert reached == {state.name for state in STATES[kind]}
    assert all(state.owner and state.way_out for state in STATES[kind])
    assert all(move.owner in {"client", "engine", "staff"} for move in MOVES[kind])


@pytest.mark.parametrize("kind", sorted(MOVES))
def test_every_state_has_a_way_out_or_is_an_end(kind: str) -> None:
    leaves = {source for move in MOVES[kind] for source in move.sources if source != move.to}
    assert {state.name for state in STATES[kind]} - leaves == ENDS[kind]


LINE = re.compile(r"    (\[\*\]|[a-z]+) --> (\[\*\]|[a-z]+)(: [a-z_]+)?")


@pytest.mark.parametrize("kind", sorted(MOVES))
def test_the_diagram_is_mermaid_and_shows_every_move(kind: str) -> None:
    first, *lines = mermaid(kind).splitlines()
    assert first == "stateDiagram-v2"
    matches = [LINE.fullmatch(line) for line in lines]
    assert all(matches)
    shown: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for match in matches:
        assert match is not None
        start, to, label = match.groups()
        shown[label or ""].add((start, to))
    assert shown.pop("") == {(end, "[*]") for end in ENDS[kind]}
    found = {
        (label[2:], NEW if start == "[*]" else start, to)
        for label, arrows in shown.items()
        for start, to in arrows
    }
    assert found == {
        (move.event, source, move.to) for move in MOVES[kind] for source in move.sources
    }
    if kind == "deposit":
        assert found == DEPOSIT
