"""Handshake tokens: what is believed, what is refused, and that each works once."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from db.models import UsedToken
from engine.config import Config, load_config
from engine.errors import CurrencyUnknown, TokenRejected
from engine.handshake import check_token, make_token, use_token

NOW = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
NOW_S = int(NOW.timestamp())
SECRET = "the site's secret, which is long enough for HS256"
OTHER_SECRET = "another secret, which is long enough for HS256 too"

TOML = """
[site]
handshake = {handshake}
[currency.LTC]
network = "regtest"
node = "http://user:password@127.0.0.1:1/"
"""

Load = Callable[[str], Config]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def loaded(handshake: str) -> Config:
        path = tmp_path / "cashier.toml"
        path.write_text(TOML.format(handshake=handshake))
        return load_config(path, role="web")

    return loaded


@pytest.fixture
def config(load: Load) -> Config:
    return load(f'{{ algorithm = "HS256", secret = "{SECRET}" }}')


def claims(**changes: Any) -> dict[str, Any]:
    """The claims of a good token; None takes one away."""
    whole = {
        "sub": "CR1042",
        "aud": "cashier",
        "iat": NOW_S,
        "exp": NOW_S + 60,
        "jti": "one",
        "action": "both",
        **changes,
    }
    return {name: value for name, value in whole.items() if value is not None}


def signed(content: dict[str, Any], secret: str = SECRET, **headers: Any) -> str:
    return jwt.encode(content, secret, algorithm="HS256", headers=headers)


def code_of(config: Config, token: object, now: datetime = NOW) -> str:
    with pytest.raises(TokenRejected) as caught:
        check_token(config, token, now=now)
    assert SECRET not in str(caught.value)
    return caught.value.code


def raw(header: object, content: object, signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(content).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def test_a_good_token_grants_what_it_says(config: Config) -> None:
    grant = check_token(config, signed(claims(currency="LTC")), now=NOW)
    assert (grant.client, grant.action, grant.currency) == ("CR1042", "both", "LTC")
    assert grant.expires_at == NOW + timedelta(seconds=60)


def test_what_we_make_we_take(config: Config) -> None:
    token = make_token(
        config, client="CR1042", action="deposit", currency="LTC", ttl_s=300, now=NOW
    )
    assert check_token(config, token, now=NOW).action == "deposit"


@pytest.mark.parametrize("audience", ["cashier", ["cashier"], ["other", "cashier"]])
def test_an_audience_is_a_text_or_a_list(config: Config, audience: object) -> None:
    assert check_token(config, signed(claims(aud=audience)), now=NOW).client == "CR1042"


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": None},
        {"aud": "elsewhere"},
        {"aud": []},
        {"aud": {"cashier": 1}},
        {"sub": None},
        {"sub": ""},
        {"sub": "-starts-wrong"},
        {"sub": "<script>alert(1)</script>"},
        {"sub": "a b"},
        {"sub": "x" * 65},
        {"sub": "CR1042\n"},
        {"sub": "\uff23\uff32\uff11"},
        {"sub": 1042},
        {"sub": ["CR1042"]},
        {"iat": None},
        {"iat": "now"},
        {"iat": True},
        {"iat": NOW_S + 31},
        {"iat": -1},
        {"nbf": NOW_S + 31},
        {"nbf": "later"},
        {"exp": None},
        {"exp": NOW_S + 301},
        {"exp": NOW_S},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"exp": 10**400},
        {"jti": None},
        {"jti": ""},
        {"jti": "x" * 129},
        {"jti": "with space"},
        {"jti": 7},
        {"action": None},
        {"action": "everything"},
        {"action": ["both"]},
        {"currency": "XYZ"},
        {"currency": 5},
        {"currency": ["LTC"]},
    ],
)
def test_a_claim_of_the_wrong_form_is_refused(config: Config, changes: dict[str, Any]) -> None:
    assert code_of(config, signed(claims(**changes))) == "token_invalid"


def test_thirty_seconds_of_another_clock_are_forgiven(config: Config) -> None:
    early = signed(claims(iat=NOW_S + 30, exp=NOW_S + 90))
    assert check_token(config, early, now=NOW).client == "CR1042"
    late = signed(claims(iat=NOW_S - 89, exp=NOW_S - 29))
    assert check_token(config, late, now=NOW).client == "CR1042"


def test_a_token_past_its_time_is_expired(config: Config) -> None:
    assert code_of(config, signed(claims(iat=NOW_S - 90, exp=NOW_S - 30))) == "token_expired"
    assert code_of(config, signed(claims(iat=0, exp=300))) == "token_expired"


def test_the_algorithm_is_ours_to_choose(config: Config) -> None:
    """None, another HMAC, and public keys used as secrets."""
    rsa = generate_private_key(public_exponent=65537, key_size=2048)
    tokens = [
        raw({"alg": "none", "typ": "JWT"}, claims()),
        raw({"alg": "None"}, claims(), b"x"),
        jwt.encode(claims(), SECRET + SECRET, algorithm="HS512"),
        jwt.encode(claims(), rsa, algorithm="RS256"),
        jwt.encode(claims(), Ed25519PrivateKey.generate(), algorithm="EdDSA"),
    ]
    assert {code_of(config, token) for token in tokens} == {"token_invalid"}


def test_a_forged_or_changed_token_is_refused(config: Config) -> None:
    good = signed(claims())
    head, body, signature = good.split(".")
    other = raw({}, claims(sub="CR9")).split(".")[1]
    for token in (
        signed(claims(), OTHER_SECRET),
        f"{head}.{other}.{signature}",
        f"{head}.{body}.",
        f"{head}.{body}",
        f"{good}.{signature}",
        f"{head}.{body}.{signature[:-2]}",
    ):
        assert code_of(config, token) == "token_invalid"


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "HS256", "kid": 5},
        {"alg": "HS256", "kid": ["a"]},
        {"alg": "HS256", "crit": ["exp"]},
        {"alg": "HS256", "b64": False},
        {"alg": None},
        {},
        [],
        "text",
        None,
    ],
)
def test_odd_headers_are_refused(config: Config, header: object) -> None:
    assert code_of(config, raw(header, claims(), b"signature")) == "token_invalid"


@pytest.mark.parametrize(
    "token",
    [None, 5, b"bytes", "", ".", "..", "a.b.c", "á.b.c", "a.b.c" * 2000, "[" * 3000 + ".a.b"],
)
def test_what_is_no_token_is_refused(config: Config, token: object) -> None:
    assert code_of(config, token) == "token_invalid"


@given(token=st.one_of(st.text(max_size=200), st.from_regex(r"\A[\w-]+\.[\w-]+\.[\w-]+\Z")))
def test_any_text_is_refused_and_nothing_else_happens(token: str) -> None:
    code = code_of(_FIXED, token)
    assert code == "token_invalid"


def test_a_token_nested_deeply_is_refused(config: Config) -> None:
    deep = base64.urlsafe_b64encode(b"[" * 1400).rstrip(b"=").decode()
    assert code_of(config, f"{deep}.{deep[:900]}.x") == "token_invalid"


def test_keys_are_told_apart_by_their_name(load: Load) -> None:
    config = load(
        f'{{ algorithm = "HS256", secret = "{SECRET}", keys = {{ next = "{OTHER_SECRET}" }} }}'
    )
    assert check_token(config, signed(claims()), now=NOW).client == "CR1042"
    assert (
        check_token(config, signed(claims(), OTHER_SECRET, kid="next"), now=NOW).client == "CR1042"
    )
    assert code_of(config, signed(claims(), OTHER_SECRET)) == "token_invalid"
    assert code_of(config, signed(claims(), SECRET, kid="next")) == "token_invalid"
    assert code_of(config, signed(claims(), SECRET, kid="unknown")) == "token_invalid"


def test_a_public_key_proves_but_cannot_make(load: Load) -> None:
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    config = load(f'{{ algorithm = "EdDSA", public_key = """{public.decode()}""" }}')

    assert (
        check_token(config, jwt.encode(claims(), private, algorithm="EdDSA"), now=NOW).client
        == "CR1042"
    )
    assert code_of(config, signed(claims())) == "token_invalid"
    with pytest.raises(TokenRejected):
        make_token(config, client="CR1", action="both", currency=None, ttl_s=60, now=NOW)


@pytest.mark.parametrize(
    "changes", [{"client": "a b"}, {"action": "all"}, {"ttl_s": 301}, {"ttl_s": 0}]
)
def test_no_token_is_made_that_would_not_be_taken(config: Config, changes: dict[str, Any]) -> None:
    wanted: dict[str, Any] = {"client": "CR1", "action": "both", "ttl_s": 60, **changes}
    with pytest.raises(TokenRejected):
        make_token(config, currency=None, now=NOW, **wanted)


def test_no_token_is_made_for_an_unknown_currency(config: Config) -> None:
    with pytest.raises(CurrencyUnknown):
        make_token(config, client="CR1", action="both", currency="XYZ", ttl_s=60, now=NOW)


@pytest.mark.usefixtures("database")
def test_a_token_works_once(config: Config) -> None:
    grant = check_token(config, signed(claims()), now=NOW)
    use_token(grant, now=NOW)
    with pytest.raises(TokenRejected) as caught:
        use_token(grant, now=NOW)
    assert caught.value.code == "token_replayed"


@pytest.mark.usefixtures("database")
def test_a_used_token_is_remembered_beyond_its_life_and_not_for_ever(config: Config) -> None:
    use_token(check_token(config, signed(claims()), now=NOW), now=NOW)
    use_token(check_token(config, signed(claims(jti="two")), now=NOW), now=NOW + timedelta(days=1))
    assert UsedToken.select().count() == 2
    use_token(check_token(config, signed(claims(jti="3")), now=NOW), now=NOW + timedelta(days=3))
    assert {row.jti for row in UsedToken.select()} == {"3"}


def _fixed_config() -> Config:
    """One configuration for all examples of a property test."""
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        path = Path(folder) / "cashier.toml"
        path.write_text(TOML.format(handshake=f'{{ algorithm = "HS256", secret = "{SECRET}" }}'))
        return load_config(path, role="web")


_FIXED = _fixed_config()
