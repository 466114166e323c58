"""The small tables: [cashier], [audit], [risk], [alerts] and [[rule]]."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, PlainValidator, ValidationInfo, WithJsonSchema, model_validator

from engine.config.reading import Reading, Wrong, reading_of
from engine.config.secrets import REFERENCE, Secret, path_of, secret_for
from engine.config.site import WebhookSecret
from engine.config.table import Rows, Table
from engine.config.values import (
    Amount,
    Command,
    Count,
    Listen,
    Name,
    Seconds,
    Text,
    Url,
    parse_listen,
    split_url,
)

Symbol = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9]{0,15}$")]


def holds_password(url: str) -> bool:
    """Whether a URL holds a password, or cannot be read well enough to tell."""
    try:
        return split_url(url, "http", "https", "postgresql", "postgres").password is not None
    except Wrong:
        return not url.startswith("sqlite:")


def _check_database(value: str, _reading: Reading) -> None:
    cure = 'such as "sqlite:///var/cashier.db" or "postgresql://user@host/name"'
    if value.startswith("sqlite:///") and value[10:].strip("/") and "\0" not in value:
        return
    if not value.startswith(("postgresql://", "postgres://")):
        raise Wrong("must be a sqlite:/// or postgresql:// address", cure)
    if not split_url(value, "postgresql", "postgres").path.strip("/"):
        raise Wrong("names no database", cure)


DatabaseUrl = Annotated[
    Secret | None,
    secret_for(
        "engine", "web", "console", "check", confidential=holds_password, check=_check_database
    ),
    WithJsonSchema(REFERENCE),
]


class House(Table):
    """[cashier]: what the whole installation shares."""

    database: DatabaseUrl = Field(
        default=Secret("sqlite:///var/cashier.db", source="default"),
        description="sqlite:///PATH, relative to this file, or postgresql://…; also env: or file:.",
    )


class Publish(NamedTuple):
    """Where the heads of seals go: `webhook`, `file` PATH or `command` LINE."""

    kind: Literal["webhook", "file", "command"]
    target: str


def _publish(value: Any, info: ValidationInfo) -> Publish:
    kind, _, target = value.partition(":") if isinstance(value, str) else ("", "", "")
    if kind == "webhook" and not target:
        return Publish("webhook", "")
    if kind == "file" and target:
        return Publish("file", str(path_of(target, reading_of(info))))
    if kind == "command" and target.strip() and "\0" not in target:
        return Publish("command", target)
    raise Wrong("must be webhook, file:PATH or command:LINE", 'such as "file:var/seals.jsonl"')


def _key_file(value: Any, info: ValidationInfo) -> Path:
    if not isinstance(value, str) or not value.startswith("file:"):
        raise Wrong("must be file:PATH", 'such as "file:var/cashier.audit-key"')
    return path_of(value.removeprefix("file:"), reading_of(info))


def _public_key(value: Any) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"ed25519:[A-Za-z0-9+/]{43}=", value):
        raise Wrong("must be a public key", '"ed25519:…", as `cashier keys audit` prints it')
    return value


class Audit(Table):
    """[audit]: seals over all history."""

    key: Annotated[Path, PlainValidator(_key_file), WithJsonSchema(REFERENCE)] | None = Field(
        default=None,
        description="Ed25519 key of the seals; made by `migrate` next to the database.",
    )
    former_keys: Rows[
        Annotated[str, PlainValidator(_public_key), WithJsonSchema({"type": "string"})]
    ] = Field(
        default=(), description="Public keys of earlier audit keys, whose seals are still ours."
    )
    publish: Rows[
        Annotated[Publish, PlainValidator(_publish), WithJsonSchema({"type": "string"})]
    ] = Field(
        default=(), description="Where seal heads go, hourly: webhook, file:PATH, command:LINE."
    )


class Risk(Table):
    """[risk]: asked about deposits and withdrawals. No answer in time means held, never go."""

    python: str | None = Field(default=None, description='A Python function, "module:function".')
    url: Url | None = Field(default=None, description="... or an HTTP address that answers a POST.")
    timeout: Seconds = Field(default=5, description="Seconds to wait for the answer.")

    @model_validator(mode="after")
    def _one_hook(self) -> Risk:
        if (self.python is None) == (self.url is None):
            raise Wrong("needs one of python and url", 'such as python = "risk:decide"')
        if self.python is not None and not re.fullmatch(
            r"[A-Za-z_][\w.]*:[A-Za-z_]\w*", self.python
        ):
            raise Wrong("python must be module:function", 'such as python = "risk:decide"')
        return self


class Email(Table):
    """`alerts.email`: staff are told by mail."""

    server: Annotated[Listen, PlainValidator(parse_listen), WithJsonSchema({"type": "string"})] = (
        Field(description="SMTP server, HOST:PORT.")
    )
    sender: Text = Field(description="From address.")
    to: Annotated[Rows[Text], Field(min_length=1)] = Field(description="Who is told.")
    user: Text | None = Field(default=None, description="SMTP user.")
    password: Annotated[Secret | None, secret_for("engine", "check"), WithJsonSchema(REFERENCE)] = (
        Field(default=None, description="SMTP password.")
    )

    @model_validator(mode="after")
    def _user_and_password(self) -> Email:
        if ("user" in self.model_fields_set) != ("password" in self.model_fields_set):
            raise Wrong("needs both user and password, or neither", 'password = "env:NAME"')
        return self


class Alerts(Table):
    """[alerts]: where "staff told" goes."""

    webhook: Url | None = Field(
        default=None, description="Address that takes a POST for each alert."
    )
    webhook_secret: WebhookSecret = Field(
        default=None, description="whsec_<base64> that signs what goes to the webhook."
    )
    command: Command | None = Field(
        default=None, description="Program that is given the alert on stdin."
    )
    email: Email | None = Field(default=None, description="SMTP server and recipients.")

    @model_validator(mode="after")
    def _secret_of_a_webhook(self) -> Alerts:
        if self.webhook is None and "webhook_secret" in self.model_fields_set:
            raise Wrong("has a webhook_secret but no webhook", 'add webhook = "https://…"')
        return self


_OF_PAYOUTS = frozenset(
    {
        "new_address",
        "approvals_required",
        *(
            f"{prefix}{span}"
            for prefix in ("", "total_")
            for span in ("hourly", "daily", "monthly")
        ),
        "count_hourly",
        "count_daily",
    }
)


class Rule(Table):
    """[[rule]]: the first one whose every condition holds decides. Amounts need `currency`."""

    name: Name = Field(description="Shown with what it decided; unique.")
    kind: Literal["deposit", "withdrawal", "site_transfer"] = Field(
        description="deposit, withdrawal or site_transfer."
    )
    then: Literal["allow", "hold", "refuse"] = Field(description="allow, hold or refuse.")
    reason: Text | None = Field(default=None, description="Why, as staff and the client read it.")
    currency: Symbol | None = Field(
        default=None, description="Only this currency; absent = every one."
    )
    clients: Rows[Text] | None = Field(default=None, description="Only these clients.")
    above: Amount | None = Field(default=None, description="Amounts larger than this.")
    new_address: bool | None = Field(
        default=None, description="The client never paid this address before."
    )
    hourly: Amount | None = Field(
        default=None, description="The client's sum of an hour passes this."
    )
    daily: Amount | None = Field(default=None, description="... of 24 hours.")
    monthly: Amount | None = Field(default=None, description="... of 30 days.")
    total_hourly: Amount | None = Field(
        default=None, description="All clients' sum of an hour passes this."
    )
    total_daily: Amount | None = Field(default=None, description="... of 24 hours.")
    total_monthly: Amount | None = Field(default=None, description="... of 30 days.")
    count_hourly: Count | None = Field(
        default=None, description="More payments of the client in an hour."
    )
    count_daily: Count | None = Field(default=None, description="... in 24 hours.")
    approvals_required: Annotated[int, Field(ge=1, le=9)] | None = Field(
        default=None, description="hold: persons who must approve."
    )

    @model_validator(mode="before")
    @classmethod
    def _amounts_in(cls, value: Any, info: ValidationInfo) -> Any:
        reading = reading_of(info)
        symbol = value.get("currency") if isinstance(value, dict) else None
        reading.current = reading.decimals.get(symbol) if isinstance(symbol, str) else None
        return value

    @model_validator(mode="after")
    def _amounts_need_a_currency(self) -> Rule:
        amounts = (self.above, self.hourly, self.daily, self.monthly, self.total_hourly)
        more = (self.total_daily, self.total_monthly)
        if self.currency is None and any(amount is not None for amount in amounts + more):
            raise Wrong("has an amount but no currency", 'add currency = "LTC"')
        return self

    @model_validator(mode="after")
    def _arrivals_are_there(self) -> Rule:
        """A coin that arrives is there, however many came before: only its own facts count."""
        foreign = sorted(self.model_fields_set & _OF_PAYOUTS) if self.kind == "deposit" else []
        if foreign:
            raise Wrong(f"a deposit has no {foreign[0]}", "use clients and above")
        return self
