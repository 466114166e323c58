"""Each way of telling staff takes a message whole, or says why not in words without a secret."""

from __future__ import annotations

import base64
import email
import email.policy
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.alerts.message import Message
from engine.alerts.sinks import CommandSink, EmailSink, encryption_of, sink_names, sinks_of
from engine.config import Secret
from engine.config.house import Email
from engine.config.values import Listen
from engine.errors import DeliveryFailed
from tests.engine.alerts.receivers import http_receiver, mail_receiver, make_certificate
from tests.engine.house import house
from tests.nodes.ports import PATIENCE_S, wait_until

HANGS_S = 2 * int(PATIENCE_S)  # longer than anybody waits for its end
NOW = datetime(2026, 10, 30, 12, tzinfo=UTC)
MESSAGE = Message(
    id="ab" * 16,
    kind="own_funds_negative",
    house="Example Trading",
    currency="LTC",
    subject="own_funds_negative/LTC",
    text="LTC: what we owe is more than what we have:\r\nBcc: evil@example.com\x00 ☃",
    details={"amount": "-0.5", "client": None},
    first_seen="2026-10-30T11:59:00.000000Z",
)


def mailbox(port: int, *, user: str | None = None, host: str = "127.0.0.1") -> Email:
    password = None if user is None else Secret("hunter2", source="test")
    return Email.model_construct(
        server=Listen(host, port),
        sender="cashier@trading.example",
        to=("payments@trading.example", "boss@trading.example"),
        user=user,
        password=password,
    )


# --- mail ---


def test_a_mail_is_whole_and_its_text_makes_no_header() -> None:
    with mail_receiver() as taken:
        EmailSink(mailbox(taken.port), encryption="none").send(MESSAGE, NOW)
    letter = email.message_from_bytes(taken.bodies[0], policy=email.policy.default)
    assert letter["To"] == "payments@trading.example, boss@trading.example"
    assert letter["Message-ID"] == f"<{'ab' * 16}@trading.example>"
    assert letter["Bcc"] is None
    assert letter["Subject"].startswith("[Example Trading] LTC: what we owe is more")
    body = letter.get_content()
    assert "amount: -0.5" in body
    assert "since: 2026-10-30T11:59" in body
    assert taken.talk.count("RCPT") == 2


def test_a_password_goes_through_encryption_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path / "cert.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with mail_receiver(certificate=certificate) as taken:
        box = mailbox(taken.port, user="cashier", host="localhost")
        EmailSink(box, encryption="starttls").send(MESSAGE, NOW)
    login = base64.b64encode(b"\0cashier\0hunter2").decode()
    assert taken.talk[:5] == ["EHLO", "STARTTLS", "EHLO", "AUTH", f"AUTH PLAIN {login}"]
    assert len(taken.bodies) == 1


def test_a_server_without_encryption_or_of_another_name_gets_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mail_receiver() as taken, pytest.raises(DeliveryFailed, match="offers no encryption"):
        EmailSink(mailbox(taken.port), encryption="starttls").send(MESSAGE, NOW)
    certificate = make_certificate(tmp_path / "cert.pem", name="mail.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with (
        mail_receiver(certificate=certificate) as other,
        pytest.raises(DeliveryFailed, match="no encrypted connection: CERTIFICATE_VERIFY"),
    ):
        EmailSink(mailbox(other.port, host="localhost"), encryption="starttls").send(MESSAGE, NOW)
    assert taken.bodies == other.bodies == []


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("refuse", "the server refused boss@trading.example, payments@trading.example"),
        ("login", "the server refused user and password"),
        ("busy", "the server answered 451"),
        ("drop", "the server ended the conversation"),
        ("garbage", "the server ended the conversation|the server answered -1"),
    ],
)
def test_a_mail_server_that_says_no_is_quoted_without_its_words(mode: str, words: str) -> None:
    with mail_receiver(mode) as taken:
        sink = EmailSink(mailbox(taken.port, user="cashier"), encryption="none")
        with pytest.raises(DeliveryFailed, match=words) as caught:
            sink.send(MESSAGE, NOW)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        ("127.0.0.1", 25, "none"),
        ("localhost", 587, "none"),
        ("mail.example", 25, "starttls"),
        ("10.0.0.1", 587, "starttls"),
        ("mail.example", 465, "tls"),
    ],
)
def test_only_this_machine_gets_mail_in_the_clear(host: str, port: int, expected: str) -> None:
    assert encryption_of(mailbox(port, host=host)) == expected


