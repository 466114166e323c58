"""Ports of this machine, for what the demo starts."""

from __future__ import annotations

import contextlib
import random
import socket

from demo.trouble import DemoTrouble

HOST = "127.0.0.1"
TRIES_MAX = 100
_QUIET = (20_000, 32_000)


def free_port() -> int:
    """A TCP port on loopback that nobody listens on at this moment, below those that the system
    gives to whoever asks for any: so it is still free when a node that ended comes back to it."""
    for port in random.SystemRandom().sample(range(*_QUIET), TRIES_MAX):
        with contextlib.suppress(DemoTrouble):
            require_free(port)
            return port
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        given: int = probe.getsockname()[1]
        return given


def require_free(port: int) -> None:
    """Raises DemoTrouble when somebody listens on `port` already, or we may not."""
    with socket.socket() as probe:
        # As servers do it: the remains of closed connections are no reason to refuse.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            reason = error.strerror or str(error)
            raise DemoTrouble(f"port {port} cannot be used: {reason}; choose another") from None
