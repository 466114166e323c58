"""Currencies as cashier.toml makes them, for tests that need one and no whole installation."""

from __future__ import annotations

from pathlib import Path

from engine.config import Currency, load_config

_HOUSE = """
[web]
[site]
name = "Test"
handshake = { algorithm = "HS256", secret = "file:handshake" }
"""


def currency_of(folder: Path, symbol: str, **keys: object) -> Currency:
    """`[currency.SYMBOL]` with `keys` (regtest unless they say otherwise), read from a file."""
    table: dict[str, object] = {
        "family": "bitcoin",
        "network": "regtest",
        "node": "file:node",
        **keys,
    }
    # Secrets in files, so that the currency may as well be one of a main network.
    (folder / "handshake").write_text("only-for-tests-0123456789abcdef0123")
    (folder / "node").write_text("http://u:p@127.0.0.1:1/")
    if table["network"] == "main":
        limits = ("approve_above", "daily_limit", "total_daily")
        table.update({f"withdrawal.{limit}": "1" for limit in limits})
    lines = [f"{key} = {_toml(value)}" for key, value in table.items()]
    path = folder / "cashier.toml"
    path.write_text(_HOUSE + f"[currency.{symbol}]\n" + "\n".join(lines) + "\n")
    return load_config(path, role="engine").currencies[symbol]


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else f'"{value}"'
