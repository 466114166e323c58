"""What tests stand on: databases of both kinds, a real node, a clock that stands still.

A missing server or node is an error, never a skip.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import pytest
from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
from hypothesis import HealthCheck, settings

from db import connection, migrate
from tests.nodes.anvil import Anvil
from tests.nodes.embedded import EmbeddedNode
from tests.nodes.litecoind import Litecoind
from tests.nodes.postgres import Postgres
from tests.nodes.postgres_copies import Copies

# What is drawn is not judged by how long it took, nor a test by how long it tries.
settings.register_profile(
    "patient", settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
)
settings.load_profile("patient")

Node = TypeVar("Node", Litecoind, Anvil, EmbeddedNode)


def _migrated(url: str) -> None:
    opened = connection.open_database(url)
    with connection.connected():
        migrate.apply()
    opened.close()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server of this worker, with a migrated database `ready` to copy from."""
    server = Postgres()
    try:
        server.start()
        _migrated(server.create("ready"))
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def copies(postgres: Postgres) -> Copies:
    """Databases of this worker's server, used again and again."""
    return Copies(postgres, "ready")


@pytest.fixture(scope="session")
def ready_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy from."""
    path = tmp_path_factory.mktemp("sqlite") / "ready.db"
    _migrated(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """URL of a fresh, migrated database of either kind, for tests that start processes."""
    if request.param == "sqlite":
        yield from _sqlite(request)
    else:
        yield from _postgresql(request)


def _sqlite(request: pytest.FixtureRequest) -> Iterator[str]:
    ready: Path = request.getfixturevalue("ready_sqlite")
    path: Path = request.getfixturevalue("tmp_path") / "cashier.db"
    shutil.copyfile(ready, path)
    yield f"sqlite:///{path}"


def _postgresql(request: pytest.FixtureRequest) -> Iterator[str]:
    server: Postgres = request.getfixturevalue("postgres")
    copies: Copies = request.getfixturevalue("copies")
    name = copies.take()
    yield server.url(name)
    copies.give_back(name)


@pytest.fixture
def database(database_url: str) -> Iterator[str]:
    """The same, opened and connected for this thread; the value is its URL."""
    opened = connection.open_database(database_url)
    with connection.connected():
        yield database_url
    if not opened.is_closed():
        opened.close()


@pytest.fixture(scope="session")
def litecoind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Litecoind]:
    """This worker's node. It is shared: leave it running, and take addresses of your own."""
    yield from _running(Litecoind(tmp_path_factory.mktemp("litecoind")))


@pytest.fixture
def own_litecoind(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Litecoind]:
    """A node for one test that kills, freezes or rewinds it deeply. Flags of its own come by
    `@pytest.mark.parametrize("own_litecoind", [("-flag",)], indirect=True)`."""
    flags: tuple[str, ...] = getattr(request, "param", ())
    yield from _running(Litecoind(tmp_path / "litecoind", flags=flags))


@pytest.fixture(scope="session")
def anvil(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Anvil]:
    """This worker's EVM node. It is shared: leave it running, and pay addresses of your own."""
    yield from _running(Anvil(tmp_path_factory.mktemp("anvil")))


@pytest.fixture
def own_anvil(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Anvil]:
    """An EVM node for one test that kills, freezes or rewinds it; flags as for own_litecoind."""
    flags: tuple[str, ...] = getattr(request, "param", ())
    yield from _running(Anvil(tmp_path / "anvil", flags=flags))


@pytest.fixture(scope="session")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedNode]:
    """This worker's embedded EVM chain, in a process of its own. Shared like `anvil`."""
    yield from _running(EmbeddedNode(tmp_path_factory.mktemp("embedded")))


def _running(node: Node) -> Iterator[Node]:
    try:
        node.start()
        yield node
    finally:
        node.kill()


Frozen = Callable[[datetime | str], AbstractContextManager[FrozenDateTimeFactory]]


@pytest.fixture
def frozen() -> Frozen:
    """`with frozen("2026-11-01") as clock:` stops the clock without hanging event loops."""
    return _freeze


@contextmanager
def _freeze(at: datetime | str) -> Iterator[FrozenDateTimeFactory]:
    with freeze_time(at, real_asyncio=True, ignore=["textual"]) as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        yield clock
