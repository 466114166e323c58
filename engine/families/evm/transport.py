"""Calls to a node and what their failures mean: NodeDown or NodeRefused, never anything else.

A provider of web3 without web3's own connection, which repeats calls by itself and waits for ever
on a reply that drips. After any error the connection is thrown away; nothing is ever sent twice.
"""

from __future__ import annotations

import base64
import http.client
import json
import select
import socket
import time
from collections.abc import Sequence
from typing import Any, cast
from urllib.parse import unquote

from web3.providers.base import JSONBaseProvider

from engine.errors import NodeError, NodeRefused
from engine.families.deadline import TimedSocket
from engine.families.down import ReplyMismatch, down, no_json
from engine.families.evm import TIMEOUT_S
from engine.families.evm.recursion import bound_recursion
from engine.families.node_url import read_node_url

IDLE_MAX_S = 20
REPLY_BYTES_MAX = 256 * 1024 * 1024
BATCH_MAX = 100

UNKNOWN_METHOD = -32601

bound_recursion()

Call = tuple[str, tuple[object, ...]]


class _Bounded(http.client.HTTPConnection):
    """A connection whose replies must end in time."""

    reply_timeout_s: int

    def connect(self) -> None:
        super().connect()
        self.sock = cast("socket.socket", TimedSocket(self.sock, self.reply_timeout_s))


class _Encrypted(_Bounded, http.client.HTTPSConnection):
    """The same through TLS."""


class Transport(JSONBaseProvider):
    """Calls to one node, from one thread. `calls` counts the questions asked, those of a batch each
    for itself; `requests` counts what went over the wire."""

    def __init__(self, node_url: str, *, timeout_s: int = TIMEOUT_S) -> None:
        super().__init__()
        self._url = read_node_url(node_url, path="/path")
        self._timeout_s = timeout_s
        self._connection = self._new_connection()
        self._used_at = time.monotonic()
        self._number = 0
        self.calls = 0
        self.requests = 0

    def call(self, method: str, *params: object) -> Any:
        """The node's result. One call, never repeated. Raises NodeRefused for the node's own error
        answer and NodeDown for everything else."""
        (answer,) = self._asked([(method, params)])
        if isinstance(answer, NodeRefused):
            raise answer
        return answer

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """The results in the order of `calls`, a bounded number in one request. An error answer
        stands in its place as a NodeRefused. Raises NodeDown."""
        parts = (calls[at : at + BATCH_MAX] for at in range(0, len(calls), BATCH_MAX))
        return [answer for part in parts for answer in self._asked(part)]

    def make_request(self, method: Any, params: Any) -> Any:
        """As web3 calls its providers, for those parts of it that we use."""
        answer = self.call(str(method), *params)
        return {"jsonrpc": "2.0", "id": self._number, "result": answer}

    def close(self) -> None:
        """Drop the connection; the next call makes a new one."""
        self._connection.close()
        self._connection = self._new_connection()

    def _asked(self, calls: Sequence[Call]) -> list[Any]:
        self.calls += len(calls)
        self.requests += 1
        first = self._number + 1
        self._number += len(calls)
        body = [
            {"jsonrpc": "2.0", "id": first + at, "method": method, "params": list(params)}
            for at, (method, params) in enumerate(calls)
        ]
        reply = self._exchanged(json.dumps(body if len(body) > 1 else body[0]), calls[0][0])
        try:
            return _answers(reply, calls, first)
        except (ReplyMismatch, KeyError, TypeError, ValueError) as error:
            self.close()
            raise down(calls[0][0], error) from None

    def _exchanged(self, body: str, method: str) -> Any:
        if self._is_dead() or time.monotonic() - self._used_at > IDLE_MAX_S:
            self.close()
        try:
            self._connection.request("POST", self._path(), body, self._headers())
            response = self._connection.getresponse()
            return _read(response.status, _whole(response), method)
        except NodeError:
            self.close()
            raise
        except (OSError, http.client.HTTPException, ValueError, RecursionError) as error:
            self.close()
            raise down(method, error) from None
        finally:
            self._used_at = time.monotonic()

    def _path(self) -> str:
        path = self._url.path or "/"
        return f"{path}?{self._url.query}" if self._url.query else path

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        if self._url.username is not None:
            login = f"{unquote(self._url.username)}:{unquote(self._url.password or '')}"
            headers["Authorization"] = "Basic " + base64.b64encode(login.encode()).decode()
        return headers

    def _is_dead(self) -> bool:
        """Whether the node has closed it meanwhile, or sent what nobody asked for."""
        if self._connection.sock is None:
            return False
        poll = select.poll()
        poll.register(self._connection.sock.fileno(), select.POLLIN)
        return bool(poll.poll(0))

    def _new_connection(self) -> _Bounded:
        encrypted = self._url.scheme == "https"
        kind = _Encrypted if encrypted else _Bounded
        port = self._url.port or (443 if encrypted else 80)
        connection = kind(self._url.hostname or "", port, timeout=self._timeout_s)
        connection.reply_timeout_s = self._timeout_s
        return connection


def _whole(response: http.client.HTTPResponse) -> bytes:
    if (response.length or 0) > REPLY_BYTES_MAX:
        raise http.client.HTTPException("the reply is too long")
    return response.read()


def _read(status: int, text: bytes, method: str) -> Any:
    """The JSON of a reply. Raises NodeDown for what is none."""
    try:
        return json.loads(text)
    except ValueError:
        if status == http.client.OK:
            raise
        raise no_json(status, detail=f"{method}: HTTP {status} {text[:200]!r}") from None


def _answers(reply: Any, calls: Sequence[Call], first: int) -> list[Any]:
    """Each call's own answer, whatever their order in the reply."""
    if isinstance(reply, dict) and len(calls) > 1 and isinstance(reply.get("error"), dict):
        raise ValueError(f"the batch was refused: {reply['error']}")
    rows = reply if isinstance(reply, list) else [reply]
    by_id = {row["id"]: row for row in rows if row["id"] is not None}
    if len(rows) == len(calls) == 1 and not by_id and "error" in rows[0]:
        by_id = {first: rows[0]}  # a node that could not read even the id
    if set(by_id) != set(range(first, first + len(calls))):
        raise ReplyMismatch("ids of other requests")
    return [_answer(by_id[first + at], method) for at, (method, _) in enumerate(calls)]


def _answer(row: Any, method: str) -> Any:
    error = row.get("error")
    if error is None:
        return row["result"]
    code, text = error["code"], str(error.get("message", ""))
    if isinstance(code, bool) or not isinstance(code, int):
        raise TypeError("an error without a code")
    message = "the node refused a call"
    if code == UNKNOWN_METHOD:
        message = "the node does not know a call that we need"
    return NodeRefused(message, rpc_code=code, detail=f"{method}: {code} {text[:300]}")
