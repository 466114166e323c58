"""The tests' own way to a node, so that what the family tells can be held against it."""

from __future__ import annotations

import base64
import http.client
import json
from decimal import Decimal
from typing import Any

from tests.nodes.ports import PATIENCE_S


class RpcError(Exception):
    """The node's own answer that something is wrong."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


def call(port: int, login: str, path: str, method: str, *params: object) -> Any:
    """One JSON-RPC call on a connection of its own; amounts come as Decimal, go as strings."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    body = json.dumps({"version": "1.1", "id": 0, "method": method, "params": params})
    token = base64.b64encode(login.encode()).decode()
    try:
        connection.request("POST", path, body, {"Authorization": f"Basic {token}"})
        text = connection.getresponse().read()
    finally:
        connection.close()
    reply = json.loads(text, parse_float=Decimal)
    if reply["error"]:
        raise RpcError(reply["error"]["code"], reply["error"]["message"])
    return reply["result"]
