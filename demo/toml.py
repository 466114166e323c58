"""Writing the demo's cashier.toml: only what a configuration can hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any


def dump(tables: Mapping[str, Any]) -> str:
    """`tables` as TOML, one `[table]` for each key, `[[key]]` for each table of a list; what is
    inside a table stands in its line.

    Raises TypeError for a value that has no place in cashier.toml.
    """
    parts = []
    for name, given in tables.items():
        many = isinstance(given, list)
        for table in given if many else (given,):
            lines = [f"{key} = {_value(value)}" for key, value in table.items()]
            parts.append("\n".join([f"[[{name}]]" if many else f"[{name}]", *lines, ""]))
    return "\n".join(parts)


def _value(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str():
            return _text(value)
        case list() | tuple():
            return f"[{', '.join(map(_value, value))}]"
        case Mapping():
            pairs = (f"{_text(key)} = {_value(item)}" for key, item in value.items())
            return f"{{ {', '.join(pairs)} }}"
        case _:
            raise TypeError(f"{type(value).__name__} has no place in cashier.toml")


def _text(value: str) -> str:
    """A JSON string is a TOML basic string, but for the one control character that JSON lets be."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
