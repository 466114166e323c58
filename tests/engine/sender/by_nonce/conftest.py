"""Desks on real EVM chains."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.sender.by_nonce.desk import EvmDesk
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import Contract

OpenDesk = Callable[..., EvmDesk]


@pytest.fixture
def open_evm(database: str, anvil: Anvil, tmp_path: Path) -> Iterator[OpenDesk]:
    """`open_evm(tokens={"USDT": contract}, finality=5)` on the worker's own node."""
    opened: list[EvmDesk] = []

    def make(
        *, on: Anvil = anvil, tokens: dict[str, Contract] | None = None, **keys: Any
    ) -> EvmDesk:
        table = {"finality": 6, **keys}
        opened.append(EvmDesk.open(tmp_path, database, on, tokens=tokens, **table))
        return opened[-1]

    yield make
    for desk in opened:
        desk.on.chain.close()
