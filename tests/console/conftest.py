"""What tests of the console stand on: a desk over a migrated SQLite database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from db import connection
from tests.commands.desk import Desk
from tests.conftest import _sqlite
from tests.console.houses import FilledHouse
from tests.engine.approvals.people import People


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reads or writes what a person chose for their terminal."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


@pytest.fixture
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    """A desk over a migrated database, on SQLite: what SQL says on PostgreSQL, the engine's tests
    ask."""
    for url in _sqlite(request):
        yield Desk(tmp_path, url)
        opened = connection.database.obj
        if opened is not None and not opened.is_closed():
            opened.close()


@pytest.fixture(scope="session")
def people(tmp_path_factory: pytest.TempPathFactory) -> People:
    """Staff with keys, made once for all tests of a worker."""
    return People(tmp_path_factory.mktemp("people") / "keys")


@pytest.fixture
def house(desk: Desk, people: People) -> FilledHouse:
    """A house with a payment in each state, and with the staff of `people`."""
    return FilledHouse(desk, people)
