"""One POST to a receiver of ours, signed as Standard Webhooks 1.0.0 says.

The name is resolved once and the connection goes to just that address, so that a name which changes
between check and use leads nowhere else. A redirect counts as no.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from engine.errors import DeliveryFailed

AGENT = "Cashier"
_SECRET_PREFIX = "whsec_"  # noqa: S105  # the form of secrets, not one of them
_PORTS = {"https": 443, "http": 80}
_TAKEN = range(200, 300)
_ELSEWHERE = range(300, 400)


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where messages go. `secret` is `whsec_` and base64, None for unsigned ones; `private` allows
    addresses that are not on the public net. The time-out, in seconds, is for each step."""

    url: str
    secret: str | None
    private: bool
    timeout_s: int


def post(receiver: Receiver, body: bytes, *, message_id: str, now: datetime) -> None:
    """Send a JSON body once. Raises DeliveryFailed unless the receiver answered with a 2xx."""
    headers = {
        "Content-Type": "application/json",
        "User-Agent": AGENT,
        **signature_headers(receiver.secret, body, message_id=message_id, now=now),
    }
    try:
        status = _exchange(receiver, body, headers)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise DeliveryFailed(_words(error), detail=repr(error)) from error
    if status in _ELSEWHERE:
        raise DeliveryFailed(f"it answered {status}, and redirects are not followed")
    if status not in _TAKEN:
        raise DeliveryFailed(f"it answered {status}")


def signature_headers(
    secret: str | None, body: bytes, *, message_id: str, now: datetime
) -> dict[str, str]:
    """The three headers of the standard, without the signature when there is no secret."""
    seconds = str(int(now.timestamp()))
    headers = {"webhook-id": message_id, "webhook-timestamp": seconds}
    if secret is not None:
        key = base64.b64decode(secret.removeprefix(_SECRET_PREFIX))
        signed = b".".join((message_id.encode(), seconds.encode(), body))
        digest = hmac.new(key, signed, hashlib.sha256).digest()
        headers["webhook-signature"] = f"v1,{base64.b64encode(digest).decode()}"
    return headers


def _exchange(receiver: Receiver, body: bytes, headers: Mapping[str, str]) -> int:
    parts = urlsplit(receiver.url)
    host, port = str(parts.hostname), parts.port or _PORTS[parts.scheme]
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    connection = http.client.HTTPConnection(host, port, timeout=receiver.timeout_s)
    connection.sock = _connect(receiver, host, port, encrypted=parts.scheme == "https")
    try:
        connection.request("POST", path, body, {**headers, "Host": parts.netloc})
        return connection.getresponse().status
    finally:
        connection.close()


def _connect(receiver: Receiver, host: str, port: int, *, encrypted: bool) -> socket.socket:
    """A connection to the first address of `host` that answers and that may be asked."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    places = list(dict.fromkeys((str(place[4][0]), int(place[4][1])) for place in found))
    if not receiver.private:
        places = [place for place in places if _is_public(place[0])]
        if not places:
            raise DeliveryFailed("its name leads to a private address")
    last: OSError | None = None
    for place in places:
        try:
            plain = socket.create_connection(place, receiver.timeout_s)
        except OSError as error:
            last = error
            continue
        return _encrypt(plain, host) if encrypted else plain
    raise last or OSError("its name leads nowhere")


def _is_public(address: str) -> bool:
    found = ipaddress.ip_address(address)
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_global


def _encrypt(plain: socket.socket, host: str) -> socket.socket:
    try:
        return ssl.create_default_context().wrap_socket(plain, server_hostname=host)
    except (OSError, ValueError):
        plain.close()
        raise


def _words(error: Exception) -> str:
    """What went wrong, without anything that the other side said."""
    if isinstance(error, socket.gaierror):
        return "its name cannot be resolved"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLError):
        return f"no encrypted connection: {error.reason or 'it ended early'}"
    if isinstance(error, ConnectionRefusedError):
        return "connection refused"
    if isinstance(error, OSError):
        return f"the connection failed: {error.strerror or type(error).__name__}"
    return "its answer is no HTTP"
