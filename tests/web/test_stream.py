"""Connections: slow, endless and malformed requests are cut, with a problem document where the
other side can still hear it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.config import Config
from tests.nodes.ports import wait_until
from tests.web.running import opened, read_all, running, say
from web.server import WebServer
from web.stream import BODY_BYTES_MAX, BODY_S, HEADER_BYTES_MAX, IDLE_S, GuardedStream

HOST = b"Host: 127.0.0.1\r\n"


class _Impatient(GuardedStream):
    """The same with a limit that a test can wait for."""

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
    status, code = problem(say(port, raw))
    assert (status, code) == (400, "request_malformed")


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
    with opened(impatient) as sock:
        start = time.monotonic()
        sock.sendall(b"GET /healthz HTTP/1.1\r\n")
        assert problem(read_all(sock)) == (408, "request_timeout")
        assert _Impatient.header_s <= time.monotonic() - start < IDLE_S


def test_dribbling_does_not_buy_time(impatient: int) -> None:
    answer = b""

    def dribbled() -> bool:
        nonlocal answer
        with contextlib.suppress(ConnectionError):  # what was said before is still to be heard
            sock.sendall(b"X")
        with contextlib.suppress(TimeoutError):
            answer = sock.recv(4096)
        return bool(answer)

    with opened(impatient) as sock:
        sock.settimeout(0.05)
        wait_until(dribbled, what="the refusal")
    assert problem(answer) == (408, "request_timeout")


def test_a_dribbled_body_is_cut(impatient: int) -> None:
    with opened(impatient) as sock:
        start = time.monotonic()
        sock.sendall(b"POST /v1/handshake HTTP/1.1\r\n" + HOST + b"Content-Length: 50\r\n\r\n{")
        assert read_all(sock) == b""
        assert time.monotonic() - start < BODY_S


class _Parting(_Impatient):
    """Soon tired of who says nothing more after an answer."""

    def write(self, data: bytes | memoryview) -> asyncio.Future[None]:
        self.idle_s = 0.3
        return super().write(data)


class _PartingServer(WebServer):
    stream_class = _Parting


def test_an_idle_connection_may_stay_a_while_and_then_goes(config: Config) -> None:
    with running(config, _PartingServer) as port, opened(port) as sock:
        time.sleep(1.5 * _Parting.header_s)  # longer than a begun request may take
        start = time.monotonic()
        sock.sendall(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
        assert read_all(sock).startswith(b"HTTP/1.1 200")
        assert 0.3 <= time.monotonic() - start < IDLE_S


class _SmallServer(WebServer):
    connections_per_address = 5


def test_one_address_cannot_take_every_place(config: Config) -> None:
    with running(config, _SmallServer) as port:
        request = b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
        held = [opened(port) for _ in range(5)]
        try:
            assert say(port, request) == b""
        finally:
            for sock in held:
                sock.close()
        wait_until(lambda: say(port, request).startswith(b"HTTP/1.1 200"), what="a free place")


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
