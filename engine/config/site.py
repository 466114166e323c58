"""The tables about the web process and the trading site: [web] and [site]."""

from __future__ import annotations

import base64
import binascii
import re
from functools import cached_property
from typing import Annotated, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key, load_ssh_public_key
from pydantic import Field, WithJsonSchema, model_validator

from engine.config.reading import Reading, Wrong
from engine.config.secrets import REFERENCE, Secret, never, secret_for
from engine.config.table import Rows, Table
from engine.config.values import (
    Address,
    Amounts,
    Count,
    Listen,
    Name,
    Origin,
    Proxy,
    PublicUrl,
    Text,
    Url,
    is_loopback,
)

STANDARD_SCHEDULE_S = (0, 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
_HMAC_BYTES_MIN = 32
_WILDCARD_HOSTS = frozenset({"0.0.0.0", "::"})  # noqa: S104  # told apart here, not bound
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


def _is_not_public_key(value: str) -> bool:
    return not value.startswith(("-----BEGIN PUBLIC KEY-----", "ssh-ed25519 "))


def _check_handshake_key(value: str, reading: Reading) -> None:
    short = len(value.encode()) < _HMAC_BYTES_MIN
    if short and _is_not_public_key(value) and not reading.sandbox:
        raise Wrong(f"is shorter than {_HMAC_BYTES_MIN} bytes", "openssl rand -hex 32 makes one")


def _check_webhook_secret(value: str, _reading: Reading) -> None:
    try:
        raw = base64.b64decode(value.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not value.startswith("whsec_") or not raw:
        raise Wrong("must be whsec_ and base64", "`cashier webhooks secret` makes one")


def _check_key_hash(value: str, _reading: Reading) -> None:
    if not re.fullmatch(r"[0-9a-f]{64}", value):
        raise Wrong("must be the key's SHA-256 in lower-case hex", "`cashier keys site` prints it")


HandshakeKey = Annotated[
    Secret | None,
    secret_for("web", "check", confidential=_is_not_public_key, check=_check_handshake_key),
    WithJsonSchema(REFERENCE),
]
WebhookSecret = Annotated[
    Secret | None,
    secret_for("engine", "check", check=_check_webhook_secret),
    WithJsonSchema(REFERENCE),
]
KeyHash = Annotated[
    Secret | None,
    secret_for("web", "check", confidential=never, check=_check_key_hash),
    WithJsonSchema(REFERENCE),
]


class Web(Table):
    """[web]: the cashier page and its API."""

    listen: Address = Field(
        default=Listen("127.0.0.1", 8700),
        description="Where the web process listens; port 0 is any free one.",
    )
    public_url: PublicUrl = Field(
        default="", description="How browsers reach it; default: `listen`."
    )
    frame_ancestors: Rows[Origin] = Field(default=(), description="Sites that may embed the page.")
    rate_limit: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        default=120, description="Requests a minute per client and per address; 0 = off."
    )
    trusted_proxies: Rows[Proxy] = Field(
        default=(), description="Proxies whose X-Forwarded-For counts: addresses or networks."
    )

    @property
    def host(self) -> str:
        return self.listen.host

    @property
    def port(self) -> int:
        return self.listen.port

    @property
    def url(self) -> str:
        """`public_url`, or the address that it listens on."""
        return self.public_url or f"http://{self.listen}"

    @cached_property
    def allowed_hosts(self) -> frozenset[str]:
        """Host names, without port, that a Host header may name: the public one, the one listened
        on, and this machine's own names if it is listened on there. Others are DNS rebinding."""
        hosts = {_host_of(self.url)}
        if is_loopback(self.host):
            hosts |= _LOCAL_HOSTS
        elif self.host in _WILDCARD_HOSTS:
            hosts |= _LOCAL_HOSTS if is_loopback(_host_of(self.url)) else set()
        else:
            hosts.add(self.host)
        return frozenset(hosts - _WILDCARD_HOSTS)


class Handshake(Table):
    """`site.handshake`: how the site proves who a client is. The algorithm is fixed here."""

    algorithm: Literal["HS256", "EdDSA"] = Field(
        description="HS256 (shared) or EdDSA (public key)."
    )
    secret: HandshakeKey = Field(
        default=None, description="HS256: the secret shared with the site."
    )
    public_key: HandshakeKey = Field(
        default=None, description="EdDSA: the site's Ed25519 public key, PEM."
    )
    keys: dict[Name, HandshakeKey] = Field(
        default_factory=dict, description="Further keys by the token's `kid`, for rotation."
    )

    @model_validator(mode="after")
    def _one_kind_of_key(self) -> Handshake:
        own, other = (
            ("secret", "public_key") if self.algorithm == "HS256" else ("public_key", "secret")
        )
        if other in self.model_fields_set:
            raise Wrong(f"{other} does not belong to {self.algorithm}", f"give {own} instead")
        if own not in self.model_fields_set and not self.keys:
            raise Wrong(f"{own} is missing", f'such as {own} = "env:CASHIER_SITE_SECRET"')
        if self.algorithm == "EdDSA":
            for key in self.verification_keys.values():
                _check_ed25519(key)
        return self

    @property
    def verification_keys(self) -> dict[str | None, str]:
        """Key texts by `kid`; None is the key of tokens without one. Empty but for role web."""
        single = self.secret or self.public_key
        found: list[tuple[str | None, Secret | None]] = [(None, single), *self.keys.items()]
        return {kid: key.reveal() for kid, key in found if key is not None}


class Webhook(Table):
    """One of `site.webhooks`: where events go."""

    url: Url = Field(description="https:// address that takes the events.")
    secret: WebhookSecret = Field(description="whsec_<base64>, shared with the receiver.")


class ApiKey(Table):
    """One of `site.api_keys`: a key of the site API, known by its hash only."""

    name: Name = Field(description="Who uses the key; unique.")
    hash: KeyHash = Field(description="Lower-case hex SHA-256 of the key.")
    scopes: Annotated[Rows[Literal["read", "transfer"]], Field(min_length=1)] = Field(
        description="What it may do: read, transfer."
    )
    transfer_max: Amounts = Field(
        default_factory=dict, description="Largest transfer by currency; larger ones are held."
    )
    transfer_daily: Amounts = Field(
        default_factory=dict, description="Most in 24 hours by currency; beyond it they are held."
    )


class Site(Table):
    """[site]: the trading site that this cashier serves."""

    name: Text = Field(default="Cashier", description="Shown to clients.")
    accounts: Literal["cashier", "site"] = Field(
        default="cashier", description="Who holds the clients' balances: cashier or site."
    )
    origins: Rows[Origin] | None = Field(
        default=None,
        description="Sites that may lead clients to the page; absent on a sandbox: any.",
    )
    handshake: Handshake = Field(description="How the site proves who a client is.")
    webhooks: Rows[Webhook] = Field(default=(), description="Receivers of events.")
    webhook_schedule: Annotated[
        Rows[Annotated[int, Field(ge=0, le=31_536_000)]], Field(min_length=1, max_length=50)
    ] = Field(default=STANDARD_SCHEDULE_S, description="Seconds between the tries of a delivery.")
    api_keys: Rows[ApiKey] = Field(default=(), description="Keys of the site API.")
    credit_limit: Amounts = Field(
        default_factory=dict, description="The most that the site may owe us, by currency."
    )
    authorize_url: Url | None = Field(
        default=None, description='accounts = "site": asked before a withdrawal is debited.'
    )
    authorize_secret: WebhookSecret = Field(
        default=None, description="whsec_<base64> that signs the questions to authorize_url."
    )
    authorize_timeout: Count = Field(default=10, description="Seconds to wait for its answer.")

    @model_validator(mode="after")
    def _whole(self) -> Site:
        if self.accounts == "site" and not (self.authorize_url and self._has("authorize_secret")):
            raise Wrong(
                'accounts = "site" needs authorize_url and authorize_secret',
                "give both, or keep the balances in the cashier",
            )
        for what, given in (
            ("api_keys name", [key.name for key in self.api_keys]),
            ("webhooks url", [hook.url for hook in self.webhooks]),
        ):
            twice = {item for item in given if given.count(item) > 1}
            if twice:
                raise Wrong(f"{what} {min(twice)!r} stands there twice", "keep one of them")
        return self

    def _has(self, key: str) -> bool:
        return key in self.model_fields_set


def _check_ed25519(text: str) -> None:
    load = load_ssh_public_key if text.startswith("ssh-") else load_pem_public_key
    try:
        key = load(text.encode())
    except (ValueError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise Wrong("is not an Ed25519 public key", "openssl pkey -in key.pem -pubout prints it")


def _host_of(url: str) -> str:
    host = url.partition("://")[2].partition("/")[0]
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    return name.strip("[]")
