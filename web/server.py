"""The web process: opens the database and the port, serves until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import socket
from collections.abc import Awaitable, Callable
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.httputil import (
    HTTPConnection,
    HTTPHeaders,
    HTTPMessageDelegate,
    RequestStartLine,
    ResponseStartLine,
)
from tornado.netutil import add_accept_handler, bind_sockets

from db import connection
from engine.clock import use_sandbox_offset
from engine.config import Config, Listen
from web.app import Application, make_app
from web.feed import Feed
from web.limits import OpenConnections
from web.stream import BODY_BYTES_MAX, BODY_S, HEADER_BYTES_MAX, IDLE_S, GuardedStream
from web.worker import Worker

log = logging.getLogger("cashier.web")

STOP_S = 5.0
CONNECTIONS_MAX = 4096
CONNECTIONS_PER_ADDRESS = 256
FILES_KEPT = 100  # for the database, the log and the listening sockets


class WebServer:
    """One process's web side, inside a running event loop: `start`, then `stop`."""

    stream_class: type[GuardedStream] = GuardedStream
    body_s: float = BODY_S
    connections_per_address: int = CONNECTIONS_PER_ADDRESS

    def __init__(self, config: Config) -> None:
        self._worker = Worker()
        self._feed = Feed(config, self._worker)
        self.app: Application = make_app(config, worker=self._worker, feed=self._feed)
        self._http = _Http(
            self.app,
            max_header_size=HEADER_BYTES_MAX,
            max_body_size=BODY_BYTES_MAX,
            idle_connection_timeout=IDLE_S + 1,
            body_timeout=self.body_s,
        )
        self._open = OpenConnections(
            total=_connections_max(),
            per_address=self.connections_per_address,
            trusted=config.web.trusted_proxies,
        )
        self._sockets: list[socket.socket] = []
        self._stop_accepting: list[Callable[[], None]] = []

    def start(self, *, host: str, port: int) -> int:
        """Listen and begin to serve; returns the port, which is chosen when `port` is 0."""
        self._sockets = bind_sockets(port, host, reuse_port=False)
        self._stop_accepting = [add_accept_handler(sock, self._accept) for sock in self._sockets]
        self._feed.start()
        return int(self._sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Take no more, let running answers end, close sockets and connections."""
        for stop_accepting in self._stop_accepting:
            stop_accepting()
        for sock in self._sockets:
            sock.close()
        await self._feed.stop()
        try:
            await asyncio.wait_for(self._http.close_all_connections(), STOP_S)
        except TimeoutError:
            log.warning("stopped with connections still open")
        self._worker.close()

    def _accept(self, sock: socket.socket, address: Any) -> None:
        remote = str(address[0])
        if not self._open.admit(remote):
            sock.close()
            return
        stream = self.stream_class(sock, max_buffer_size=BODY_BYTES_MAX * 4)
        stream.when_closed = lambda: self._open.leave(remote)
        stream.set_nodelay(True)
        self._http.handle_stream(stream, address)


def _connections_max() -> int:
    """As many as we may have, and never so many that no file can be opened any more."""
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return max(FILES_KEPT, min(CONNECTIONS_MAX, files - FILES_KEPT))


class _Http(HTTPServer):
    """Tornado's server, which tells our streams why a request is too much."""

    def start_request(
        self, server_conn: object, request_conn: HTTPConnection
    ) -> HTTPMessageDelegate:
        delegate = super().start_request(server_conn, request_conn)
        return _SizeWatch(delegate, getattr(request_conn, "stream", None))


class _SizeWatch(HTTPMessageDelegate):
    """Passes everything on; notes that a body is announced as too large, which Tornado refuses as
    malformed and we as what it is."""

    def __init__(self, delegate: HTTPMessageDelegate, stream: object) -> None:
        self._delegate = delegate
        self._stream = stream

    def headers_received(
        self, start_line: RequestStartLine | ResponseStartLine, headers: HTTPHeaders
    ) -> Awaitable[None] | None:
        announced = headers.get("Content-Length", "")
        if isinstance(self._stream, GuardedStream) and _is_over(announced, BODY_BYTES_MAX):
            self._stream.refusal_status = 413
        return self._delegate.headers_received(start_line, headers)

    def data_received(self, chunk: bytes) -> Awaitable[None] | None:
        return self._delegate.data_received(chunk)

    def finish(self) -> None:
        self._delegate.finish()

    def on_connection_close(self) -> None:
        self._delegate.on_connection_close()


def _is_over(announced: str, limit: int) -> bool:
    digits = announced.lstrip("0")
    if not (announced.isascii() and announced.isdigit()):
        return False
    return len(digits) > len(str(limit)) or int(digits or "0") > limit


def serve(config: Config, ready: Callable[[str], None]) -> None:
    """Serve the page and the API until SIGTERM or SIGINT; `ready` gets the URL once it answers.

    The database must be migrated. Raises OSError when the port cannot be had.
    """
    use_sandbox_offset(sandbox=config.sandbox)
    opened = connection.open_database(config.database)
    try:
        asyncio.run(_serve(config, ready))
    finally:
        if not opened.is_closed():
            opened.close()


async def _serve(config: Config, ready: Callable[[str], None]) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    server = WebServer(config)
    port = server.start(host=config.web.host, port=config.web.port)
    try:
        ready(url_of(config, port=port))
        await stopping.wait()
    finally:
        await server.stop()


def url_of(config: Config, *, port: int) -> str:
    """Where browsers reach us: the public URL, or the port that was really opened."""
    if config.web.public_url:
        return config.web.public_url
    return config.web.url if config.web.port == port else f"http://{Listen(config.web.host, port)}"
