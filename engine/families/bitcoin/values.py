"""Reading single values of a node's replies strictly: the right type and form, or OddValue."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from engine.errors import NodeDown

_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_HEX = re.compile(r"(?:[0-9a-f]{2})+", re.ASCII)
_ADDRESS = re.compile(r"[A-Za-z0-9:]{1,120}", re.ASCII)
_DIGITS_MAX = 40
_HEIGHT_MAX = 2**31


class OddValue(Exception):
    """A value of a reply is not of the type and form that it must have."""


def units_of(value: object, decimals: int) -> int:
    """Units of an amount in whole coins, exactly; may be negative. Raises OddValue."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise OddValue("its amount is no number")
    amount = Decimal(value)
    sign, digits, exponent = amount.as_tuple()
    if not isinstance(exponent, int) or abs(exponent) > _DIGITS_MAX or len(digits) > _DIGITS_MAX:
        raise OddValue("its amount is no amount of coins")
    number, places = int("".join(map(str, digits))), exponent + decimals
    if places < 0:
        number, rest = divmod(number, 10**-places)
        if rest:
            raise OddValue(f"its amount has more than {decimals} decimals")
        places = 0
    units: int = number * 10**places
    return -units if sign else units


def hash_of(value: object) -> str:
    """A block hash or txid: 64 lower-case hex digits. Raises OddValue."""
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise OddValue("a hash in it is no hash")
    return value


def number_of(value: object, *, least: int = 0) -> int:
    """A whole number such as a height or an output's place. Raises OddValue."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value < _HEIGHT_MAX:
        raise OddValue("a number in it is none")
    return value


def address_of(value: object) -> str:
    """An address as a node prints it. Raises OddValue."""
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise OddValue("its address is no address")
    return value


def script_of(value: object) -> str:
    """A script in hex. Raises OddValue."""
    if not isinstance(value, str) or not _HEX.fullmatch(value):
        raise OddValue("its script is no script")
    return value


def table_of(value: object) -> Mapping[str, Any]:
    """A reply, or a part of it, that must be a JSON object. Raises OddValue."""
    if not isinstance(value, dict):
        raise OddValue("not an object")
    return value


def malformed(method: str, reply: object, why: object = "") -> NodeDown:
    """The error for a reply that has not the shape that this call's replies have."""
    detail = f"{method}: {why}: {repr(reply)[:300]}"
    return NodeDown("the node's reply is malformed", detail=detail)
