"""The error answers of the embedded chain, in the words and codes of geth."""

from __future__ import annotations

REFUSED = -32000
REVERTED = 3
UNKNOWN_METHOD = -32601
BAD_PARAMS = -32602
BAD_REQUEST = -32600
INTERNAL = -32603
NOT_JSON = -32700


class CallRefused(Exception):
    """A call's error answer. `data` is hex: what a contract gave as the reason of a revert."""

    def __init__(self, message: str, *, code: int = REFUSED, data: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.data = data
