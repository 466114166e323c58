"""Connections: slow, endless and malformed requests are cut, with a problem document where the
other side can still hear it."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.config import Config
from tests.web.running import read_all, running, say
from web.server import WebServer
from web.stream import BODY_BYTES_MAX, HEADER_BYTES_MAX, GuardedStream

HOST = b"Host: 127.0.0.1\r\n"


class _Impatient(GuardedStream):
    """The same with limits that a test can wait for."""

    idle_s = 1.0
    header_s = 0.4


class _ImpatientServer(WebServer):
    stream_class = _Impatient
    body_s = 0.4


@pytest.fixture
def impatient(config: Config) -> Iterator[int]:
    with running(config, _ImpatientServer) as port:
        yield port


def problem(raw: bytes) -> tuple[int, str]:
    """Status and code of a whole answer that is a problem document."""
    head, _, body = raw.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head, raw[:300]
    status = int(head.split(b" ", 2)[1])
    content = json.loads(body)
    assert content["status"] == status
    return status, str(content["code"])


@pytest.mark.parametrize(
    "raw",
    [
        b"GARBAGE\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nno colon here\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nBad\x00Name: x\r\n\r\n",
        b"POST /v1/handshake HTTP/1.1\r\n" + HOST + b"Content-Length: abc\r\n\r\n",
        b"POST /v1/handshake HTTP/1.1\r\n" + HOST + b"Content-Length: -5\r\n\r\n",
        b"POST /v1/handshake HTTP/1.1\r\n" + HOST + b"Content-Length: 1, 2\r\n\r\n",
        b"POST /v1/handshake HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"POST /v1/handshake HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, x\r\n\r\n",
    ],
)
def test_what_is_no_http_is_a_problem_document(port: int, raw: bytes) -> None:
    start = time.monotonic()
    status, code = problem(say(port, raw))
    assert (status, code) == (400, "request_malformed")
    assert time.monotonic() - start < 1


def test_an_endless_header_is_refused(port: int) -> None:
    raw = b"GET / HTTP/1.1\r\nX: " + b"x" * (HEADER_BYTES_MAX * 2)
    assert problem(say(port, raw)) == (431, "headers_too_large")


def test_a_large_body_is_refused_before_it_is_sent(port: int) -> None:
    for length in (str(BODY_BYTES_MAX + 1), "209715200", "9" * 30):
        raw = (
            b"POST /v1/handshake HTTP/1.1\r\n" + HOST + f"Content-Length: {length}\r\n\r\n".encode()
        )
        assert problem(say(port, raw)) == (413, "body_too_large")


def test_a_body_that_grows_in_chunks_is_refused(port: int) -> None:
    chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    raw = (
        b"POST /v1/handshake HTTP/1.1\r\n"
        + HOST
        + b"Transfer-Encoding: chunked\r\n\r\n"
        + chunk * 4
    )
    assert problem(say(port, raw))[0] == 400


def test_dribbled_headers_are_cut(impatient: int) -> None:
    with socket.create_connection(("127.0.0.1", impatient), timeout=5) as sock:
        sock.sendall(b"GET /healthz HTTP/1.1\r\n")
        start = time.monotonic()
        assert problem(read_all(sock)) == (408, "request_timeout")
        assert 0.2 < time.monotonic() - start < 2


def test_dribbling_does_not_buy_time(impatient: int) -> None:
    with socket.create_connection(("127.0.0.1", impatient), timeout=5) as sock:
        start = time.monotonic()
        answer = b""
        sock.settimeout(0.05)
        while time.monotonic() - start < 3 and not answer:
            try:
                sock.sendall(b"X")
                answer = sock.recv(4096)
            except TimeoutError:
                continue
        assert b"408" in answer
        assert time.monotonic() - start < 2


def test_a_dribbled_body_is_cut(impatient: int) -> None:
    with socket.create_connection(("127.0.0.1", impatient), timeout=5) as sock:
        sock.sendall(b"POST /v1/handshake HTTP/1.1\r\n" + HOST + b"Content-Length: 50\r\n\r\n{")
        start = time.monotonic()
        assert read_all(sock) == b""
        assert time.monotonic() - start < 2


def test_an_idle_connection_may_stay_a_while_and_then_goes(impatient: int) -> None:
    with socket.create_connection(("127.0.0.1", impatient), timeout=5) as sock:
        time.sleep(0.6)  # longer than a begun request may take
        sock.sendall(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
        assert sock.recv(4096).startswith(b"HTTP/1.1 200")
        start = time.monotonic()
        assert read_all(sock) == b""
        assert 0.5 < time.monotonic() - start < 3


class _SmallServer(WebServer):
    connections_per_address = 5


def test_one_address_cannot_take_every_place(config: Config) -> None:
    with running(config, _SmallServer) as port:
        held = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(5)]
        try:
            assert say(port, b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n") == b""
        finally:
            for sock in held:
                sock.close()
        time.sleep(0.2)
        request = b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
        assert say(port, request).startswith(b"HTTP/1.1 200")


def test_one_connection_serves_many_requests(port: int) -> None:
    request = b"GET /healthz HTTP/1.1\r\n" + HOST
    raw = (request + b"\r\n") * 3 + request + b"Connection: close\r\n\r\n"
    assert say(port, raw).count(b"HTTP/1.1 200 OK") == 4


@given(raw=st.binary(min_size=1, max_size=200))
@settings(
    max_examples=100,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_bytes_are_answered_below_500(port: int, raw: bytes) -> None:
    answer = say(port, raw + b"\r\n\r\n\r\n\r\n")
    assert b" 500 " not in answer[:20]
    assert b"Traceback" not in answer
