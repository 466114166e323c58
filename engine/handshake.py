"""Handshake tokens: how the site proves who a client is, checked, used once, and made.

The algorithm and the keys come from the configuration, never from the token (RFC 8725). PyJWT
checks the signature; the claims are checked here against `now`, the one clock.
"""

from __future__ import annotations

import math
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import peewee

from db.connection import database
from db.models import UsedToken
from engine.clock import rfc3339
from engine.config import Config
from engine.errors import CurrencyUnknown, TokenRejected

AUDIENCE = "cashier"
ACTIONS = ("deposit", "withdraw", "both")
LEEWAY_S = 30
LIFE_S_MAX = 300
CLIENT_PATTERN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@-]{0,63}", re.ASCII)

_LENGTH_MAX = 4096
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+", re.ASCII)
_JTI = re.compile(r"[\x21-\x7e]{1,128}")
# A used token is remembered for longer than it could be accepted, in case the clock is set back.
_REMEMBERED = timedelta(days=2)
_UNCHECKED = dict.fromkeys(
    ("verify_exp", "verify_nbf", "verify_iat", "verify_aud", "verify_sub", "verify_jti"), False
)


@dataclass(frozen=True, slots=True)
class Grant:
    """What a valid token grants: this client may do `action`. `currency` is what the site suggests
    to begin with."""

    client: str
    action: str
    currency: str | None
    token_id: str
    expires_at: datetime


def check_token(config: Config, token: object, *, now: datetime) -> Grant:
    """The grant of a token that is genuine and in its time. Nothing is written and no replay is
    looked for: `use_token` does that. Raises TokenRejected."""
    claims = _verified_claims(config, token)
    _check_audience(claims.get("aud"))
    expires_s = _check_times(claims, now=now)
    return Grant(
        client=_checked_text(claims, "sub", CLIENT_PATTERN),
        action=_action(claims),
        currency=_currency(config, claims),
        token_id=_checked_text(claims, "jti", _JTI),
        expires_at=datetime.fromtimestamp(expires_s, UTC),
    )


def use_token(grant: Grant, *, now: datetime) -> None:
    """Mark the grant's token as used, inside the caller's database transaction.

    The unique key decides which of two exchanges came first. Raises TokenRejected with
    `token_replayed`.
    """
    old = UsedToken.expires_at < rfc3339(now - _REMEMBERED)
    UsedToken.delete().where(old).execute()
    try:
        with database.atomic():
            UsedToken.insert(jti=grant.token_id, expires_at=rfc3339(grant.expires_at)).execute()
    except peewee.IntegrityError:
        raise TokenRejected(
            "this link was used before; go back to the site and open the cashier again",
            code="token_replayed",
        ) from None


def make_token(
    config: Config,
    *,
    client: str,
    action: str,
    currency: str | None,
    ttl_s: int,
    now: datetime,
) -> str:
    """A token as the site would make it: for `cashier handshake` and the sandbox.

    Raises TokenRejected for a client, action or lifetime that no token may carry, and where the
    configuration holds only the site's public key; CurrencyUnknown for another currency.
    """
    if not CLIENT_PATTERN.fullmatch(client):
        raise _invalid(
            "client must be 1-64 of A-Z a-z 0-9 _ . : @ - and start with a letter or digit"
        )
    if action not in ACTIONS:
        raise _invalid(f"action must be one of {', '.join(ACTIONS)}")
    if not 1 <= ttl_s <= LIFE_S_MAX:
        raise _invalid(f"a token lives 1 to {LIFE_S_MAX} seconds")
    if currency is not None and currency not in config.currencies:
        raise CurrencyUnknown(f"no currency {currency} is configured")
    kid, key = _signing_key(config)
    issued_s = math.floor(now.timestamp())
    claims: dict[str, Any] = {
        "sub": client,
        "aud": AUDIENCE,
        "iat": issued_s,
        "exp": issued_s + ttl_s,
        "jti": secrets.token_hex(16),
        "action": action,
    }
    if currency is not None:
        claims["currency"] = currency
    return jwt.encode(claims, key, algorithm="HS256", headers=None if kid is None else {"kid": kid})


