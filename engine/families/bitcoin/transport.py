"""Calls to a node and what their failures mean: NodeDown or NodeRefused, never anything else.

The only user of python-bitcoinrpc. After any error that is not the node's own answer, connection
and proxy object are thrown away; nothing is ever sent twice by itself.
"""

from __future__ import annotations

import http.client
import json
import logging
import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Protocol, Self
from urllib.parse import quote, urlunsplit

from bitcoinrpc.authproxy import AuthServiceProxy, JSONRPCException

from engine.errors import NodeDown, NodeError, NodeRefused
from engine.families.bitcoin.connection import Reply, connection_to
from engine.families.down import down, no_json
from engine.families.node_url import read_node_url

TIMEOUT_S = 30
IDLE_MAX_S = 20

# At DEBUG the library prints every argument and every reply, wallet passphrases among them.
logging.getLogger("BitcoinRPC").setLevel(logging.WARNING)

WARMING_UP = -28
NO_JSON, NO_RESULT = -342, -343  # the library's own numbers
WALLET_NOT_FOUND = -18
WALLET_NOT_SPECIFIED = -19

_REFUSALS = {
    WALLET_NOT_FOUND: "the node has not loaded the wallet that its URL names",
    WALLET_NOT_SPECIFIED: "the node has several wallets and its URL names none of them",
    -32601: "the node does not know a call that we need",
    -12: "the node's wallet has no fresh address ready; it must be unlocked and refilled",
    -13: "the node's wallet is locked",
    -14: "the wallet's passphrase is wrong",
}
# What the library and what is under it raise at a reply that is cut, foreign or no JSON-RPC.
_BROKEN = (
    OSError,
    http.client.HTTPException,
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    RecursionError,
)


class Caller(Protocol):
    """Whatever takes calls to a node."""

    @property
    def calls(self) -> int:
        """RPC calls made so far."""

    def call(self, method: str, *params: object) -> Any:
        """The node's result. Raises NodeRefused, NodeDown."""

    def close(self) -> None:
        """Drop the connection."""


class Transport:
    """Calls to one node, from one thread. `calls` counts those made."""

    def __init__(self, node_url: str, *, timeout_s: int = TIMEOUT_S) -> None:
        self._url = read_node_url(node_url, path="/wallet/name")
        self._timeout_s = timeout_s
        self._connection = connection_to(self._url, timeout_s=timeout_s)
        self._proxy: AuthServiceProxy | None = None
        self._used_at = time.monotonic()
        self.calls = 0

    def call(self, method: str, *params: object) -> Any:
        """The node's result; numbers with a point come as Decimal. One call, never repeated.

        Raises NodeRefused for the node's own error answer and NodeDown for everything else.
        """
        return self._answered(method, lambda: getattr(self._library(), method)(*params))

    def call_named(self, method: str, **arguments: object) -> Any:
        """The same with arguments by their names, which the library cannot give."""
        return self._answered(method, lambda: self._named(method, arguments))

    def _answered(self, method: str, ask: Callable[[], Any]) -> Any:
        self.calls += 1
        if self._connection.is_dead() or time.monotonic() - self._used_at > IDLE_MAX_S:
            self.close()
        try:
            return ask()
        except JSONRPCException as error:
            raise self._refused(method, error) from None
        except ArithmeticError:
            return self._unprinted()
        except _BROKEN as error:
            self.close()
            raise down(method, error) from None
        finally:
            self._used_at = time.monotonic()

    def close(self) -> None:
        """Drop the connection; the next call makes a new one."""
        self._connection.close()
        self._connection = connection_to(self._url, timeout_s=self._timeout_s)
        self._proxy = None

    def beside(self, wallet: str) -> Self:
        """Calls to another wallet of the same node."""
        url = self._url._replace(path=f"/wallet/{quote(wallet, safe='')}")
        return type(self)(urlunsplit(url), timeout_s=self._timeout_s)

    def patient(self, timeout_s: int) -> Self:
        """Calls to the same node that may take so long."""
        return type(self)(urlunsplit(self._url), timeout_s=timeout_s)

    def _named(self, method: str, arguments: Mapping[str, object]) -> Any:
        """One request beside the library's, and its reply read as the library does."""
        asked = {"version": "1.1", "method": method, "params": arguments, "id": 0}
        headers = {"Content-type": "application/json"}
        self._connection.request("POST", self._url.path or "/", json.dumps(asked), headers)
        reply = self._connection.getresponse()
        if not reply.is_json:
            raise JSONRPCException({"code": NO_JSON, "message": "no JSON"})
        answer = json.loads(reply.read(), parse_float=Decimal)
        if answer.get("error") is not None:
            raise JSONRPCException(answer["error"])
        return answer["result"]

    def _library(self) -> AuthServiceProxy:
        if self._proxy is None:
            # The connection knows user and password; the library insists on having some.
            address = self._url.netloc.rpartition("@")[2]
            path = self._url.path or "/"
            url = urlunsplit((self._url.scheme, f"none:none@{address}", path, "", ""))
            self._proxy = AuthServiceProxy(
                url, timeout=self._timeout_s, connection=self._connection
            )
        return self._proxy

    def _refused(self, method: str, error: JSONRPCException) -> NodeError:
        """What an error member means, or a reply that the library could not take for one."""
        reply = self._connection.last_reply
        code, text = error.code, str(error.message)
        if reply is None or not reply.is_json or not _is_code(code) or code in {NO_JSON, NO_RESULT}:
            self.close()
            return _no_answer(reply, detail=f"{method}: {_status(reply)} {text[:500]}")
        detail = f"{method}: {code} {text}"
        if code == WARMING_UP:
            return NodeDown(f"the node is still starting: {text[:80]}", detail=detail)
        message = _REFUSALS.get(code, "the node refused a call")
        return NodeRefused(message, rpc_code=code, detail=detail)

    def _unprinted(self) -> Any:
        """The result of a whole reply that holds a number too large for the library's own log."""
        reply = self._connection.last_reply
        if reply is None:
            raise NodeDown("the node's reply is malformed")
        return json.loads(reply.read(), parse_float=Decimal)["result"]


def _is_code(code: object) -> bool:
    return isinstance(code, int) and not isinstance(code, bool)


def _status(reply: Reply | None) -> str:
    return "no reply" if reply is None else f"HTTP {reply.status} {reply.reason}"


def _no_answer(reply: Reply | None, *, detail: str) -> NodeDown:
    if reply is None or reply.is_json:
        return NodeDown("the node's reply is malformed", detail=detail)
    if b"Work queue depth exceeded" in reply.read()[:200]:
        words = f"{reply.status}: the node has more work than it takes"
        return NodeDown(words, detail=detail)
    return no_json(reply.status, detail=detail)
