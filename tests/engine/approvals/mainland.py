"""A configuration whose coins are worth something, over the chains and addresses of tests."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from engine.config import Config, Currency


def as_main(config: Config, *, cold: str = "") -> Config:
    """The same configuration on main networks; with `cold`, with this cold address."""
    currencies = {symbol: _on_main(each, cold) for symbol, each in config.currencies.items()}
    return replace(config, currencies=currencies)


def _on_main(currency: Currency, cold: str) -> Currency:
    changes: dict[str, Any] = {"network": "main", "sandbox": False}
    if cold and currency.cold is not None:
        changes["cold"] = currency.cold.model_copy(update={"address": cold})
    return replace(currency, **changes)
