"""Inside a snapshot every read sees one moment, and writers are not held up."""

from __future__ import annotations

import threading

import pytest

from db.connection import connected
from db.models import Installation
from db.snapshot import snapshot
from tests.nodes.ports import PATIENCE_S

pytestmark = pytest.mark.usefixtures("database")


def _write(key: str) -> None:
    with connected():
        Installation.create(key=key, value="x")


def test_what_others_write_meanwhile_is_not_seen_before_the_end() -> None:
    _write("first")
    with snapshot():
        assert Installation.select().count() == 1
        writer = threading.Thread(target=_write, args=("second",))
        writer.start()
        writer.join(PATIENCE_S)
        assert not writer.is_alive()
        assert Installation.select().count() == 1
    assert Installation.select().count() == 2
