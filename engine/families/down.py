"""What a broken exchange with a node means, in the words that staff and clients read: for every
family."""

from __future__ import annotations

import http.client

from engine.errors import NodeDown, NodeForbids

WORDS_MAX = 200

_STATUSES = {
    401: "401: the node refused our user and password",
    403: "403: the node does not allow us a call that we need",
    404: "404: the node has nothing under this URL",
    413: "413: the node takes no request of this size",
    429: "429: the node has had too many requests",
    503: "503: the node has more work than it takes",
}


class ReplyMismatch(http.client.HTTPException):
    """The reply is not the one to the request that was sent on this connection."""


def no_json(status: int, *, detail: str) -> NodeDown:
    """What an HTTP status says of a reply that is no JSON."""
    kind = NodeForbids if status == http.client.FORBIDDEN else NodeDown
    words = _STATUSES.get(status, f"{status}: the node's reply is not JSON")
    return kind(words, detail=detail)


def down(method: str, error: BaseException) -> NodeDown:
    """NodeDown in words; the detail names the exception, never the URL."""
    detail = f"{method}: {type(error).__name__}: {str(error)[:WORDS_MAX]}"
    return NodeDown(_words(error), detail=detail)


def _words(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return "the node did not answer in time"
    if isinstance(error, ConnectionRefusedError):
        return "nothing answers at the node's address"
    if isinstance(error, ReplyMismatch):
        return "the node answered another request than ours"
    if isinstance(error, http.client.IncompleteRead):
        return "the node's reply was cut off"
    if isinstance(error, OSError | http.client.RemoteDisconnected):
        return "the connection to the node failed"
    return "the node's reply is malformed"
