"""Houses on EVM chains."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.families.evm.life import EvmHouse
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import Contract
from tests.nodes.payer_hands import EvmPayerHands

OpenHouse = Callable[..., EvmHouse]
OpenHands = Callable[..., EvmPayerHands]


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


@pytest.fixture
def hands(anvil: Anvil, tmp_path: Path) -> Iterator[OpenHands]:
    """`hands("FEE", url=…)`: what pays on the worker's own node, with tokens of these kinds."""
    opened: list[EvmPayerHands] = []

    def make(*kinds: str, url: str = "") -> EvmPayerHands:
        opened.append(EvmPayerHands.open(anvil, tmp_path, url=url, kinds=kinds))
        return opened[-1]

    yield make
    for each in opened:
        each.close()
