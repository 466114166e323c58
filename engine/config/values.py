"""The kinds of values that cashier.toml holds, each read from its one form into its final type."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Annotated, Any
from urllib.parse import SplitResult, urlsplit

from pydantic import Field, PlainValidator, StringConstraints, ValidationInfo, WithJsonSchema

from engine.config.reading import Wrong, reading_of
from engine.errors import AmountError
from engine.money import parse_amount

DECIMALS_MAX = 36
_PPM_DECIMALS = 6
_DURATION = re.compile(r"([1-9][0-9]{0,5})([smhdw])", re.ASCII)
_DURATION_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_DURATION_MAX = timedelta(days=3660)
_ORIGIN = re.compile(
    r"https?://(\*\.)?[a-z0-9.-]+(:[0-9]{1,5})?|https?://\[[0-9a-f:]+\](:[0-9]{1,5})?"
)

Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$")]
Count = Annotated[int, Field(ge=1, le=1_000_000)]
Decimals = Annotated[int, Field(ge=0, le=DECIMALS_MAX)]


@dataclass(frozen=True, slots=True)
class Listen:
    """Where the web process listens; port 0 is any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def parse_listen(value: Any) -> Listen:
    """`HOST:PORT` or `[IPV6]:PORT`. Raises Wrong."""
    cure = 'such as "127.0.0.1:8700"'
    if not isinstance(value, str):
        raise Wrong("must be text", cure)
    host, _, port = value.rpartition(":")
    if not re.fullmatch(r"[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\]", host):
        raise Wrong("must be HOST:PORT", cure)
    if not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65_535:
        raise Wrong("must end in a port from 0 to 65535", cure)
    return Listen(host.strip("[]"), int(port))


def _duration(value: Any) -> timedelta:
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise Wrong("must be a duration", 'a number and s, m, h, d or w, such as "30d"')
    span = timedelta(**{_DURATION_UNITS[match[2]]: int(match[1])})
    if span > _DURATION_MAX:
        raise Wrong("is longer than ten years", 'such as "30d"')
    return span


def _moment(value: Any) -> datetime:
    """A TOML date (its midnight, UTC) or date-time with a zone, or either as text."""
    cure = "write 2026-01-31 or 2026-01-31T12:00:00Z"
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise Wrong("must be a date", cure) from None
    if isinstance(value, datetime):
        return _in_utc(value, cure)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    raise Wrong("must be a date", cure)


def _in_utc(value: datetime, cure: str) -> datetime:
    midnight = (value.hour, value.minute, value.second, value.microsecond) == (0, 0, 0, 0)
    if value.tzinfo is None and not midnight:
        raise Wrong("has no time zone", cure)
    try:
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).astimezone(UTC)
    except OverflowError:
        raise Wrong("is outside of the calendar", cure) from None


def to_units(value: Any, decimals: int | None) -> int:
    """Units of an amount in the file; 0 where the currency itself is unknown, which is reported
    for the currency. Raises Wrong."""
    try:
        return parse_amount(value, DECIMALS_MAX if decimals is None else decimals)
    except AmountError as error:
        raise Wrong(str(error), 'write whole coins as text, such as "0.5"') from None


def _amount(value: Any, info: ValidationInfo) -> int:
    return to_units(value, reading_of(info).current)


def _coin_amount(value: Any, info: ValidationInfo) -> int:
    reading = reading_of(info)
    return to_units(value, reading.current if reading.ground is None else reading.ground)


def _amounts(value: Any, info: ValidationInfo) -> dict[str, int]:
    if not isinstance(value, dict):
        raise Wrong("must be a table of amounts by currency", 'such as { LTC = "10" }')
    known = reading_of(info).decimals
    for symbol in value:
        if symbol not in known:
            raise Wrong(f"{symbol!r} is no currency of this file", "name a [currency.X]")
    return {symbol: to_units(amount, known[symbol]) for symbol, amount in value.items()}


def _share(value: Any) -> int:
    parts = to_units(value, _PPM_DECIMALS)
    if not 0 < parts <= 10**_PPM_DECIMALS:
        raise Wrong("must be a share between 0 and 1", 'such as "0.05" for 5 %')
    return parts


