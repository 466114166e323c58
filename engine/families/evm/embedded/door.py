"""The JSON-RPC door of an embedded chain: HTTP on loopback, one call at a time."""

from __future__ import annotations

import json
import logging
import threading
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from engine.families.evm.embedded import acting, reading
from engine.families.evm.embedded.chain import EmbeddedChain
from engine.families.evm.embedded.refusal import (
    BAD_PARAMS,
    BAD_REQUEST,
    INTERNAL,
    NOT_JSON,
    UNKNOWN_METHOD,
    CallRefused,
)
from engine.families.evm.recursion import bound_recursion

bound_recursion()

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
BODY_MAX = 2 * 1024 * 1024
BATCH_MAX = 1_000
IDLE_S = 60
METHODS = {**reading.METHODS, **acting.METHODS}


class Door(ThreadingHTTPServer):
    """Listens on loopback (`port` 0: any free one) and answers from a thread of its own."""

    daemon_threads = True

    def __init__(self, chain: EmbeddedChain, *, port: int = 0) -> None:
        super().__init__((HOST, port), _Caller)
        self.chain = chain
        self.turn = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, daemon=True)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def open(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Listen no more; what is being answered is answered."""
        self.shutdown()
        self.server_close()
        self._thread.join()
        with self.turn:
            pass

    def answer(self, body: bytes) -> Any:
        """The reply to a request or a batch of them."""
        try:
            asked = json.loads(body)
        except (ValueError, RecursionError):
            return _error(None, CallRefused("parse error", code=NOT_JSON))
        if not isinstance(asked, list):
            return self._answer_one(asked)
        if not 0 < len(asked) <= BATCH_MAX:
            return _error(None, CallRefused("batch of no fit size", code=BAD_REQUEST))
        return [self._answer_one(each) for each in asked]

    def _answer_one(self, asked: Any) -> dict[str, Any]:
        number = asked.get("id") if isinstance(asked, dict) else None
        try:
            result = self._called(asked)
        except CallRefused as refusal:
            return _error(number, refusal)
        except Exception:  # whatever a call asks, the next one is answered
            log.exception("the embedded chain failed at a call")
            return _error(number, CallRefused("internal error", code=INTERNAL))
        return {"jsonrpc": "2.0", "id": number, "result": result}

    def _called(self, asked: Any) -> Any:
        if not isinstance(asked, dict) or not isinstance(asked.get("method"), str):
            raise CallRefused("invalid request", code=BAD_REQUEST)
        method, params = METHODS.get(asked["method"]), asked.get("params") or []
        if method is None:
            words = f"the method {asked['method'][:80]} does not exist/is not available"
            raise CallRefused(words, code=UNKNOWN_METHOD)
        if not isinstance(params, list):
            raise CallRefused("non-array args", code=BAD_PARAMS)
        with self.turn:
            return method(self.chain, params)


def _error(number: Any, refusal: CallRefused) -> dict[str, Any]:
    error: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
    if refusal.data is not None:
        error["data"] = refusal.data
    return {"jsonrpc": "2.0", "id": number, "error": error}


class _Caller(BaseHTTPRequestHandler):
    """One connection. A web page of a browser on this machine is no caller: it cannot name us by
    our address and send JSON without being asked for leave, which nobody gives."""

    protocol_version = "HTTP/1.1"
    timeout = IDLE_S
    server: Door

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or int(length) > BODY_MAX:
            return self._say(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        body = self.rfile.read(int(length))
        if self.headers.get("Origin") is not None:
            return self._say(HTTPStatus.FORBIDDEN)
        return self._say(HTTPStatus.OK, json.dumps(self.server.answer(body)).encode())

    def _say(self, status: HTTPStatus, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if status is not HTTPStatus.OK:
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
        """Says nothing: the engine's log is for what happens, not for each call."""
