"""Desks on the chain in memory and on a real node, over both databases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.approvals.conftest import people
from tests.engine.approvals.people import Bench, People
from tests.engine.deposits.conftest import fake, on
from tests.engine.moves.houses import cold, open_moving, open_office, vault
from tests.engine.sender.desk import Desk
from tests.nodes.harness import Harness

OpenDesk = Callable[..., Desk]

__all__ = ["cold", "fake", "on", "open_moving", "open_office", "people", "vault"]


@pytest.fixture
def open_desk(database: str, on: Harness, tmp_path: Path) -> OpenDesk:  # the fixture
    """`open_desk(confirmations=3, …)`: a desk on the chain and the database of this test."""
    keys: dict[str, object] = {"batch.every": 0, "finality": 10}
    return lambda **more: Desk.open(tmp_path, database, on, **{**keys, **more})


@pytest.fixture
def desk(open_desk: OpenDesk) -> Desk:
    """A desk that wants three confirmations, and calls final what is ten deep."""
    return open_desk()


@pytest.fixture
def bench(desk: Desk, people: People) -> Bench:
    """The office of this desk's engine; everybody in `people` is its staff."""
    return Bench.staffed(desk, people)
