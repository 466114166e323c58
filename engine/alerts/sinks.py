"""The ways on which alerts leave: an HTTP receiver, a mailbox, a program. Each takes one message or
raises DeliveryFailed with words that hold no secret."""

from __future__ import annotations

import os
import signal
import smtplib
import socket
import ssl
import subprocess
import tempfile
from contextlib import suppress
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Literal, Protocol

from engine.alerts.message import Message
from engine.config import Config
from engine.config.house import Email
from engine.config.values import is_loopback
from engine.errors import DeliveryFailed
from engine.signed_post import Receiver, post

STEP_TIMEOUT_S = 10
SUBMISSIONS_PORT = 465  # TLS from the first byte
KEPT_VARIABLES = ("HOME", "LANG", "LC_ALL", "PATH", "TZ", "USER")

Encryption = Literal["none", "starttls", "tls"]


class Sink(Protocol):
    """`name` is its key under [alerts]; `where` says where it leads, without any secret."""

    name: str
    where: str

    def send(self, message: Message, now: datetime) -> None:
        """Hand the message over. Raises DeliveryFailed: unknown or refused, to be tried again."""

    def close(self) -> None:
        """End what is still under way."""


class WebhookSink:
    """POSTs each alert to one receiver."""

    name = "webhook"

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self.where = receiver.url.split("/")[2]

    def send(self, message: Message, now: datetime) -> None:
        post(self._receiver, message.body(now), message_id=message.name, now=now)

    def close(self) -> None:
        """Nothing: its thread ends with the process."""


class EmailSink:
    """Mails each alert."""

    name = "email"

    def __init__(self, email: Email, *, encryption: Encryption) -> None:
        self._email = email
        self._encryption = encryption
        self.where = f"{', '.join(email.to)} by {email.server}"

    def send(self, message: Message, now: datetime) -> None:
        try:
            letter = self._letter(message, now)
            with self._connect() as server:
                if self._email.user is not None and self._email.password is not None:
                    server.login(self._email.user, self._email.password.reveal())
                refused = server.send_message(letter)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise DeliveryFailed(_mail_words(error), detail=repr(error)) from error
        if refused:
            raise DeliveryFailed(f"the server refused {', '.join(sorted(refused))}")

    def close(self) -> None:
        """Nothing: its thread ends with the process."""

    def _connect(self) -> smtplib.SMTP:
        host, port = self._email.server.host, self._email.server.port
        if self._encryption == "tls":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(host, port, timeout=STEP_TIMEOUT_S, context=context)
        server = smtplib.SMTP(host, port, timeout=STEP_TIMEOUT_S)
        if self._encryption == "starttls":
            try:
                server.starttls(context=ssl.create_default_context())
            except BaseException:
                server.close()
                raise
        return server

    def _letter(self, message: Message, now: datetime) -> EmailMessage:
        letter = EmailMessage()
        letter["From"] = self._email.sender
        letter["To"] = ", ".join(self._email.to)
        letter["Subject"] = message.title()
        letter["Date"] = format_datetime(now)
        # The same for each try: a mailbox shows a message that came twice once.
        domain = self._email.sender.rpartition("@")[2].strip("> ") or "cashier"
        letter["Message-ID"] = f"<{message.id}@{domain}>"
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(message.letter())
        return letter


class CommandSink:
    """Runs a program for each alert, without a shell and without the engine's secrets."""

    name = "command"

    def __init__(self, command: tuple[str, ...], *, timeout_s: int = STEP_TIMEOUT_S) -> None:
        self._command = command
        self._timeout_s = timeout_s
        self._running: subprocess.Popen[bytes] | None = None
        self.where = command[0]

    def send(self, message: Message, now: datetime) -> None:
        with tempfile.TemporaryFile() as letter:
            letter.write(message.body(now))
            letter.seek(0)
            try:
                running = subprocess.Popen(
                    self._command,
                    stdin=letter,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    env={name: os.environ[name] for name in KEPT_VARIABLES if name in os.environ},
                    start_new_session=True,
                )
            except (OSError, ValueError) as error:
                words = getattr(error, "strerror", None) or "it is no command"
                raise DeliveryFailed(f"it cannot be started: {words}") from error
        self._running = running  # `close`, from another thread, takes it from here
        try:
            code = running.wait(self._timeout_s)
        except subprocess.TimeoutExpired as error:
            raise DeliveryFailed(f"it did not end within {self._timeout_s} s") from error
        finally:
            self.close()
        if code:
            raise DeliveryFailed(f"it ended with {code}")

    def close(self) -> None:
        """End the program that runs, and whatever it started in its group."""
        running, self._running = self._running, None
        if running is not None and running.poll() is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(running.pid, signal.SIGKILL)
            running.wait()


def sinks_of(config: Config) -> tuple[Sink, ...]:
    """The ways that [alerts] names; needs the secrets of role engine or check."""
    alerts = config.alerts
    found: list[Sink] = []
    if alerts.webhook is not None:
        secret = None if alerts.webhook_secret is None else alerts.webhook_secret.reveal()
        found.append(
            WebhookSink(
                Receiver(alerts.webhook, secret, private=config.sandbox, timeout_s=STEP_TIMEOUT_S)
            )
        )
    if alerts.email is not None:
        found.append(EmailSink(alerts.email, encryption=encryption_of(alerts.email)))
    if alerts.command is not None:
        found.append(CommandSink(alerts.command))
    return tuple(found)


def sink_names(config: Config) -> tuple[str, ...]:
    """The names of what `sinks_of` makes; needs no secret."""
    alerts = config.alerts
    kinds = (WebhookSink, alerts.webhook), (EmailSink, alerts.email), (CommandSink, alerts.command)
    return tuple(kind.name for kind, set_ in kinds if set_ is not None)


def encryption_of(email: Email) -> Encryption:
    """How mail goes to its server: in the clear to this machine only."""
    if email.server.port == SUBMISSIONS_PORT:
        return "tls"
    return "none" if is_loopback(email.server.host) else "starttls"


def _mail_words(error: Exception) -> str:
    """What went wrong, without anything that the server said: it may repeat a password."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return f"the server refused {', '.join(sorted(error.recipients))}"
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return "the server refused user and password"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"the server answered {error.smtp_code}"
    if isinstance(error, ssl.SSLError):
        return f"no encrypted connection: {error.reason or 'it ended early'}"
    return next((words for kind, words in _MAIL_WORDS if isinstance(error, kind)), _NO_FORM)


_NO_FORM = "the message has no form that can be mailed"
_MAIL_WORDS: tuple[tuple[type[Exception], str], ...] = (
    (smtplib.SMTPNotSupportedError, "the server offers no encryption, or not what was asked for"),
    (smtplib.SMTPException, "the server ended the conversation"),
    (TimeoutError, "no answer in time"),
    (socket.gaierror, "its name cannot be resolved"),
    (ConnectionRefusedError, "connection refused"),
    (OSError, "the connection failed"),
)
