"""A socket whose reply must end in time, however slowly its bytes drip in: for every family."""

from __future__ import annotations

import io
import socket
import time
from typing import Any, cast

# A node holds back the end of a long reply until we acknowledged its beginning, which Linux delays
# by 40 ms on a connection that is used again. It forgets this option by itself.
QUICKACK = getattr(socket, "TCP_QUICKACK", None)


class _TimedReader(io.RawIOBase):
    """Reads from a socket until `deadline`, however slowly the bytes drip in."""

    def __init__(self, sock: socket.socket, raw: io.RawIOBase, timeout_s: int) -> None:
        super().__init__()
        self._sock = sock
        self._raw = raw
        self._deadline = time.monotonic() + timeout_s

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left_s = self._deadline - time.monotonic()
        if left_s <= 0:
            raise TimeoutError("the reply did not end in time")
        self._sock.settimeout(left_s)
        if QUICKACK is not None:
            self._sock.setsockopt(socket.IPPROTO_TCP, QUICKACK, 1)
        return cast("int | None", self._raw.readinto(buffer))

    def close(self) -> None:
        self._raw.close()
        super().close()


class TimedSocket:
    """A socket whose replies must end `timeout_s` after the request was sent."""

    def __init__(self, sock: socket.socket, timeout_s: int) -> None:
        self._sock = sock
        self._timeout_s = timeout_s

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)

    def makefile(self, mode: str) -> io.BufferedReader:
        assert mode == "rb"
        raw = self._sock.makefile("rb", buffering=0)
        reader = _TimedReader(self._sock, cast("io.RawIOBase", raw), self._timeout_s)
        return io.BufferedReader(reader)
