"""cashier.toml as a file: its text, its whole shape, and what must be known before it is judged."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from engine.coins import COINS
from engine.config.currency import DEVELOPMENT_CHAIN_IDS
from engine.config.currency_table import CurrencyTable
from engine.config.house import Alerts, Audit, House, Risk, Rule, Symbol
from engine.config.site import Site, Web
from engine.config.staff import Staff
from engine.config.table import Rows, Table
from engine.config.values import DECIMALS_MAX
from engine.errors import ConfigError, Problem

_FILE_BYTES_MAX = 1_000_000
_PUBLIC_NETWORKS = ("main", "test", "signet")


class File(Table):
    """The whole of cashier.toml."""

    cashier: House = Field(default=House(), description="What the whole installation shares.")
    web: Web = Field(default=Web(), description="The cashier page and its API.")
    site: Site = Field(description="The trading site.")
    audit: Audit = Field(default=Audit(), description="Seals over all history.")
    risk: Risk | None = Field(default=None, description="Asked about deposits and withdrawals.")
    alerts: Alerts = Field(default=Alerts(), description="Where staff are told.")
    currency: dict[Symbol, CurrencyTable] = Field(description="One table for each currency.")
    rule: Rows[Rule] = Field(default=(), description="The first that matches decides.")
    staff: Rows[Staff] = Field(default=(), description="The people who act, and their keys.")


def parse(path: Path) -> dict[str, Any]:
    """The tables of the file as TOML has them. Raises ConfigError: cannot be read, is not TOML."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(_FILE_BYTES_MAX + 1)
    except OSError as error:
        cure = "name it with --config FILE or $CASHIER_CONFIG"
        raise ConfigError((Problem("", f"cannot read {path}: {error.strerror}", cure),)) from None
    if len(raw) > _FILE_BYTES_MAX:
        raise ConfigError((Problem("", f"is larger than {_FILE_BYTES_MAX} bytes", "shorten it"),))
    try:
        return tomllib.loads(raw.decode())
    except UnicodeDecodeError:
        problem = Problem("", "is not UTF-8 text", "save it as UTF-8")
    except RecursionError:
        problem = Problem("", "is nested too deeply", "see docs/configuration.md")
    except ValueError as error:  # what tomllib finds, with line and column
        problem = Problem("", f"is not TOML: {' '.join(str(error).split())}", "correct that line")
    raise ConfigError((problem,))


def currency_tables(raw: Mapping[str, Any]) -> dict[str, Any]:
    """The `[currency.X]` tables by symbol, unjudged; empty if there are none."""
    tables = raw.get("currency")
    return tables if isinstance(tables, dict) else {}


def looks_sandboxed(tables: Mapping[str, Any]) -> bool:
    """Whether no table names a network where coins have worth. A table too broken to tell does not
    count, because its own problem is reported and nothing starts."""
    return not any(_is_public(table) for table in tables.values() if isinstance(table, dict))


def peek_decimals(tables: Mapping[str, Any]) -> dict[str, int]:
    """The decimals of each currency that can be told, so that amounts anywhere can be read."""
    found = {}
    for symbol, table in tables.items():
        if not isinstance(table, dict):
            continue
        named = table.get("coin", symbol)
        known = COINS.get(named) if isinstance(named, str) else None
        decimals = table.get("decimals", known.decimals if known else None)
        if isinstance(decimals, int) and 0 <= decimals <= DECIMALS_MAX:
            found[symbol] = int(decimals)
    return found


def _is_public(table: Mapping[str, Any]) -> bool:
    chain_id = table.get("chain_id")
    if isinstance(chain_id, int):
        return chain_id not in DEVELOPMENT_CHAIN_IDS
    return table.get("network") in _PUBLIC_NETWORKS
