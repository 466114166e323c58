"""Secrets: read by the role that needs them, never shown, and never literal where money is real."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from engine.config import ROLES
from tests.engine.test_config import ENVIRON, Load, load, on_main, problems
from tests.engine.toml_text import LTC_NODE, SITE_SECRET, minimal

__all__ = ["load"]  # the fixture of this folder's other tests of the configuration


def pem() -> str:
    key = Ed25519PrivateKey.generate().public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def test_each_role_gets_its_own_secrets_only(load: Load) -> None:
    document = minimal(node="env:NODE")
    document["site"]["handshake"]["secret"] = "env:SECRET"
    engine = load(document, role="engine", environ={"NODE": LTC_NODE})
    web = load(document, role="web", environ={"SECRET": "s"})
    console = load(document, role="console", environ={})
    node = engine.currencies["LTC"].node
    assert node is not None
    assert node.reveal() == LTC_NODE
    assert engine.site.handshake.verification_keys == {}
    assert web.currencies["LTC"].node is None
    assert web.site.handshake.verification_keys == {None: "s"}
    assert console.currencies["LTC"].node is None
    assert console.site.handshake.secret is None


def test_a_role_can_be_started_with_the_variables_that_it_names(load: Load) -> None:
    document = minimal(node="env:NODE", witness="env:WITNESS", keys={"passphrase": "env:PASS"})
    document["site"] |= {
        "handshake": {"algorithm": "HS256", "secret": "env:SECRET", "keys": {"b": "env:NEXT"}},
        "webhooks": [{"url": "http://127.0.0.1/", "secret": "env:HOOK"}],
    }
    document["cashier"] = {"database": "env:BOOKS"}
    everything = {
        "BOOKS": "sqlite:///x.db",
        "NODE": LTC_NODE,
        "WITNESS": LTC_NODE,
        "PASS": "p",
        "SECRET": "s",
        "NEXT": "n",
        "HOOK": "whsec_c2VjcmV0",
    }
    config = load(document, role="check", environ=everything)
    assert config.environment("web") == {"BOOKS", "SECRET", "NEXT"}
    assert config.environment("engine") == {"BOOKS", "NODE", "WITNESS", "PASS", "HOOK"}
    assert config.environment("console") == {"BOOKS"}
    assert config.environment("check") == set(everything)
    for role in ROLES:
        enough = {name: everything[name] for name in config.environment(role)}
        assert load(document, role=role, environ=enough).environment("web") == {
            "BOOKS",
            "SECRET",
            "NEXT",
        }


def test_a_secret_never_shows_itself(load: Load) -> None:
    config = load(minimal(), role="check")
    shown = repr(config) + str(config.currencies["LTC"].node) + str(config.site.handshake)
    assert "password" not in shown
    assert SITE_SECRET not in shown


def test_a_refused_secret_is_not_repeated(load: Load) -> None:
    found = problems(load, minimal(node="ftp://user:hunter2@host"), role="check")
    assert "hunter2" not in found["currency.LTC.node"]


@pytest.mark.parametrize("environ", [{}, {"NODE": ""}, {"NODE": " \n"}])
def test_a_missing_or_empty_variable_is_a_problem(load: Load, environ: dict[str, str]) -> None:
    found = problems(load, minimal(node="env:NODE"), environ=environ)
    assert "NODE" in found["currency.LTC.node"]


def test_a_file_is_relative_to_the_configuration(load: Load, tmp_path: Path) -> None:
    (tmp_path / "node").write_text(f"{LTC_NODE}\n")
    node = load(minimal(node="file:node")).currencies["LTC"].node
    assert node is not None
    assert node.reveal() == LTC_NODE


def test_a_file_that_cannot_be_a_secret_is_a_problem(load: Load, tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (tmp_path / "huge").write_text("x" * 70_000)
    for name in ("absent", "empty", "binary", "huge", ".", ""):
        assert "currency.LTC.node" in problems(load, minimal(node=f"file:{name}"))


def test_a_literal_secret_is_refused_outside_of_sandboxes(load: Load) -> None:
    document = on_main()
    document["currency"]["LTC"]["node"] = LTC_NODE
    document["site"]["handshake"]["secret"] = SITE_SECRET
    document["cashier"] = {"database": "postgresql://user:password@host/name"}
    for role in ROLES:
        assert set(problems(load, document, role=role)) == {
            "cashier.database",
            "currency.LTC.node",
            "site.handshake.secret",
        }


def test_an_address_without_a_password_is_no_secret(load: Load) -> None:
    document = on_main()
    document["currency"]["LTC"]["node"] = "http://127.0.0.1:9332/wallet/cashier"
    document["cashier"] = {"database": "postgresql://user@host/name"}
    assert load(document).database == "postgresql://user@host/name"


def test_one_real_network_makes_every_literal_a_problem(load: Load) -> None:
    document = on_main()
    document["currency"]["BTC"] = {"network": "regtest", "node": LTC_NODE}
    assert set(problems(load, document)) == {"currency.BTC.node"}


def test_a_short_shared_secret_is_refused_where_money_is_real(load: Load) -> None:
    found = problems(load, on_main(), role="web", environ=ENVIRON | {"SECRET": "s" * 31})
    assert set(found) == {"site.handshake.secret"}


@pytest.mark.parametrize(
    "handshake",
    [
        {"algorithm": "HS256"},
        {"algorithm": "none", "secret": SITE_SECRET},
        {"algorithm": "HS256", "public_key": "x"},
        {"algorithm": "EdDSA", "secret": SITE_SECRET},
        {"algorithm": "EdDSA", "public_key": "not a key"},
    ],
)
def test_a_handshake_that_proves_nothing_is_refused(load: Load, handshake: dict[str, str]) -> None:
    document = minimal()
    document["site"]["handshake"] = handshake
    (key,) = problems(load, document, role="web")
    assert key.startswith("site.handshake")


def test_a_public_key_may_stand_in_the_file(load: Load) -> None:
    document = on_main()
    single, rotated = pem(), pem()
    document["site"]["handshake"] = {
        "algorithm": "EdDSA",
        "public_key": single,
        "keys": {"b": rotated},
    }
    keys = load(document, role="web").site.handshake.verification_keys
    assert keys == {None: single, "b": rotated}


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://trading.example/hook", True),
        ("http://trading.example/hook", False),
        ("https://127.0.0.1/", False),
        ("https://169.254.169.254/", False),
        ("https://[::1]/", False),
        ("https://user:password@trading.example/", False),
    ],
)
def test_webhooks_leave_only_for_the_public_net(load: Load, url: str, *, good: bool) -> None:
    document = on_main()
    document["site"]["webhooks"] = [{"url": url, "secret": "env:HOOK"}]
    environ = ENVIRON | {"HOOK": "whsec_c2VjcmV0"}
    if good:
        assert load(document, environ=environ).site.webhooks[0].url == url
    else:
        assert set(problems(load, document, environ=environ)) == {"site.webhooks[0].url"}


@pytest.mark.parametrize("secret", ["secret", "whsec_", "whsec_***"])
def test_a_webhook_secret_has_its_standard_form(load: Load, secret: str) -> None:
    document = minimal()
    document["site"]["webhooks"] = [{"url": "http://127.0.0.1/", "secret": secret}]
    assert set(problems(load, document)) == {"site.webhooks[0].secret"}


def test_api_keys_are_known_by_their_hash(load: Load) -> None:
    document = on_main()
    key = {"name": "desk", "hash": "ab" * 32, "scopes": ["read"]}
    document["site"]["api_keys"] = [key]
    (found,) = load(document, role="web").site.api_keys
    assert found.hash is not None
    assert found.hash.reveal() == "ab" * 32
    document["site"]["api_keys"] = [key | {"hash": "AB" * 32}]
    assert set(problems(load, document, role="web")) == {"site.api_keys[0].hash"}
    document["site"]["api_keys"] = [key, key]
    assert set(problems(load, document, role="web")) == {"site"}


def test_what_belongs_together_among_the_alerts_is_given_together(load: Load) -> None:
    secret = "whsec_c2VjcmV0"
    mail = {"server": "mail.example:25", "sender": "a@b.example", "to": ["c@d.example"]}
    document = minimal()
    document["alerts"] = {"webhook_secret": secret, "email": {**mail, "user": "a"}}
    assert set(problems(load, document)) >= {"alerts.email"}
    document["alerts"] = {"webhook_secret": secret}
    assert set(problems(load, document)) == {"alerts"}
    document["alerts"] = {"webhook": "http://127.0.0.1/", "webhook_secret": secret}
    alerts = load(document).alerts
    assert alerts.webhook_secret is not None
    assert alerts.webhook_secret.reveal() == secret
    assert load(document, role="web").alerts.webhook_secret is None


@pytest.mark.parametrize("key", ["ed25519:AAAA", "AAAA", "", 7])
def test_a_former_audit_key_is_a_public_key(load: Load, key: object) -> None:
    document = minimal()
    document["audit"] = {"former_keys": [key]}
    assert set(problems(load, document)) == {"audit.former_keys[0]"}