# --- programs ---


def program(folder: Path, text: str) -> tuple[str, ...]:
    path = folder / "alert.py"
    path.write_text(text)
    return (sys.executable, str(path), "an argument; with a semicolon")


def test_a_program_is_given_the_alert_and_none_of_our_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CASHIER_LTC_NODE", "http://user:hunter2@127.0.0.1")
    code = (
        "import json, os, sys\n"
        f"open({str(tmp_path / 'out')!r}, 'w').write(json.dumps("
        "[json.load(sys.stdin), sys.argv[1:], sorted(os.environ)]))"
    )
    CommandSink(program(tmp_path, code), timeout_s=int(PATIENCE_S)).send(MESSAGE, NOW)
    body, arguments, names = json.loads((tmp_path / "out").read_text())
    assert body["type"] == "alert.own_funds_negative"
    assert body["timestamp"] == "2026-10-30T12:00:00.000000Z"
    assert body["data"]["text"] == MESSAGE.text
    assert arguments == ["an argument; with a semicolon"]
    assert "CASHIER_LTC_NODE" not in names
    assert "PATH" in names


@pytest.mark.parametrize(
    ("code", "words"),
    [("raise SystemExit(3)", "it ended with 3"), ("import os; os.abort()", "it ended with -6")],
)
def test_a_program_that_fails_took_nothing(tmp_path: Path, code: str, words: str) -> None:
    with pytest.raises(DeliveryFailed, match=words):
        CommandSink(program(tmp_path, code), timeout_s=int(PATIENCE_S)).send(MESSAGE, NOW)


def test_a_program_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(DeliveryFailed, match="cannot be started: No such file"):
        CommandSink((str(tmp_path / "nothing"),)).send(MESSAGE, NOW)


def test_a_program_that_hangs_is_ended_with_its_children(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    hangs = ("/bin/sh", "-c", f"sleep {HANGS_S} & echo $$ $! > {pids}; wait")
    for timeout_s in (1, 10):  # on a busy machine it may not even have begun after the first
        with pytest.raises(DeliveryFailed, match=f"it did not end within {timeout_s} s"):
            CommandSink(hangs, timeout_s=timeout_s).send(MESSAGE, NOW)
        if pids.exists() and pids.read_text():
            break
    program, child = map(int, pids.read_text().split())
    wait_until(lambda: _is_gone(program) and _is_gone(child), what="the end of both")


def _is_gone(pid: int) -> bool:
    """Whether the process ended; one that nobody waited for is gone, too."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


# --- all together ---


def test_the_ways_are_those_of_the_configuration(tmp_path: Path) -> None:
    with http_receiver() as taken:
        alerts = {
            "webhook": taken.url,
            "webhook_secret": "whsec_" + base64.b64encode(os.urandom(24)).decode(),
            "command": ["/bin/true"],
            "email": {"server": "127.0.0.1:1", "sender": "a@b.example", "to": ["c@d.example"]},
        }
        config = house(tmp_path, tables={"alerts": alerts})
        sinks = sinks_of(config)
        sinks[0].send(MESSAGE, NOW)
    assert [sink.name for sink in sinks] == ["webhook", "email", "command"] == [*sink_names(config)]
    assert [sink.where for sink in sinks] == [
        f"127.0.0.1:{taken.port}",
        "c@d.example by 127.0.0.1:1",
        "/bin/true",
    ]
    assert taken.headers[0]["webhook-id"] == f"msg_{'ab' * 16}"
    assert json.loads(taken.bodies[0])["data"]["house"] == "Example Trading"
    assert sinks_of(house(tmp_path)) == ()