def _invalid(detail: str) -> TokenRejected:
    return TokenRejected(
        f"this link is not valid: {detail}", code="token_invalid", detail=f"handshake: {detail}"
    )


def _signing_key(config: Config) -> tuple[str | None, str]:
    keys = config.site.handshake.verification_keys
    if config.site.handshake.algorithm != "HS256" or not keys:
        raise _invalid("only the site can sign it, the cashier holds its public key")
    kid = None if None in keys else next(iter(keys))
    return kid, keys[kid]


def _verified_claims(config: Config, token: object) -> Mapping[str, Any]:
    """The claims of a token whose signature one of our keys proves."""
    if not isinstance(token, str) or len(token) > _LENGTH_MAX or not _COMPACT.fullmatch(token):
        raise _invalid("it is not a signed token")
    algorithm = config.site.handshake.algorithm
    try:
        key = _key_named(config, jwt.get_unverified_header(token).get("kid"))
        return jwt.decode(token, key, algorithms=[algorithm], options=_options())
    except (jwt.PyJWTError, ValueError, TypeError, RecursionError, OverflowError) as error:
        raise TokenRejected(
            "this link is not valid: its signature does not fit",
            code="token_invalid",
            detail=f"handshake: {type(error).__name__}: {error}",
        ) from None


def _options() -> Any:
    return {"verify_signature": True, **_UNCHECKED}


def _key_named(config: Config, kid: object) -> str:
    keys = config.site.handshake.verification_keys
    if kid is not None and not isinstance(kid, str):
        raise _invalid("its key is unknown")
    # A site that names its only key in each token needs no table of keys here.
    key = keys.get(kid, keys.get(None) if set(keys) == {None} else None)
    if key is None:
        raise _invalid("its key is unknown")
    return key


def _check_audience(audience: object) -> None:
    if audience != AUDIENCE and not (isinstance(audience, list) and AUDIENCE in audience):
        raise _invalid("it is meant for another service")


def _check_times(claims: Mapping[str, Any], *, now: datetime) -> float:
    """Refuse a token outside of its time; returns `exp` in unix seconds."""
    now_s = now.timestamp()
    issued_s = _moment(claims, "iat")
    expires_s = _moment(claims, "exp")
    starts_s = _moment(claims, "nbf") if "nbf" in claims else issued_s
    if expires_s <= issued_s or expires_s - issued_s > LIFE_S_MAX:
        raise _invalid(f"it must expire within {LIFE_S_MAX} seconds of its making")
    if max(issued_s, starts_s) > now_s + LEEWAY_S:
        raise _invalid("it is not valid yet")
    if expires_s <= now_s - LEEWAY_S:
        raise TokenRejected(
            "this link has expired; go back to the site and open the cashier again",
            code="token_expired",
        )
    return expires_s


def _moment(claims: Mapping[str, Any], name: str) -> float:
    """A NumericDate in unix seconds (RFC 7519): whole or not, but finite and of this age."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _invalid(f"{name} is missing or not a number")
    if not 0 <= value < 2**33:
        raise _invalid(f"{name} is out of range")
    return value


def _checked_text(claims: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _invalid(f"{name} is missing or of a form that is not allowed")
    return value


def _action(claims: Mapping[str, Any]) -> str:
    value = claims.get("action")
    if not isinstance(value, str) or value not in ACTIONS:
        raise _invalid("action is missing or unknown")
    return value


def _currency(config: Config, claims: Mapping[str, Any]) -> str | None:
    value = claims.get("currency")
    if value is None:
        return None
    if not isinstance(value, str) or value not in config.currencies:
        raise _invalid("its currency is not offered")
    return value
