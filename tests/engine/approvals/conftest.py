"""A house with staff: their keys are made once for all tests of a worker."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.config import Config
from tests.engine.approvals.people import Bench, People
from tests.engine.deposits.conftest import fake, house, on, open_house
from tests.engine.deposits.life import House
from tests.engine.house import house as small_house
from tests.engine.moves.houses import cold, open_moving, open_office, vault

__all__ = ["bench", "fake", "house", "on", "open_house", "people"]
__all__ += ["cold", "open_moving", "open_office", "vault"]


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    return People(tmp_path_factory.mktemp("people") / "keys")


@pytest.fixture
def bench(house: House, people: People) -> Bench:
    """The office of this house's engine, and everybody in `people` before it."""
    return Bench(people.join(house.config), people, guard=house.lease.guard)


@pytest.fixture
def bench_config(database: str, tmp_path: Path) -> Config:  # noqa: ARG001  # opened for this thread
    """A configuration without staff, over an open database."""
    return small_house(tmp_path)
