"""The HTTP connection to a node: bounded in time, and every reply whole before it is believed.

The RPC library is handed this connection instead of making its own, because its own hangs on a
reply that drips, dies of a reply that is no JSON, and never looks whose reply it reads.
"""

from __future__ import annotations

import base64
import http.client
import json
import re
import select
import socket
from typing import cast
from urllib.parse import SplitResult, unquote

from engine.families.deadline import TimedSocket
from engine.families.down import ReplyMismatch

REPLY_BYTES_MAX = 512 * 1024 * 1024

_LAST_ID = re.compile(rb'"id"\s*:\s*(-?\d+)\s*\}\s*$')
_TAIL_BYTES = 64


class Reply:
    """A reply that was read to its end, in the shape in which the library asks for it."""

    def __init__(self, response: http.client.HTTPResponse, body: bytes) -> None:
        self.status = response.status
        self.reason = response.reason
        # Newer nodes add a charset, which the library takes for another type.
        self._type = (response.getheader("Content-Type") or "").partition(";")[0].strip()
        self._body = body

    @property
    def is_json(self) -> bool:
        return self._type == "application/json"

    def getheader(self, _name: str) -> str:
        """The content type: the one header that the library asks for."""
        return self._type

    def read(self) -> bytes:
        return self._body


class _Bounded(http.client.HTTPConnection):
    """What the plain and the encrypted connection share."""

    last_reply: Reply | None = None
    login: str | None = None
    reply_timeout_s: int
    _sent_id: int | None = None

    def connect(self) -> None:
        super().connect()
        self.sock = cast("socket.socket", TimedSocket(self.sock, self.reply_timeout_s))

    def request(  # type: ignore[override]  # the library passes exactly these four
        self, method: str, url: str, body: str, headers: dict[str, str]
    ) -> None:
        headers.pop("Authorization", None)
        if self.login is not None:
            headers["Authorization"] = self.login
        self.last_reply = None
        self._sent_id = json.loads(body)["id"]
        super().request(method, url, body, headers)

    def getresponse(self) -> Reply:  # type: ignore[override]  # a whole reply instead of a stream
        response = super().getresponse()
        if (response.length or 0) > REPLY_BYTES_MAX:
            raise http.client.HTTPException("the reply is too long")
        reply = Reply(response, response.read())
        self.last_reply = reply
        if reply.is_json and _id_of(reply.read()) != self._sent_id:
            raise ReplyMismatch("the reply belongs to another request")
        return reply

    def is_dead(self) -> bool:
        """Whether the node has closed it meanwhile, or sent what nobody asked for."""
        if self.sock is None:
            return False
        poll = select.poll()
        poll.register(self.sock.fileno(), select.POLLIN)
        return bool(poll.poll(0))


class _Encrypted(_Bounded, http.client.HTTPSConnection):
    """The same through TLS."""


def connection_to(url: SplitResult, *, timeout_s: int) -> _Bounded:
    """A connection, not opened yet, to the node of `url` with the user and password in it."""
    kind = _Encrypted if url.scheme == "https" else _Bounded
    port = url.port or (443 if url.scheme == "https" else 80)
    connection = kind(url.hostname or "", port, timeout=timeout_s)
    connection.reply_timeout_s = timeout_s
    if url.username is not None:
        login = f"{unquote(url.username)}:{unquote(url.password or '')}"
        connection.login = "Basic " + base64.b64encode(login.encode()).decode()
    return connection


def _id_of(body: bytes) -> object:
    """The id that a reply names. Nodes print it last, which spares reading a long reply twice."""
    match = _LAST_ID.search(body[-_TAIL_BYTES:])
    if match is not None:
        return int(match.group(1))
    reply = json.loads(body)
    return reply.get("id") if isinstance(reply, dict) else None
