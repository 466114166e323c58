"""The demo's own way to its node, for what no cashier asks: mining, and paying from a faucet."""

from __future__ import annotations

import base64
import http.client
import json
from typing import Any

TIMEOUT_S = 30.0


class RpcError(Exception):
    """The node's own answer that something is wrong."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def call(port: int, login: str, path: str, method: str, *params: object) -> Any:
    """One JSON-RPC call on a connection of its own; amounts go and come as text.

    Raises RpcError for the node's refusal, OSError when it does not answer.
    """
    asked = {"jsonrpc": "2.0", "id": 0, "method": method, "params": params}
    token = base64.b64encode(login.encode()).decode()
    headers = {"Authorization": f"Basic {token}", "Content-Type": "application/json"}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        connection.request("POST", path, json.dumps(asked), headers)
        reply = json.loads(connection.getresponse().read(), parse_float=str)
    except (http.client.HTTPException, ValueError) as error:
        raise ConnectionError(f"unreadable answer: {type(error).__name__}") from error
    finally:
        connection.close()
    if reply.get("error"):
        raise RpcError(int(reply["error"]["code"]), str(reply["error"]["message"]))
    return reply["result"]
