"""A launch URL holds a token that the page accepts."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from engine.clock import utc_now
from engine.handshake import check_token
from tests.commands.desk import Desk


def test_the_page_accepts_the_token(new_desk: Desk) -> None:
    words = ("--client", "CR1042", "--action", "both", "--currency", "LTC", "--ttl", "60")
    result = new_desk.type("handshake", *words)
    assert result.exit_code == 0
    url = urlsplit(result.stdout.strip())
    assert f"{url.scheme}://{url.netloc}{url.path}" == "http://127.0.0.1:8700/cashier"
    grant = check_token(new_desk.config("web"), parse_qs(url.query)["token"][0], now=utc_now())
    assert (grant.client, grant.action, grant.currency) == ("CR1042", "both", "LTC")
    assert (grant.expires_at - utc_now()).total_seconds() <= 60


def test_every_url_is_for_one_use(new_desk: Desk) -> None:
    urls = {new_desk.type("handshake", "--client", "ann").stdout for _ in range(3)}
    assert len(urls) == 3


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--client", ""),
        ("--client", "<script>"),
        ("--client", "a" * 65),
        ("--client", "ann", "--action", "nix"),
        ("--client", "ann", "--ttl", "301"),
        ("--client", "ann", "--ttl", "0"),
        ("--client", "ann", "--ttl", "x"),
        ("--client", "ann", "--currency", "XXX"),
    ],
)
def test_a_token_that_no_site_could_make_is_not_made(
    new_desk: Desk, words: tuple[str, ...]
) -> None:
    result = new_desk.type("handshake", *words)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1


def test_only_the_site_can_sign_with_its_own_key(new_desk: Desk) -> None:
    public = Ed25519PrivateKey.generate().public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    new_desk.write(tables={"site": {"handshake": {"algorithm": "EdDSA", "public_key": pem}}})
    result = new_desk.type("handshake", "--client", "ann")
    assert result.exit_code == 2
    assert "only the site can sign it" in result.stderr