def _url(value: Any, info: ValidationInfo) -> str:
    parts = split_url(value, "https", "http")
    if parts.username is not None:
        raise Wrong("must not hold a user or password", "use the secret that belongs to it")
    reading = reading_of(info)
    if not reading.sandbox and is_private(parts.hostname or ""):
        raise Wrong("is a loopback or private address", "use a public https:// address")
    if not reading.sandbox and parts.scheme != "https":
        raise Wrong("must be https outside sandbox networks", "use https://…")
    return str(value)


def _public_url(value: Any, info: ValidationInfo) -> str:
    parts = split_url(value, "https", "http")
    if parts.username is not None or parts.query or parts.fragment or parts.path not in {"", "/"}:
        raise Wrong("must be a scheme, host and port only", 'such as "https://cashier.example"')
    local = reading_of(info).sandbox or is_loopback(parts.hostname or "")
    if parts.scheme != "https" and not local:
        raise Wrong("must be https outside sandbox networks", "put a TLS proxy before the page")
    return str(value).rstrip("/").lower()


def _origin(value: Any, info: ValidationInfo) -> str:
    cure = 'such as "https://trading.example"'
    if not isinstance(value, str) or not _ORIGIN.fullmatch(value.lower()):
        raise Wrong("must be an origin: scheme, host and port", cure)
    if value.lower().startswith("http:") and not reading_of(info).sandbox:
        raise Wrong("must be https outside sandbox networks", cure)
    return value.lower()


def _proxy(value: Any) -> IPv4Network | IPv6Network:
    try:
        return ip_network(value) if isinstance(value, str) else ip_network("")
    except ValueError:
        raise Wrong("must be an IP address or network", 'such as "10.0.0.0/8"') from None


def _command(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value or not all(_is_argument(part) for part in value):
        raise Wrong("must be a program and its arguments", 'such as ["/usr/local/bin/alert"]')
    return tuple(value)


def _is_argument(value: Any) -> bool:
    return isinstance(value, str) and bool(value) and "\0" not in value


def split_url(value: Any, *schemes: str) -> SplitResult:
    """The parts of an absolute URL of one of `schemes` with a host. Raises Wrong."""
    cure = f"write {schemes[0]}://host…"
    try:
        parts = urlsplit(value if isinstance(value, str) else "")
        usable = parts.scheme in schemes and parts.hostname and parts.port != 0
    except ValueError:
        raise Wrong("is not a URL", f"{cure}; special letters as %XX") from None
    if not usable or re.search(r"[\x00-\x20\x7f]", str(value)):
        raise Wrong(f"must be a URL that starts with {schemes[0]}://", cure)
    return parts


def is_loopback(host: str) -> bool:
    """Whether the host, by its text, is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def is_private(host: str) -> bool:
    """Whether the host, by its text, is not on the public net. Names are resolved when used."""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return is_loopback(host)


_AMOUNT = {"type": "string", "pattern": r"^(0|[1-9][0-9]{0,17})(\.[0-9]+)?$", "examples": ["0.5"]}


def _text(example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "examples": [example]})


Address = Annotated[Listen, PlainValidator(parse_listen), _text("127.0.0.1:8700")]
Duration = Annotated[timedelta, PlainValidator(_duration), _text("30d")]
Moment = Annotated[datetime, PlainValidator(_moment), _text("2026-01-31")]
Amount = Annotated[int, PlainValidator(_amount), WithJsonSchema(_AMOUNT)]
# What the network takes: an amount of the chain's coin, whatever token it is paid for.
CoinAmount = Annotated[int, PlainValidator(_coin_amount), WithJsonSchema(_AMOUNT)]
Amounts = Annotated[
    dict[str, int],
    PlainValidator(_amounts),
    WithJsonSchema({"type": "object", "additionalProperties": _AMOUNT}),
]
Share = Annotated[int, PlainValidator(_share), _text("0.05")]
Url = Annotated[str, PlainValidator(_url), _text("https://trading.example/hook")]
PublicUrl = Annotated[str, PlainValidator(_public_url), _text("https://cashier.example")]
Origin = Annotated[str, PlainValidator(_origin), _text("https://trading.example")]
Proxy = Annotated[IPv4Network | IPv6Network, PlainValidator(_proxy), _text("10.0.0.0/8")]
Command = Annotated[
    tuple[str, ...],
    PlainValidator(_command),
    WithJsonSchema({"type": "array", "items": {"type": "string"}, "minItems": 1}),
]
Seconds = Annotated[float, Field(ge=0.05, le=86_400, allow_inf_nan=False)]  # seconds
