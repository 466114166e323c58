"""The address of a node, as cashier.toml gives it."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

from engine.errors import NodeDown


def read_node_url(text: str, *, path: str) -> SplitResult:
    """Its parts. `path` says in the error what stands behind the port. Raises NodeDown, which does
    not repeat the text: there may be a password in it."""
    try:
        url = urlsplit(text)
        usable = url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
    except ValueError:
        usable = False
        url = urlsplit("")
    if not usable:
        raise NodeDown(f"the node's URL is not of the form http://user:password@host:port{path}")
    return url
