"""Houses that sweep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.sweeps.life import SweepingHouse
from tests.nodes.anvil import Anvil

OpenSweeping = Callable[..., SweepingHouse]


@pytest.fixture
def open_sweeping(database: str, anvil: Anvil, tmp_path: Path) -> Iterator[OpenSweeping]:
    """`open_sweeping(tokens={"USDT": contract}, sweep={…})` on the worker's own node."""
    opened: list[SweepingHouse] = []

    def make(*, on: Anvil = anvil, **keys: Any) -> SweepingHouse:
        opened.append(SweepingHouse.founded(tmp_path, database, on, **keys))
        return opened[-1]

    yield make
    for house in opened:
        house.on.chain.close()
