"""A tiny JSON-RPC server that answers from a table: for nodes that cannot be installed here."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any

from tests.nodes.ports import PATIENCE_S


class Raw(str):
    """A body to send as it is, with its own status and type; ID in it is the request's id."""

    status = 200
    content_type = "application/json"


def raw(body: str, *, status: int = 200, content_type: str = "application/json") -> Raw:
    """A reply that is not a table's answer: HTML, broken JSON, another status."""
    reply = Raw(body)
    reply.status = status
    reply.content_type = content_type
    return reply


class CannedNode:
    """Answers `method` with `replies[method]`: a result, `{"__error__": {…}}`, a Raw, or
    `{"__by_params__": {JSON text of the parameters: one of those}}`. `asked` records each call."""

    def __init__(self, replies: Mapping[str, Any]) -> None:
        self.replies = dict(replies)
        self.asked: list[tuple[str, list[object]]] = []
        node = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = 65536  # head and body in one packet, or the reply waits for the ACK

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                node._answer(self, json.loads(self.rfile.read(length)))

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its own name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @classmethod
    def from_file(cls, path: Path) -> CannedNode:
        """Replies from a file; amounts keep every digit that the file has."""
        return cls(json.loads(path.read_text(), parse_float=Decimal))

    def __enter__(self) -> CannedNode:
        self._thread.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(PATIENCE_S)

    @property
    def url(self) -> str:
        return f"http://user:secret-word@127.0.0.1:{self._server.server_port}/wallet/cashier"

    def methods(self) -> set[str]:
        """The calls that were made."""
        return {method for method, _ in self.asked}

    def _answer(self, handler: BaseHTTPRequestHandler, request: Any) -> None:
        if isinstance(request, list):
            reply = raw("[" + ",".join(self._reply(each) for each in request) + "]")
        else:
            reply = self._reply(request)
        body = reply.encode()
        handler.send_response(reply.status)
        handler.send_header("Content-Type", reply.content_type)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _reply(self, request: dict[str, Any]) -> Raw:
        method, params = request["method"], request["params"]
        self.asked.append((method, params))
        reply = self.replies.get(method, _error(-32601, "Method not found"))
        if isinstance(reply, dict) and "__by_params__" in reply:
            unknown = _error(-5, "Invalid or non-wallet transaction id")
            reply = reply["__by_params__"].get(json.dumps(params), unknown)
        if not isinstance(reply, Raw):
            reply = _whole(reply, request["id"])
        return raw(
            reply.replace("ID", str(request["id"])),
            status=reply.status,
            content_type=reply.content_type,
        )


def _error(code: int, message: str) -> dict[str, object]:
    return {"__error__": {"code": code, "message": message}}


def _whole(reply: Any, call_id: int) -> Raw:
    error = reply.get("__error__") if isinstance(reply, dict) else None
    result = "null" if error else _json(reply)
    body = f'{{"result":{result},"error":{_json(error)},"id":{call_id}}}\n'
    return raw(body, status=500 if error else 200)


def _json(value: Any) -> str:
    """JSON with amounts as plain decimal numbers, as nodes print them."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k)}:{_json(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_json, value)) + "]"
    return json.dumps(value)
