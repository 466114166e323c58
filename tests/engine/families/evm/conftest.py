"""Houses on EVM chains."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.families.evm.life import EvmHouse
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import Contract

OpenHouse = Callable[..., EvmHouse]


@pytest.fixture
def open_house(database: str, anvil: Anvil, tmp_path: Path) -> Iterator[OpenHouse]:
    """`open_house(tokens={"USDT": contract}, confirmations=2)` on the worker's own node."""
    opened: list[EvmHouse] = []

    def make(
        *, on: Anvil = anvil, tokens: dict[str, Contract] | None = None, **keys: Any
    ) -> EvmHouse:
        opened.append(EvmHouse.open(tmp_path, database, on, tokens=tokens, **keys))
        return opened[-1]

    yield make
    for house in opened:
        house.on.chain.close()
