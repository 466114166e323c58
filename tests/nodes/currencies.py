"""Currencies as cashier.toml makes them, for tests that need one and no whole installation."""

from __future__ import annotations

from pathlib import Path

from engine.config import Currency, load_config

_HOUSE = """
[web]
[site]
name = "Test"
handshake = { algorithm = "HS256", secret = "only-for-tests-0123456789abcdef0123" }
"""


def currency_of(folder: Path, symbol: str, **keys: object) -> Currency:
    """`[currency.SYMBOL]` with `keys` (regtest unless they say otherwise), read from a file."""
    table = {"family": "bitcoin", "network": "regtest", "node": "http://u:p@127.0.0.1:1/", **keys}
    lines = [f"{key} = {_toml(value)}" for key, value in table.items()]
    path = folder / "cashier.toml"
    path.write_text(_HOUSE + f"[currency.{symbol}]\n" + "\n".join(lines) + "\n")
    return load_config(path, role="engine").currencies[symbol]


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else f'"{value}"'
