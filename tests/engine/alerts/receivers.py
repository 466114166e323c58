"""Receivers of alerts that are real: an HTTP server, a mail server with TLS, a certificate for this
machine. Each does as its `mode` says, and keeps what it was given."""

from __future__ import annotations

import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HANGS_S = 30  # how long one that hangs does so, unless it is released


@dataclass
class Taken:
    """What a receiver got: bodies, and for HTTP the headers beside each."""

    mode: str = "200"
    bodies: list[bytes] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    talk: list[str] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook?a=1"


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    taken: Taken
    context: ssl.SSLContext | None

    def finish_request(self, request: Any, client_address: Any) -> None:
        if self.context is None:
            super().finish_request(request, client_address)
            return
        with suppress(ssl.SSLError), self.context.wrap_socket(request, server_side=True) as safe:
            super().finish_request(safe, client_address)


class _Post(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, _Http)
        taken = self.server.taken
        taken.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        taken.headers.append({name.lower(): value for name, value in self.headers.items()})
        taken.talk.append(self.path)
        self.close_connection = True
        if taken.mode == "hang":
            taken.release.wait(HANGS_S)
        elif taken.mode == "garbage":
            self.wfile.write(b"\x00\xff no HTTP at all\r\n\r\n")
        elif taken.mode == "endless":
            self._drip(taken)
        elif taken.mode != "drop":
            self.send_response(int(taken.mode))
            self.send_header("Location", "http://127.0.0.1:1/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

    def _drip(self, taken: Taken) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        with suppress(OSError):
            while not taken.release.wait(0.05):
                self.wfile.write(b"x")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def http_receiver(mode: str = "200", *, certificate: Path | None = None) -> Iterator[Taken]:
    """`mode`: a status to answer with, `hang`, `drop`, `garbage` or `endless` (a head that never
    ends). With a certificate it speaks TLS only."""
    server = _Http(("127.0.0.1", 0), _Post)
    server.taken, server.context = Taken(mode), _context(certificate)
    yield from _serving(server, server.taken)


class _Mail(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    taken: Taken
    context: ssl.SSLContext | None


class _Conversation(socketserver.StreamRequestHandler):
    """The little SMTP that a client needs."""

    def handle(self) -> None:
        assert isinstance(self.server, _Mail)
        self.taken, self.context, self.over = self.server.taken, self.server.context, False
        try:
            self._converse()
        except OSError as error:
            self.taken.talk.append(type(error).__name__)
        finally:
            if isinstance(self.request, ssl.SSLSocket):
                self.rfile.close()
                self.request.close()

    def _say(self, *lines: str) -> None:
        for line in lines:
            self.request.sendall(f"{line}\r\n".encode())

    def _converse(self) -> None:
        if self.taken.mode == "garbage":
            self._say("\x00 I am no mail server")
            return
        self._say("220 here")
        while not self.over and (line := self.rfile.readline().decode().strip()):
            verb = line.upper().split()[0]
            self.taken.talk.append(verb)
            getattr(self, f"_{verb.lower()}", self._agree)(line)

    def _agree(self, _line: str) -> None:
        self._say("250 yes")

    def _ehlo(self, _line: str) -> None:
        plain = self.context is not None and not isinstance(self.request, ssl.SSLSocket)
        self._say("250-here", "250-STARTTLS" if plain else "250-AUTH PLAIN", "250 8BITMIME")

    def _starttls(self, _line: str) -> None:
        assert self.context is not None
        self._say("220 go on")
        self.request = self.context.wrap_socket(self.request, server_side=True)
        self.rfile = self.request.makefile("rb")

    def _auth(self, line: str) -> None:
        self.taken.talk.append(line)
        self._say("535 no" if self.taken.mode == "login" else "235 yes")

    def _rcpt(self, _line: str) -> None:
        refused = self.taken.mode == "refuse"
        self._say("550 nobody of that name; your password is hunter2" if refused else "250 yes")

    def _data(self, _line: str) -> None:
        self._say("354 go on")
        self.taken.bodies.append(_letter(self.rfile))
        self.over = self.taken.mode == "drop"
        if not self.over:
            self._say("451 later" if self.taken.mode == "busy" else "250 taken")

    def _quit(self, _line: str) -> None:
        self.over = True
        self._say("221 bye")


@contextmanager
def mail_receiver(mode: str = "good", *, certificate: Path | None = None) -> Iterator[Taken]:
    """`mode`: `good`, `refuse` (recipients), `login` (refuses it), `busy` (451 after DATA), `drop`
    (ends after DATA), `garbage` (no SMTP). With a certificate it offers STARTTLS."""
    server = _Mail(("127.0.0.1", 0), _Conversation)
    server.taken, server.context = Taken(mode), _context(certificate)
    yield from _serving(server, server.taken)


def _context(certificate: Path | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


def _serving(server: socketserver.TCPServer, taken: Taken) -> Iterator[Taken]:
    taken.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield taken
    finally:
        taken.release.set()
        server.shutdown()
        thread.join()
        server.server_close()


def _letter(stream: Any) -> bytes:
    lines = []
    while (line := stream.readline()) not in {b".\r\n", b""}:
        lines.append(line)
    return b"".join(lines)


def make_certificate(path: Path, *, name: str = "localhost") -> Path:
    """A self-signed certificate with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName(name), x509.IPAddress(ip_address("127.0.0.1"))]
            ),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
