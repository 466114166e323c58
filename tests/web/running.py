"""A web server of ours in a thread, and the plain clients that talk to it: HTTP, raw, WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from engine.config import Config
from tests.nodes.ports import PATIENCE_S
from web.server import WebServer


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def code(self) -> str:
        """The stable code of a problem document."""
        assert self.headers["Content-Type"] == "application/problem+json", self.headers.items()
        assert self.json["status"] == self.status
        return str(self.json["code"])


@dataclass
class Visitor:
    """A browser's worth of client: keeps cookies, knows its CSRF token, follows nothing."""

    port: int
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str = ""

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in self._headers(body, headers or {}).items():
                connection.putheader(name, value)
            connection.endheaders(body)
            reply = connection.getresponse()
            answer = Answer(reply.status, reply.headers, reply.read())
        finally:
            connection.close()
        self._keep_cookies(answer)
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, headers=_dashed(headers))

    def post(self, path: str, value: object, **headers: str) -> Answer:
        """A JSON body, with the CSRF token if there is one."""
        given = {"Content-Type": "application/json", **_dashed(headers)}
        if self.csrf:
            given.setdefault("X-CSRF-Token", self.csrf)
        return self.ask("POST", path, json.dumps(value).encode(), given)

    def submit(self, path: str, form: Mapping[str, str], **headers: str) -> Answer:
        """A form, as a browser without a script sends it."""
        given = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "text/html",
            **_dashed(headers),
        }
        return self.ask("POST", path, urlencode(form).encode(), given)

    def enter(self, token: str) -> Answer:
        """Exchange a token; the session is this visitor's from then on."""
        answer = self.post("/v1/handshake", {"token": token})
        if answer.status == 201:
            self.csrf = answer.json["csrf"]
        return answer

    def _headers(self, body: bytes | None, given: Mapping[str, str]) -> dict[str, str]:
        headers = {"Host": f"127.0.0.1:{self.port}", "Connection": "close", **given}
        if body is not None:
            headers.setdefault("Content-Length", str(len(body)))
        if self.cookies:
            pairs = (f"{name}={value}" for name, value in self.cookies.items())
            headers.setdefault("Cookie", "; ".join(pairs))
        return headers

    def _keep_cookies(self, answer: Answer) -> None:
        for line in answer.headers.get_all("Set-Cookie") or ():
            name, _, value = line.partition(";")[0].partition("=")
            self.cookies[name] = value


def _dashed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def opened(port: int) -> socket.socket:
    """A connection to the server, with the patience that tests have."""
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)


def say(port: int, raw: bytes) -> bytes:
    """Send raw bytes and return whatever comes until the server closes."""
    with opened(port) as sock:
        # Who refuses before all of it is there closes, and its words are to be read all the same.
        with contextlib.suppress(ConnectionError):
            sock.sendall(raw)
        return read_all(sock)


def read_all(sock: socket.socket) -> bytes:
    """Everything until the other side closes."""
    found = b""
    try:
        while chunk := sock.recv(65536):
            found += chunk
    except ConnectionResetError:
        return found
    return found


@contextmanager
def running(config: Config, server_class: type[WebServer] = WebServer) -> Iterator[int]:
    """The port of a server that serves `config` until the block ends. The database is open."""
    ready = threading.Event()
    parts: dict[str, Any] = {}

    async def serve() -> None:
        server = server_class(config)
        stopping = asyncio.Event()
        parts["port"] = server.start(host="127.0.0.1", port=0)
        loop = asyncio.get_running_loop()
        parts["stop"] = lambda: loop.call_soon_threadsafe(stopping.set)
        ready.set()
        await stopping.wait()
        await server.stop()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            parts["error"] = error
            ready.set()
            raise

    thread = threading.Thread(target=run, name="web server")
    thread.start()
    try:
        assert ready.wait(PATIENCE_S)
        if "error" in parts:
            raise AssertionError("the server did not start") from parts["error"]
        yield int(parts["port"])
    finally:
        if "stop" in parts:
            parts["stop"]()
        thread.join(PATIENCE_S)
        assert not thread.is_alive()
