"""Desks: one with a database of either kind, one that has none yet."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.commands.desk import Desk


@pytest.fixture(autouse=True)
def same_process() -> Iterator[None]:
    """What commands set for their whole process, umask and log, ends with the test."""
    root = logging.getLogger()
    umask, handlers, level = os.umask(0o022), root.handlers[:], root.level
    yield
    os.umask(umask)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def desk(database_url: str, tmp_path: Path) -> Desk:
    """A desk over a migrated database."""
    return Desk(tmp_path, database_url)


@pytest.fixture
def new_desk(tmp_path: Path) -> Desk:
    """A desk whose SQLite file is not there yet."""
    return Desk(tmp_path, f"sqlite:///{tmp_path}/var/new.db")
