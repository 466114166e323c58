"""Free ports on loopback, and waiting for something to come up."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

# How long a test waits for what must come: so long that only what never comes is missed, on a
# machine that is busy with other things, too. What must come soon is asserted by itself.
PATIENCE_S = 150.0


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


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
