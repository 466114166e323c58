"""A TCP proxy in front of a node that breaks replies on purpose, and counts that it did."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tests.nodes.ports import PATIENCE_S

HTML_401 = (
    b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Type: text/html\r\n"
    b"Content-Length: 13\r\n\r\n<html></html>"
)
HTML_403 = b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\r\n"
HTML_500_QUEUE = (
    b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/html\r\n"
    b"Content-Length: 25\r\n\r\nWork queue depth exceeded"
)

Breakage = Callable[[bytes], Iterator[bytes]]

_LENGTH = b"content-length"
_AT_ONCE = struct.pack("ii", 1, 0)  # how a socket lingers that says RST instead of FIN


class _Reset(Exception):
    """End the connection without a word."""


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


def edited(change: Callable[[Any], Any]) -> Breakage:
    """A whole reply whose JSON is what `change` makes of it."""

    def broken(reply: bytes) -> Iterator[bytes]:
        head, _, body = reply.partition(b"\r\n\r\n")
        other = json.dumps(change(json.loads(body))).encode()
        kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(_LENGTH)]
        yield b"\r\n".join([*kept, _LENGTH + b": %d" % len(other), b"", other])

    return broken


def twice(reply: bytes) -> Iterator[bytes]:
    """The reply, and then the same again."""
    yield reply + reply


def reset(_reply: bytes) -> Iterator[bytes]:
    """The connection is reset."""
    raise _Reset


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


@dataclass(frozen=True)
class _Fault:
    """A breakage to come: for calls of `method` (None: any), once or until mended; `heard`: the
    request reaches the node all the same."""

    breakage: Breakage
    method: str | None
    once: bool
    heard: bool

    def is_for(self, methods: set[str]) -> bool:
        return self.method is None or self.method in methods


class Proxy:
    """Listens on `port` and passes everything on to the node; `broken` replies are counted, and
    `heard` are the calls that reached the node.

    A broken reply ends its connection. Faults can be for the calls of one method only, be they
    alone or in a batch; they work for any node that speaks JSON-RPC over HTTP.
    """

    def __init__(self, target_port: int) -> None:
        self._target = target_port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.broken = 0
        self.connections = 0
        self.heard: list[dict[str, Any]] = []
        self._faults: list[_Fault] = []
        self._diverted: dict[str, int] = {}
        self._threads: list[threading.Thread] = []
        self._clients: list[socket.socket] = []
        self._spawn(self._accept)

    def break_next(self, breakage: Breakage, *, method: str | None = None) -> None:
        """Break the next reply. The request reaches the node all the same: what it asked for has
        happened."""
        self._faults.append(_Fault(breakage, method, once=True, heard=True))

    def break_all(self, breakage: Breakage, *, method: str | None = None) -> None:
        """Break every reply in this way until mend()."""
        self._faults.append(_Fault(breakage, method, once=False, heard=True))

    def lose_next(self, *, method: str | None = None) -> None:
        """The next request never reaches the node, and its connection closes."""
        self._faults.append(_Fault(cut_at(0), method, once=True, heard=False))

    def mend(self) -> None:
        """No fault is left, and nothing diverted."""
        self._faults.clear()
        self._diverted.clear()

    def divert(self, method: str, port: int) -> None:
        """Calls of this method are answered by another node, as behind a balancer of load."""
        self._diverted[method] = port

    def close(self) -> None:
        """Stop listening, hang up on everybody and wait until that is done."""
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._threads[0].join(PATIENCE_S)  # whom it let in last is known too then
        for client in list(self._clients):
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(PATIENCE_S)

    def _spawn(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                self._clients.append(client)
                self._spawn(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError):
            while request := _message(client):
                calls = _calls(request)
                methods = {str(each.get("method")) for each in calls}
                fault = self._fault_for(methods)
                reply = b""
                if fault is None or fault.heard:
                    self.heard += calls
                    reply = self._ask(request, methods)
                if fault is None:
                    client.sendall(reply)
                    continue
                self.broken += 1
                try:
                    for part in fault.breakage(reply):
                        client.sendall(part)
                except _Reset:
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                return

    def _fault_for(self, methods: set[str]) -> _Fault | None:
        fault = next((each for each in self._faults if each.is_for(methods)), None)
        if fault is not None and fault.once:
            self._faults.remove(fault)
        return fault

    def _ask(self, request: bytes, methods: set[str]) -> bytes:
        ports = [port for method, port in self._diverted.items() if method in methods]
        port = ports[0] if ports else self._target
        with socket.create_connection(("127.0.0.1", port)) as node:
            node.sendall(request)
            return _message(node)


def _calls(request: bytes) -> list[dict[str, Any]]:
    """The calls of a request."""
    try:
        asked = json.loads(request.partition(b"\r\n\r\n")[2])
    except ValueError:
        return []
    calls = asked if isinstance(asked, list) else [asked]
    return [each for each in calls if isinstance(each, dict)]


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
