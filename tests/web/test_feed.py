"""The live feed: who may listen, what is told to whom, and when a socket ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import (
    WebSocketClientConnection,
    WebSocketClosedError,
    websocket_connect,
)

from db.connection import database
from db.models import Session
from engine.clock import utc_now
from engine.config import Config
from engine.sessions import end_session
from tests.nodes.ports import PATIENCE_S, wait_until
from tests.web.conftest import token_for
from tests.web.running import Visitor, say
from tests.web.till import Till
from web.feed import SOCKETS_PER_CLIENT_MAX


class Ear:
    """One open socket, used from a test that is not asynchronous."""

    def __init__(self, visitor: Visitor, **headers: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._visitor = visitor
        self._headers = headers
        self._socket: WebSocketClientConnection | None = None
        self._ended = False

    def open(self) -> Ear:
        origin = f"http://127.0.0.1:{self._visitor.port}"
        cookies = "; ".join(f"{k}={v}" for k, v in self._visitor.cookies.items())
        headers = {"Origin": origin, "Cookie": cookies, **self._headers}
        url = f"ws://127.0.0.1:{self._visitor.port}/v1/feed"
        request = HTTPRequest(url, headers={k: v for k, v in headers.items() if v})
        self._socket = self._run(lambda: websocket_connect(request))
        return self

    def hear(self) -> dict[str, Any] | None:
        """The next message; None when the socket closed. Raises TimeoutError."""
        assert self._socket is not None
        raw = self._run(self._socket.read_message)
        self._ended = raw is None
        return None if raw is None else dict(json.loads(raw))

    def hear_until(self, kind: str, **wanted: Any) -> dict[str, Any]:
        """The next message of this type whose payment has these values."""
        while True:
            message = self.hear()
            assert message is not None, "the socket closed"
            payment = message.get("payment", {})
            if message["type"] == kind and wanted.items() <= payment.items():
                return message

    def say(self, message: str | bytes) -> None:
        assert self._socket is not None
        write = self._socket.write_message
        self._run(lambda: write(message, binary=isinstance(message, bytes)))

    @property
    def close_code(self) -> int | None:
        assert self._socket is not None
        return self._socket.close_code

    def close(self) -> None:
        if self._socket is not None:
            self._run(self._leave)
        self._loop.close()

    async def _leave(self) -> None:
        """Close, and hear the rest until the other side has closed too."""
        assert self._socket is not None
        self._socket.close()
        while not self._ended:
            self._ended = await self._socket.read_message() is None

    def _run(self, start: Callable[[], Any]) -> Any:
        async def bounded() -> Any:
            return await asyncio.wait_for(start(), PATIENCE_S)

        return self._loop.run_until_complete(bounded())


@contextmanager
def listening(visitor: Visitor, **headers: str) -> Iterator[Ear]:
    ear = Ear(visitor, **headers)
    try:
        yield ear.open()
    finally:
        ear.close()


def refused(visitor: Visitor, **headers: str) -> int:
    with pytest.raises(HTTPClientError) as caught, listening(visitor, **headers):
        raise AssertionError("the socket opened")
    return int(caught.value.code)


@pytest.mark.usefixtures("till")
def test_the_first_word_is_hello_with_what_is_open(client: Visitor) -> None:
    given = client.post("/v1/deposits", {"currency": "LTC"}).json
    with listening(client) as ear:
        hello = ear.hear()
    assert hello is not None
    assert hello["type"] == "hello"
    assert [payment["id"] for payment in hello["payments"]] == [given["id"]]


def test_every_move_and_confirmation_is_told(client: Visitor, till: Till) -> None:
    payment = client.post("/v1/deposits", {"currency": "LTC"}).json["id"]
    with listening(client) as ear:
        ear.hear_until("hello")
        till.see(payment, 50_000_000)
        ear.hear_until("payment", id=payment, state="pending", confirmations=0)
        till.mine(payment, 1001)
        till.chain("LTC", height=1001)
        ear.hear_until("payment", id=payment, state="pending", confirmations=1)
        till.chain("LTC", height=1002)
        ear.hear_until("payment", id=payment, state="pending", confirmations=2)
        till.confirm(payment)
        till.credit(payment)
        told = ear.hear_until("payment", id=payment, state="credited")
        assert told["payment"]["amount"] == "0.5"


def test_nothing_between_the_connection_and_hello_is_missed(client: Visitor, till: Till) -> None:
    payment = client.post("/v1/deposits", {"currency": "LTC"}).json["id"]
    with listening(client) as ear:
        till.see(payment, 1)
        while True:
            message = ear.hear()
            assert message is not None
            payments = [*message.get("payments", []), message.get("payment", {})]
            if any(one.get("state") == "pending" for one in payments):
                break


def test_nobody_hears_of_another_clients_payments(
    config: Config, client: Visitor, port: int, till: Till
) -> None:
    other = Visitor(port)
    other.enter(token_for(config, "CR0007"))
    own = client.post("/v1/deposits", {"currency": "LTC"}).json["id"]
    foreign = other.post("/v1/deposits", {"currency": "LTC"}).json["id"]
    with listening(client) as ear:
        ear.hear_until("hello")
        till.see(foreign, 1)
        till.see(own, 2)
        told = ear.hear_until("payment")
    assert told["payment"]["id"] == own


def test_a_pause_is_told(client: Visitor, till: Till) -> None:
    with listening(client) as ear:
        ear.hear_until("hello")
        till.chain("LTC", height=1000, state="paused", reason="our node is catching up")
        items = ear.hear_until("currencies")["items"]
    assert items[0]["deposits"] == {
        "state": "paused",
        "reason": "our node is catching up",
        "minimum": "0.001",
    }


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "", "http://127.0.0.1", "http://127.0.0.1:1", "é"]
)
def test_only_our_own_page_may_listen(client: Visitor, origin: str) -> None:
    assert refused(client, Origin=origin) == 403


def test_a_name_that_was_led_here_may_not_listen(client: Visitor) -> None:
    host = f"evil.example:{client.port}"
    assert refused(client, Host=host, Origin=f"http://{host}") == 403


def test_a_socket_needs_a_session(stranger: Visitor) -> None:
    assert refused(stranger) == 401


def test_a_plain_request_is_told_to_upgrade(client: Visitor) -> None:
    answer = client.get("/v1/feed", Origin=f"http://127.0.0.1:{client.port}")
    assert (answer.status, answer.code) == (426, "upgrade_required")


@pytest.mark.usefixtures("till")
def test_a_socket_closes_with_its_session(client: Visitor) -> None:
    with listening(client) as ear:
        ear.hear_until("hello")
        end_session(client.cookies["cashier"], now=utc_now())
        assert ear.hear() is None
        assert ear.close_code == 4401


@pytest.mark.usefixtures("till")
def test_a_socket_closes_when_a_new_handshake_ends_its_session(
    config: Config, client: Visitor
) -> None:
    with listening(client) as ear:
        ear.hear_until("hello")
        client.enter(token_for(config, "CR0007"))
        assert ear.hear() is None


@pytest.mark.usefixtures("till")
def test_a_socket_that_only_listens_keeps_no_session_alive(client: Visitor) -> None:
    with listening(client) as ear:
        ear.hear_until("hello")
        Session.update(seen_at="2000-01-01T00:00:00.000000Z").execute()
        assert ear.hear() is None


@pytest.mark.parametrize("message", ["{}", "garbage", "\0", b"\xff\xfe", '{"type":"hello"}'])
def test_what_a_client_says_is_not_listened_to(
    client: Visitor, till: Till, message: str | bytes
) -> None:
    payment = client.post("/v1/deposits", {"currency": "LTC"}).json["id"]
    with listening(client) as ear:
        ear.hear_until("hello")
        ear.say(message)
        till.see(payment, 1)
        ear.hear_until("payment", state="pending")


@pytest.mark.usefixtures("till")
def test_a_client_that_talks_without_end_is_cut_off(client: Visitor) -> None:
    with listening(client) as ear:
        ear.hear_until("hello")
        with pytest.raises(WebSocketClosedError):
            for _ in range(100_000):
                ear.say("{}")
        assert ear.hear() is None
        assert ear.close_code == 1008


@pytest.mark.usefixtures("till")
def test_a_frame_that_is_too_long_ends_the_socket(client: Visitor) -> None:
    with listening(client) as ear:
        ear.hear_until("hello")
        with contextlib.suppress(WebSocketClosedError):  # before its last byte is sent
            ear.say("x" * 100_000)
        assert ear.hear() is None


@pytest.mark.usefixtures("till")
def test_bytes_that_are_no_frames_end_the_socket_and_nothing_else(client: Visitor) -> None:
    host = f"127.0.0.1:{client.port}"
    request = (
        f"GET /v1/feed HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n"
        f"Cookie: cashier={client.cookies['cashier']}\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    ).encode()
    for rubbish in (b"\xff" * 64, b"\x81\x7f" + b"\xff" * 8, b"\x00" * 64, b"\xf1\x85abcd"):
        assert say(client.port, request + rubbish).startswith(b"HTTP/1.1 101")
    assert client.get("/healthz").status == 200


@pytest.mark.usefixtures("till")
def test_a_client_has_a_bounded_number_of_sockets(client: Visitor) -> None:
    ears = [Ear(client).open() for _ in range(SOCKETS_PER_CLIENT_MAX)]
    try:
        assert refused(client) == 429
    finally:
        for ear in ears:
            ear.close()
    wait_until(lambda: _may_listen(client), what="the closed sockets to count no more")


def _may_listen(visitor: Visitor) -> bool:
    try:
        with listening(visitor) as ear:
            return ear.hear() is not None
    except HTTPClientError:
        return False


def test_a_socket_outlives_a_database_that_fails_for_a_while(
    client: Visitor, till: Till, caplog: pytest.LogCaptureFixture
) -> None:
    payment = client.post("/v1/deposits", {"currency": "LTC"}).json["id"]
    with listening(client) as ear:
        ear.hear_until("hello")
        database.execute_sql("ALTER TABLE history RENAME TO gone")
        wait_until(lambda: "cannot read the database" in caplog.text, what="a look that fails")
        database.execute_sql("ALTER TABLE gone RENAME TO history")
        till.see(payment, 1)
        ear.hear_until("payment", state="pending")


def test_a_move_is_heard_within_half_a_second(client: Visitor, till: Till) -> None:
    with listening(client) as ear:
        ear.hear_until("hello")
        # The first within it says so: a machine that is busy with other things holds up some.
        wait_until(lambda: _heard_after_s(client, till, ear) < 0.5, what="a move heard in time")


def _heard_after_s(client: Visitor, till: Till, ear: Ear) -> float:
    """How long after its move a new payment is told of."""
    till.add_addresses("LTC", 1)
    payment = client.post("/v1/deposits", {"currency": "LTC"}).json["id"]
    till.see(payment, 1)
    start = time.monotonic()
    ear.hear_until("payment", id=payment, state="pending")
    return time.monotonic() - start
