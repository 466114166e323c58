"""TOML for tests: a writer for any document, and cashier.toml with all its settings switched on."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[2]
CASHIER_TOML = TOP / "cashier.toml"

LTC_NODE = "http://user:password@127.0.0.1:19443/wallet/cashier"
SITE_SECRET = "a shared secret of more than 32 bytes"


def minimal(**currency: Any) -> dict[str, Any]:
    """The smallest file that loads: a regtest LTC, with `currency` laid over its table."""
    return {
        "site": {"handshake": {"algorithm": "HS256", "secret": SITE_SECRET}},
        "currency": {"LTC": {"network": "regtest", "node": LTC_NODE, **currency}},
    }


def all_settings() -> str:
    """cashier.toml with every setting that it shows commented out switched on."""
    return re.sub(r"^#(?=[a-z\[])", "", CASHIER_TOML.read_text(encoding="utf-8"), flags=re.M)


def dump(document: dict[str, Any]) -> str:
    """`document` as TOML; inner tables are inline."""
    return "".join(f"{_string(key)} = {_value(value)}\n" for key, value in document.items())


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_string(k)} = {_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return str(value)


def _string(text: str) -> str:
    return '"' + "".join(_letter(letter) for letter in text) + '"'


def _letter(letter: str) -> str:
    if letter in '"\\' or not letter.isprintable():
        return f"\\U{ord(letter):08X}"
    return letter
