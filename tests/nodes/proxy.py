"""A TCP proxy in front of a node that breaks replies on purpose, and counts that it did."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

HTML_401 = (
    b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Type: text/html\r\n"
    b"Content-Length: 13\r\n\r\n<html></html>"
)
HTML_500_QUEUE = (
    b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/html\r\n"
    b"Content-Length: 25\r\n\r\nWork queue depth exceeded"
)

Breakage = Callable[[bytes], Iterator[bytes]]


def cut_at(place: int) -> Breakage:
    """The reply's first `place` bytes (negative: all but so many), then the connection closes."""

    def broken(reply: bytes) -> Iterator[bytes]:
        yield reply[:place]

    return broken


def instead(other: bytes) -> Breakage:
    """Another reply instead."""

    def broken(_reply: bytes) -> Iterator[bytes]:
        yield other

    return broken


def changed(old: bytes, new: bytes) -> Breakage:
    """The reply with bytes replaced by as many others."""
    assert len(old) == len(new)

    def broken(reply: bytes) -> Iterator[bytes]:
        assert old in reply
        yield reply.replace(old, new)

    return broken


def dripping(pause_s: float) -> Breakage:
    """The whole reply, byte by byte."""

    def broken(reply: bytes) -> Iterator[bytes]:
        for place in range(len(reply)):
            time.sleep(pause_s)
            yield reply[place : place + 1]

    return broken


def silent(for_s: float) -> Breakage:
    """Nothing, for a while, and then the connection closes."""

    def broken(_reply: bytes) -> Iterator[bytes]:
        time.sleep(for_s)
        yield b""

    return broken


class Proxy:
    """Listens on `port` and passes everything on to the node; `broken` replies are counted.

    `break_next(breakage)` breaks the next reply, after which its connection is closed. The request
    reaches the node all the same: what it asked for has happened.
    """

    def __init__(self, target_port: int) -> None:
        self._target = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.broken = 0
        self.connections = 0
        self._breakage: Breakage | None = None
        self._threads: list[threading.Thread] = []
        self._spawn(self._accept)

    def break_next(self, breakage: Breakage) -> None:
        self._breakage = breakage

    def close(self) -> None:
        """Stop listening and wait for what is under way."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(10)

    def _spawn(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                self._spawn(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            while request := _message(client):
                reply = self._ask(request)
                breakage, self._breakage = self._breakage, None
                if breakage is None:
                    client.sendall(reply)
                    continue
                self.broken += 1
                for part in breakage(reply):
                    client.sendall(part)
                return

    def _ask(self, request: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", self._target)) as node:
            node.sendall(request)
            return _message(node)


def _message(sock: socket.socket) -> bytes:
    """One whole HTTP message, empty when the other side closes first."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = sock.recv(65536)
        if not part:
            return b""
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length")
    )
    while len(body) < length:
        part = sock.recv(65536)
        if not part:
            return b""
        body += part
    return head + b"\r\n\r\n" + body
