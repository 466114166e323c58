"""The rules of a deposit: from every state and every fact to the state that the facts demand."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.chain import BlockRef, Fact, Standing
from engine.deposits.rules import Position, confirmations, next_events
from engine.lifecycle import STATES
from engine.lifecycle.machine import fire

TIP = 100
N = 3
IN_BLOCK = {depth: BlockRef(TIP - depth + 1, f"block {depth}") for depth in range(7)}
POSTED = ("credited", "held", "refused")


def fact(standing: Standing, depth: int = 0) -> Fact:
    """A fact about a coin: `depth` is that of its own block, or of the conflict when it is gone."""
    if standing is Standing.GONE:
        return Fact("tx", standing, conflict_depth=depth, conflicts=("other",))
    return Fact("tx", standing, IN_BLOCK[depth] if standing is Standing.MINED else None)


def position(state: str, *, unsettled: bool = False, depth: int | None = None) -> Position:
    block = None if depth is None else IN_BLOCK[depth].hash
    return Position(state, unsettled=unsettled, block_hash=block, required=N)


MEMPOOL, ABSENT = fact(Standing.MEMPOOL), fact(Standing.ABSENT)


def mined(depth: int) -> Fact:
    return fact(Standing.MINED, depth)


def gone(depth: int) -> Fact:
    return fact(Standing.GONE, depth)


UNCONFIRMED = [
    ("requested", MEMPOOL, ("see",)),
    ("requested", mined(1), ("see",)),
    ("requested", mined(N - 1), ("see",)),
    ("requested", mined(N), ("see", "confirm")),
    ("pending", MEMPOOL, ()),
    ("pending", ABSENT, ()),
    ("pending", mined(N - 1), ()),
    ("pending", mined(N), ("confirm",)),
    ("pending", gone(1), ("vanish",)),
    ("confirmed", mined(N), ()),
    ("confirmed", mined(N - 1), ("unconfirm",)),
    ("confirmed", MEMPOOL, ("unconfirm",)),
    ("confirmed", ABSENT, ("unconfirm",)),
    ("confirmed", gone(1), ("unconfirm", "vanish")),
]
GIVEN_UP = [
    (state, told, events)
    for state in ("vanished", "reversed")
    for told, events in [
        (ABSENT, ()),
        (gone(1), ()),
        (MEMPOOL, ("revive",)),
        (mined(1), ("revive",)),
        (mined(N), ("revive", "confirm")),
    ]
]


@pytest.mark.parametrize(("state", "told", "events"), UNCONFIRMED + GIVEN_UP)
def test_facts_move_a_deposit(state: str, told: Fact, events: tuple[str, ...]) -> None:
    assert next_events(position(state), told, tip_height=TIP) == events


@pytest.mark.parametrize("state", POSTED)
def test_what_is_posted_is_taken_back_by_proof_only(state: str) -> None:
    settled = position(state, depth=4)
    cases = [
        (settled, mined(4), ()),
        (settled, mined(1), ("settle",)),  # in another block now
        (settled, MEMPOOL, ("unsettle",)),
        (settled, ABSENT, ("unsettle",)),
        (settled, gone(1), ("unsettle",)),
        (settled, gone(N - 1), ("unsettle",)),
        (settled, gone(N), ("reverse",)),
    ]
    loose = position(state, unsettled=True)
    cases += [
        (loose, MEMPOOL, ()),
        (loose, ABSENT, ()),
        (loose, gone(N - 1), ()),
        (loose, gone(N), ("reverse",)),
        (loose, mined(1), ("settle",)),
    ]
    for where, told, events in cases:
        assert next_events(where, told, tip_height=TIP) == events, (where, told)


@pytest.mark.parametrize(
    ("tip", "block", "deep"), [(10, 10, 1), (12, 10, 3), (9, 10, 0), (10, None, 0), (-1, None, 0)]
)
def test_the_block_itself_is_the_first_confirmation(tip: int, block: int | None, deep: int) -> None:
    assert confirmations(tip, block) == deep


def test_a_block_above_the_tip_confirms_nothing() -> None:
    # The node went back: what it still says of a higher block is no depth.
    told = Fact("tx", Standing.MINED, BlockRef(TIP + 5, "above"))
    assert next_events(position("pending"), told, tip_height=TIP) == ()
    assert next_events(position("confirmed"), told, tip_height=TIP) == ("unconfirm",)


states = st.sampled_from(
    [state.name for state in STATES["deposit"] if state.name not in {"expired"}]
)
facts = st.one_of(
    st.sampled_from([MEMPOOL, ABSENT]),
    st.integers(1, 6).map(mined),
    st.integers(1, 6).map(gone),
)


@given(state=states, told=facts, unsettled=st.booleans(), depth=st.none() | st.integers(1, 6))
def test_the_facts_lead_to_a_legal_place_where_they_demand_no_more(
    state: str, told: Fact, unsettled: bool, depth: int | None
) -> None:
    row = SimpleNamespace(kind="deposit", state=state)
    start = position(state, unsettled=unsettled, depth=depth)
    events = next_events(start, told, tip_height=TIP)
    for event in events:
        fire(row, event)  # raises for a move that there is not
    flag = {"unsettle": True, "settle": False}.get(events[-1], unsettled) if events else unsettled
    block = told.block.hash if told.block else None
    again = Position(row.state, unsettled=flag, block_hash=block, required=N)
    assert next_events(again, told, tip_height=TIP) == ()


@given(told=facts, first=states, required=st.integers(1, 10))
def test_nothing_is_confirmed_with_fewer_blocks_than_required(
    told: Fact, first: str, required: int
) -> None:
    start = Position(first, unsettled=False, block_hash=None, required=required)
    events = next_events(start, told, tip_height=TIP)
    height = told.block.height if told.block else None
    if "confirm" in events:
        assert confirmations(TIP, height) >= required
    if "reverse" in events:
        assert told.standing is Standing.GONE
        assert told.conflict_depth >= required
