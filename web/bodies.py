"""Reading what a client sends: one strict JSON object, a plain form, a query. Refused, not guessed.

`json.loads` alone takes NaN, Infinity and duplicate keys; two readers of such a body would see two
different requests.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from web.problems import Refusal

FIELDS_MAX = 20
_DEPTH_MAX = 16


def invalid(detail: str) -> Refusal:
    """The refusal of a body that cannot be read as the one form that is accepted."""
    return Refusal(400, "body_invalid", detail)


def read_json(raw: bytes, *, fields: Collection[str], required: Collection[str]) -> dict[str, Any]:
    """The one JSON object in `raw`. Raises Refusal 400 `body_invalid` for anything else, for
    duplicate keys, non-finite numbers, fractions, and keys outside of `fields`."""
    try:
        text = raw.decode("utf-8")
        value = json.loads(
            text,
            object_pairs_hook=_unique,
            parse_constant=_not_finite,
            parse_float=_no_fraction,
            parse_int=_short_integer,
        )
    except (ValueError, RecursionError):
        raise invalid("the body must be one JSON object in UTF-8") from None
    if not isinstance(value, dict) or _depth(value) > _DEPTH_MAX:
        raise invalid("the body must be one JSON object")
    check_names(value, fields=fields, required=required)
    return value


def read_form(raw: bytes, *, fields: Collection[str], required: Collection[str]) -> dict[str, str]:
    """The fields of an `application/x-www-form-urlencoded` body, each at most once."""
    try:
        pairs = parse_qsl(
            raw.decode("utf-8"),
            keep_blank_values=True,
            strict_parsing=bool(raw),
            errors="strict",
            max_num_fields=FIELDS_MAX,
        )
    except ValueError:
        raise invalid("the form cannot be read") from None
    form = dict(pairs)
    if len(form) != len(pairs):
        raise invalid("a field of the form is given twice")
    check_names(form, fields=fields, required=required)
    return form


def check_names(
    given: Mapping[str, Any], *, fields: Collection[str], required: Collection[str]
) -> None:
    """Raise Refusal unless `given` has every required field and none that is unknown."""
    unknown = sorted(set(given) - set(fields))
    if unknown:
        raise invalid(f"unknown field {_shown(unknown[0])}; known: {', '.join(sorted(fields))}")
    missing = sorted(set(required) - set(given))
    if missing:
        raise invalid(f"field {missing[0]} is missing")


def text_field(given: Mapping[str, Any], name: str, *, length_max: int) -> str:
    """The text in field `name`, printable ASCII: nothing that a client sends here is anything else,
    and no database then meets a NUL or half a character. Raises Refusal."""
    value = given.get(name)
    if not isinstance(value, str) or not 1 <= len(value) <= length_max:
        raise invalid(f"{name} must be text of 1 to {length_max} characters")
    if not (value.isascii() and value.isprintable()):
        raise invalid(f"{name} must be printable ASCII")
    return value


def read_query(given: Mapping[str, Sequence[bytes]], *, fields: Collection[str]) -> dict[str, str]:
    """The parameters of a query, each known, given once, and UTF-8. Raises Refusal 400."""
    query: dict[str, str] = {}
    for name, values in given.items():
        if name not in fields:
            raise Refusal(400, "query_invalid", f"unknown parameter {_shown(name)}")
        if len(values) != 1:
            raise Refusal(400, "query_invalid", f"parameter {name} is given twice")
        try:
            query[name] = values[0].decode("utf-8")
        except UnicodeDecodeError:
            raise Refusal(400, "query_invalid", f"parameter {name} is not UTF-8") from None
    return query


def _shown(name: str) -> str:
    """A name that a stranger chose, short and in ASCII."""
    return ascii(name[:40])


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("duplicate key")
    return found


def _not_finite(_name: str) -> NoReturn:
    raise ValueError("not a finite number")


def _no_fraction(_digits: str) -> NoReturn:
    # No field here is a fraction: amounts are decimal text. 1e999 would become infinity.
    raise ValueError("fractions are written as text")


def _short_integer(digits: str) -> int:
    if len(digits) > 20:
        raise ValueError("number too long")
    return int(digits)


def _depth(value: object) -> int:
    """How deep lists and objects nest; counting stops just beyond what is allowed."""
    level: list[object] = [value]
    depth = 0
    while level and depth <= _DEPTH_MAX:
        nested = (item for item in level if isinstance(item, dict | list))
        level = [x for item in nested for x in (item.values() if isinstance(item, dict) else item)]
        depth += 1
    return depth
