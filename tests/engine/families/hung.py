"""A reply that does not come before the test says so: no race between two clocks."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from tests.nodes.ports import PATIENCE_S


class Hung:
    """A breakage for a proxy, which waits for all replies when it is closed: end it before."""

    def __init__(self) -> None:
        self._over = threading.Event()

    def __call__(self, _reply: bytes) -> Iterator[bytes]:
        self._over.wait(PATIENCE_S)
        yield b""

    def end(self) -> None:
        """The connection of the reply that hung closes."""
        self._over.set()
