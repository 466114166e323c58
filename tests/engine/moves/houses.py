"""Fixtures of houses that move their own coins, with a cold wallet and staff beside them. They
stand on the fixtures `on`, `database` and `people`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.approvals.people import Bench, People
from tests.engine.deposits.life import COIN
from tests.engine.moves.life import MovingHouse
from tests.engine.moves.vaults import Vault, open_vault
from tests.nodes.currencies import currency_of
from tests.nodes.harness import Harness

OpenMoving = Callable[..., MovingHouse]
OpenOffice = Callable[[MovingHouse], Bench]


def with_cold(
    open_moving: OpenMoving, cold: Vault, *, above: str = "", **keys: object
) -> MovingHouse:
    """A house with this cold wallet; with `above`, what the hot one may hold."""
    table = {"confirmations": 2, "batch.every": 0, "cold.address": cold.address, **keys}
    return open_moving(**table, **({"cold.above": above} if above else {}))


def funded(open_moving: OpenMoving, cold: Vault, *, above: str = "", **keys: object) -> MovingHouse:
    """That, with ten coins of the house's own."""
    house = with_cold(open_moving, cold, above=above, **keys)
    house.fund(10 * COIN)
    return house


def adjustment(account: str, units: int, reason: str = "checked") -> dict[str, Any]:
    """What staff propose to adjust the books by."""
    return {"currency": "LTC", "units": str(units), "account": account, "reason": reason}


@pytest.fixture
def vault(on: Harness, tmp_path: Path) -> Vault:
    """A wallet of somebody else, of one address."""
    return _open(on, tmp_path / "vault")


@pytest.fixture
def cold(on: Harness, tmp_path: Path) -> Vault:
    """The cold wallet; our node's wallet watches it."""
    made = _open(on, tmp_path / "cold")
    made.watch()
    return made


def _open(on: Harness, folder: Path) -> Vault:
    folder.mkdir()
    return open_vault(on, currency_of(folder, "LTC"))


@pytest.fixture
def open_moving(database: str, on: Harness, tmp_path: Path) -> OpenMoving:
    """`open_moving(confirmations=3, …)`: a house on the chain and the database of this test."""
    return lambda **keys: MovingHouse.open(tmp_path, database, on, **keys)


@pytest.fixture
def open_office(people: People) -> OpenOffice:
    """`open_office(house)`: the house gets its staff, and what they sign is carried out there."""
    return lambda house: Bench.staffed(house, people)
