"""What tests of whole engines stand on."""

from __future__ import annotations

import random
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.dying_evm import DyingEvm
from tests.engine.dying_world import DyingWorld
from tests.engine.processes import Nursery
from tests.engine.sender.by_nonce.desk import EvmDesk
from tests.engine.sender.desk import Desk
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import deploy
from tests.nodes.currencies import currency_of
from tests.nodes.harness import LitecoindHarness
from tests.nodes.litecoind import Litecoind

OpenWorld = Callable[[int], DyingWorld]
OpenEvmWorld = Callable[[int], DyingEvm]


@pytest.fixture(scope="session")
def nursery() -> Iterator[Nursery]:
    """Where this worker's engines are born."""
    opened = Nursery()
    yield opened
    opened.close()


@pytest.fixture
def wallet(litecoind: Litecoind) -> Iterator[str]:
    """A wallet of the worker's node that no other test ever used."""
    name = f"dying-{secrets.token_hex(4)}"
    litecoind.add_wallet(name)
    yield name
    litecoind.rpc("unloadwallet", name)


@pytest.fixture
def open_world(
    database: str, wallet: str, litecoind: Litecoind, nursery: Nursery, tmp_path: Path
) -> Iterator[OpenWorld]:
    """`open_world(seed)`: clients and an engine that may die, on a wallet of their own."""
    opened: list[DyingWorld] = []
    (tmp_path / "harness").mkdir()
    on = LitecoindHarness(litecoind, currency_of(tmp_path / "harness", "LTC"), wallet=wallet)
    keys: dict[str, object] = {
        "confirmations": 2,
        "finality": 10,
        "node": litecoind.url(wallet),
        "poll": 0.1,
        "withdrawal.fee": "0.0005",
        "batch.every": 0,
    }

    open_desk: Callable[..., Desk] = Desk.open

    def make(seed: int) -> DyingWorld:
        desk = open_desk(tmp_path, database, on, **keys)
        opened.append(DyingWorld(desk, nursery, random.Random(seed)))
        return opened[-1]

    yield make
    for world in opened:
        world.engine.kill()
    on.chain.close()


@pytest.fixture
def open_evm_world(
    database: str, anvil: Anvil, nursery: Nursery, tmp_path: Path
) -> Iterator[OpenEvmWorld]:
    """The same on the worker's EVM node, by keys that nobody ever used."""
    opened: list[DyingEvm] = []

    def make(seed: int) -> DyingEvm:
        token = deploy(anvil, "Good")
        desk = EvmDesk.open(
            tmp_path,
            database,
            anvil,
            tokens={"USDT": token},
            for_tokens={
                "confirmations": 2,
                "withdrawal": {"fee": "0.1"},
                "sweep": {"above": "500"},
            },
            confirmations=2,
            finality=10,
            poll=0.1,
            withdrawal={"fee": "0.001"},
            sweep={"above": "0.5"},
        )
        opened.append(DyingEvm(desk, token, nursery, random.Random(seed)))
        return opened[-1]

    yield make
    for world in opened:
        world.engine.kill()
        world.desk.on.chain.close()
