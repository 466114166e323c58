"""Houses on the chain in memory and on a real node, over both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.deposits.life import House
from tests.nodes.currencies import currency_of
from tests.nodes.fake import FakeChain
from tests.nodes.harness import FakeHarness, Harness, LitecoindHarness

OpenHouse = Callable[..., House]


@pytest.fixture
def on(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Harness]:
    """The harness that the test is parametrised with: `fake`, the worker's `litecoind`, or
    `own_litecoind`, which has no past of other tests."""
    harness: Harness
    if request.param == "fake":
        harness = FakeHarness()
    else:
        node = request.getfixturevalue(request.param)
        folder = tmp_path / "harness"
        folder.mkdir()
        harness = LitecoindHarness(node, currency_of(folder, "LTC"))
    yield harness
    harness.chain.close()


@pytest.fixture
def open_house(database: str, on: Harness, tmp_path: Path) -> OpenHouse:
    """`open_house(confirmations=3, …)`: a house on the chain and the database of this test."""
    return lambda **keys: House.open(tmp_path, database, on, **keys)


@pytest.fixture
def house(open_house: OpenHouse) -> House:
    """A house that wants three confirmations."""
    return open_house()


@pytest.fixture
def fake(on: Harness) -> FakeChain:
    """The chain in memory, for tests that need more than a harness offers."""
    assert isinstance(on, FakeHarness)
    return on.fake
