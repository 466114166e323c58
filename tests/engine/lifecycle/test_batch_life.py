"""Random lives: whatever is tried, only legal moves leave a row, and every chain holds."""

from __future__ import annotations

import itertools
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from db.models import History, Payment
from engine.config import Config
from engine.errors import LifecycleError, StaleState
from engine.history import row_hash, row_of
from engine.lifecycle import MOVES, Batch
from tests.engine.house import house, new_batch

EVENTS = sorted({move.event for move in MOVES["deposit"]})
LEGAL = {(source, move.event): move.to for move in MOVES["deposit"] for source in move.sources}
_runs = itertools.count()


class Lives(RuleBasedStateMachine):
    """Deposits beside a dictionary of their states. Each run has payments of its own, since
    histories stay."""

    config: Config

    def __init__(self) -> None:
        super().__init__()
        self.run = next(_runs)
        self.states: dict[str, list[str]] = {}

    payments = Bundle("payments")

    @initialize(target=payments)
    def begin(self) -> str:
        return self.opened()

    @rule(target=payments)
    def open(self) -> str:
        return self.opened()

    def opened(self) -> str:
        client = f"{self.run}/{len(self.states)}"
        with new_batch(self.config) as batch:
            payment = batch.open(
                kind="deposit", client=client, currency="LTC", chain="LTC", units=1, evidence={}
            )
        self.states[payment.id] = ["requested"]
        return str(payment.id)

    @rule(name=payments, event=st.sampled_from(EVENTS))
    def move(self, name: str, event: str) -> None:
        self.run_moves(name, [event])

    @rule(name=payments, events=st.lists(st.sampled_from(EVENTS), min_size=2, max_size=4))
    def move_on(self, name: str, events: list[str]) -> None:
        self.run_moves(name, events)

    def run_moves(self, name: str, events: list[str]) -> None:
        """All of `events` in one batch: all legal and written, or none."""
        states = [*self.states[name]]
        for event in events:
            if (states[-1], event) not in LEGAL:
                states = []
                break
            states.append(LEGAL[states[-1], event])
        payment = Payment.get_by_id(name)
        try:
            with new_batch(self.config) as batch:
                self.fire(batch, payment, events)
        except LifecycleError:
            assert not states
        else:
            assert states
            self.states[name] = states

    @staticmethod
    def fire(batch: Batch, payment: Payment, events: list[str]) -> None:
        for event in events:
            batch.move(payment, event, evidence={"event": event})

    @rule(name=payments, event=st.sampled_from(EVENTS))
    def move_by_a_stale_copy(self, name: str, event: str) -> None:
        payment = Payment.get_by_id(name)
        payment.last_seq -= 1
        if (payment.state, event) not in LEGAL:
            return
        try:
            with new_batch(self.config) as batch:
                batch.move(payment, event, evidence={})
        except StaleState:
            return
        raise AssertionError("a stale copy moved")

    @invariant()
    def every_chain_holds(self) -> None:
        for name, states in self.states.items():
            chain = History.select().where(History.payment == name).order_by(History.seq)
            rows = [row_of(record) for record in chain]
            assert [row["to"] for row in rows] == states
            assert [row["from"] for row in rows] == [None, *states[:-1]]
            assert [row["prev"] for row in rows] == [name, *(row["hash"] for row in rows[:-1])]
            assert all(row_hash(row) == row["hash"] for row in rows)
            payment = Payment.get_by_id(name)
            assert (payment.state, payment.last_hash) == (states[-1], rows[-1]["hash"])
            assert (payment.first_seq, payment.last_seq) == (rows[0]["seq"], rows[-1]["seq"])


def test_random_lives_leave_only_legal_histories(database: str, tmp_path: Path) -> None:
    assert database
    Lives.config = house(tmp_path)
    life = settings(max_examples=12, stateful_step_count=15, deadline=None)
    run_state_machine_as_test(Lives, settings=life)
    assert History.select().count() > 12  # more than the first rows of each run
