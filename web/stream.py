"""A client's connection: how long it may take to say something, and what it hears when what it
says is no HTTP at all.

Tornado has one limit for an idle connection and for half a request, and answers nonsense with a
bare status line. Here an idle connection may stay, a begun request has to come, and every answer is
a problem document.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from tornado.iostream import IOStream, UnsatisfiableReadError

from web.problems import raw_answer

IDLE_S = 75.0
HEADER_S = 10.0
BODY_S = 20.0
HEADER_BYTES_MAX = 16 * 1024
BODY_BYTES_MAX = 64 * 1024

_BARE_REFUSAL = b"HTTP/1.1 400 Bad Request\r\n\r\n"


class GuardedStream(IOStream):
    """One client's connection. `refusal_status` is what a request that Tornado cannot take is
    answered with."""

    idle_s = IDLE_S
    header_s = HEADER_S

    refusal_status = 400
    when_closed: Callable[[], None] | None = None
    _awaits_first_byte = False
    _timer: asyncio.TimerHandle | None = None

    def read_until_regex(self, regex: bytes, max_bytes: int | None = None) -> Awaitable[bytes]:
        """The read of a request's headers: `idle_s` for its first byte, `header_s` from there."""
        self.refusal_status = 400
        self._awaits_first_byte = True
        found = super().read_until_regex(regex, max_bytes)
        if isinstance(found, asyncio.Future) and not found.done():
            if self._awaits_first_byte:
                self._start_timer(self.idle_s, self.close)
            found.add_done_callback(lambda _done: self._stop_timer())
        else:
            self._stop_timer()
        return found

    def read_from_fd(self, buf: bytearray | memoryview) -> int | None:
        """Where bytes come in: the first ones begin a request."""
        count = super().read_from_fd(buf)
        if count and self._awaits_first_byte:
            self._awaits_first_byte = False
            self._start_timer(self.header_s, self._refuse_slow)
        return count

    def write(self, data: bytes | memoryview) -> asyncio.Future[None]:
        """Tornado's bare refusal becomes a problem document."""
        if isinstance(data, bytes) and data == _BARE_REFUSAL:
            data = _refusal(self.refusal_status)
        return super().write(data)

    def close(self, exc_info: Any = False) -> None:  # noqa: FBT002  # the signature is Tornado's
        """Headers without an end are refused before the connection closes."""
        self._stop_timer()
        was_open = not self.closed()
        if was_open and isinstance(exc_info, UnsatisfiableReadError):
            self._say_at_once(431)
        super().close(exc_info)
        if was_open and self.when_closed is not None:
            self.when_closed()

    def _refuse_slow(self) -> None:
        if not self.closed():
            self._say_at_once(408)
            self.close()

    def _say_at_once(self, status: int) -> None:
        """One attempt, past the buffers, on a connection that closes now."""
        try:
            self.socket.send(_refusal(status))
        except OSError:
            return

    def _start_timer(self, seconds: float, action: Callable[[], None]) -> None:
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(seconds, action)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def _refusal(status: int) -> bytes:
    return raw_answer(status, request_id=secrets.token_hex(8))
