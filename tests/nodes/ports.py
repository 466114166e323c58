"""Free ports on loopback, and waiting for something to come up."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path

from demo import ports

# How long a test waits for what must come: so long that only what never comes is missed, on a
# machine that is busy with other things, too. What must come soon is asserted by itself.
PATIENCE_S = 150.0

_given: set[int] = set()


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on. No other process of tests gets it while this
    one lives, so that a node can end and come back to it."""
    while True:
        port = ports.free_port()
        if port not in _given and _is_taken_for_us(port):
            _given.add(port)
            return port


def _is_taken_for_us(port: int) -> bool:
    """Take the port's byte of a file that all share, unless another process has it."""
    try:
        fcntl.lockf(_shared(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except OSError:
        return False
    return True


@cache
def _shared() -> int:
    """Its file descriptor, which is never closed: the system gives back what this process took when
    the process ends."""
    path = Path(tempfile.gettempdir()) / f"cashier-test-ports-{os.getuid()}"
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)


def wait_until(
    ready: Callable[[], bool],
    *,
    what: str,
    timeout_s: float = PATIENCE_S,
    told: Callable[[], object] = str,
) -> None:
    """Return as soon as `ready()` is true. Raises TimeoutError that names `what`, and what `told`
    says of how things stand."""
    deadline = time.monotonic() + timeout_s
    while not ready():
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {timeout_s} s for {what}\n{told()}")
        time.sleep(0.02)
