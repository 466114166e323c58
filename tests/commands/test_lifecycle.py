"""The diagram is drawn from the tables that rule."""

from __future__ import annotations

from engine.lifecycle import MOVES
from tests.commands.desk import Desk


def test_every_move_is_in_the_diagram(new_desk: Desk) -> None:
    drawn = new_desk.type("lifecycle", "deposit").stdout
    assert drawn.startswith("stateDiagram-v2\n")
    for move in MOVES["deposit"]:
        assert f"--> {move.to}: {move.event}\n" in drawn


def test_no_kind_means_every_kind(new_desk: Desk) -> None:
    drawn = new_desk.type("lifecycle").stdout
    assert drawn.count("stateDiagram-v2") == len(MOVES)
