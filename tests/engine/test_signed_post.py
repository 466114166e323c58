"""A POST is signed as the standard says, goes where it should and nowhere else, and every answer
but a plain yes is a no."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.errors import DeliveryFailed
from engine.signed_post import Receiver, post, signature_headers
from tests.engine.alerts.receivers import http_receiver, make_certificate
from tests.nodes.ports import PATIENCE_S, wait_until

NOW = datetime(2026, 10, 30, 12, tzinfo=UTC)
SECRET = "whsec_" + base64.b64encode(b"k" * 24).decode()
BODY = b'{"a": 1}'


def send(
    url: str, *, secret: str | None = None, private: bool = True, timeout_s: int = int(PATIENCE_S)
) -> None:
    receiver = Receiver(url, secret, private=private, timeout_s=timeout_s)
    post(receiver, BODY, message_id="msg_1", now=NOW)


def test_a_signature_is_what_a_receiver_computes() -> None:
    with http_receiver() as taken:
        send(taken.url, secret=SECRET)
    (headers,) = taken.headers
    assert taken.bodies == [BODY]
    assert taken.talk == ["/hook?a=1"]
    assert headers["webhook-id"] == "msg_1"
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert headers["host"] == f"127.0.0.1:{taken.port}"
    signed = b"msg_1." + headers["webhook-timestamp"].encode() + b"." + taken.bodies[0]
    digest = hmac.new(b"k" * 24, signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == "v1," + base64.b64encode(digest).decode()


def test_the_vector_of_the_standard_is_met() -> None:
    headers = signature_headers(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        b'{"test": 2432232314}',
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        now=datetime.fromtimestamp(1614265330, UTC),
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_without_a_secret_nothing_is_signed() -> None:
    with http_receiver() as taken:
        send(taken.url)
    assert "webhook-signature" not in taken.headers[0]


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("302", "it answered 302, and redirects are not followed"),
        ("500", "it answered 500"),
        ("404", "it answered 404"),
        ("drop", "the connection failed|its answer is no HTTP"),
        ("garbage", "its answer is no HTTP"),
    ],
)
def test_what_is_no_yes_is_a_no(mode: str, words: str) -> None:
    with http_receiver(mode) as taken, pytest.raises(DeliveryFailed, match=words):
        send(taken.url)
    assert len(taken.bodies) == 1


def test_what_says_nothing_in_time_is_a_no() -> None:
    with http_receiver("hang") as taken:
        with pytest.raises(DeliveryFailed, match="no answer in time"):
            send(taken.url, timeout_s=1)
        wait_until(lambda: len(taken.bodies) == 1, what="the body")


def test_a_closed_port_and_a_name_of_nobody_are_said() -> None:
    with pytest.raises(DeliveryFailed, match="connection refused"):
        send("http://127.0.0.1:1/")
    with pytest.raises(DeliveryFailed, match="its name cannot be resolved"):
        send("http://no-such-name.invalid/")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
def test_outside_of_sandboxes_a_name_that_leads_inside_is_not_asked(host: str) -> None:
    with http_receiver() as taken, pytest.raises(DeliveryFailed, match="to a private address"):
        send(f"http://{host}:{taken.port}/", private=False)
    assert taken.bodies == []


def test_a_certificate_that_nobody_vouches_for_is_no_encryption(tmp_path: Path) -> None:
    certificate = make_certificate(tmp_path / "cert.pem")
    words = "no encrypted connection: CERTIFICATE_VERIFY"
    with (
        http_receiver(certificate=certificate) as taken,
        pytest.raises(DeliveryFailed, match=words),
    ):
        send(taken.url.replace("http:", "https:"))
    assert taken.bodies == []


def test_an_encrypted_receiver_is_reached_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path / "cert.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with http_receiver(certificate=certificate) as taken:
        send(f"https://localhost:{taken.port}/hook")
    assert taken.bodies == [BODY]
