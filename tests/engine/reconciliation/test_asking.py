"""Asking for a comparison says in words why figures are old; the live engine's answer is tried by
the command's tests."""

from __future__ import annotations

import json
import threading
import time

import pytest

from db.connection import connected
from db.models import Chain, Order
from engine.clock import rfc3339, utc_now
from engine.reconciliation.asking import compare_now
from tests.nodes.ports import PATIENCE_S


def _chain() -> None:
    now = rfc3339(utc_now())
    Chain.create(symbol="LTC", since=now, beat_at=now)


def _answering(state: str, result: str) -> threading.Thread:
    def answer() -> None:
        with connected():
            while (
                not Order.update(state=state, result=result).where(Order.state == "open").execute()
            ):
                time.sleep(0.05)

    thread = threading.Thread(target=answer)
    thread.start()
    return thread


@pytest.mark.usefixtures("database")
def test_without_an_engine_the_figures_are_the_last_ones() -> None:
    assert compare_now(["LTC"]) == ("no engine answered: these are the figures that it found last",)
    assert Order.select().count() == 0


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(
    ("state", "result", "said"),
    [
        ("done", json.dumps({"LTC": ""}), ()),
        ("done", json.dumps({"LTC": "syncing"}), ("LTC: not compared now: syncing",)),
        ("refused", "no such currency", ("not compared now: no such currency",)),
    ],
)
def test_the_answer_is_said_in_words(state: str, result: str, said: tuple[str, ...]) -> None:
    _chain()
    thread = _answering(state, result)
    try:
        assert compare_now(["LTC"], full=True) == said
    finally:
        thread.join(PATIENCE_S)
    assert json.loads(Order.get().body) == {"currencies": ["LTC"], "full": True}
