"""From cashier.toml to `Config`: read, validate table by table, resolve, and name every problem."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, Field, ValidationError

from engine.coins import COINS
from engine.config.currency import DEVELOPMENT_CHAIN_IDS, Currency
from engine.config.currency_table import CurrencyTable
from engine.config.house import Alerts, Audit, House, Risk, Rule, Symbol
from engine.config.problems import key_of, keys_of, translate, unknown_key
from engine.config.reading import Reading, Role
from engine.config.resolve import resolve_currency
from engine.config.secrets import Secret
from engine.config.site import Site, Web
from engine.config.staff import Staff, staff_conflicts
from engine.config.table import Rows, Table
from engine.config.values import DECIMALS_MAX
from engine.errors import ConfigError, Problem

_FILE_BYTES_MAX = 1_000_000
_SQLITE = "sqlite:///"

AnyTable = TypeVar("AnyTable", bound=BaseModel)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """cashier.toml as `role` may see it. `database` is a whole URL and may hold a password."""

    path: Path
    folder: Path
    role: Role
    database: str = field(repr=False)
    sandbox: bool
    web: Web
    site: Site
    audit: Audit
    audit_key: Path
    risk: Risk | None
    alerts: Alerts
    rules: tuple[Rule, ...]
    staff: tuple[Staff, ...]
    currencies: Mapping[str, Currency]
    names: Mapping[Role, frozenset[str]]

    def environment(self, role: Role) -> frozenset[str]:
        """The environment variables that `role` reads, so that it can be started with no more."""
        return self.names[role]

    def chains(self) -> dict[str, tuple[Currency, ...]]:
        """The currencies by the chain that they follow; each chain's own currency comes first."""
        own = [currency for currency in self.currencies.values() if not currency.is_token]
        return {
            chain.symbol: (
                chain,
                *(c for c in self.currencies.values() if c.is_token and c.chain == chain.symbol),
            )
            for chain in own
        }


def load_config(
    path: Path | str, *, role: Role, environ: Mapping[str, str] | None = None
) -> Config:
    """Read cashier.toml as `role`, with the secrets of that role only.

    `environ` stands in for the process's environment. Raises ConfigError with every problem.
    """
    whole = Path(path).absolute()
    raw = _parse(whole)
    tables = _currency_tables(raw)
    reading = Reading(
        role=role,
        folder=whole.parent,
        environ=os.environ if environ is None else environ,
        sandbox=_looks_sandboxed(tables),
        decimals=_peek_decimals(tables),
    )
    return _Loader(raw, reading).load(whole)


class _Loader:
    """One pass over the file. `problems` grows; nothing is raised before the end."""

    def __init__(self, raw: dict[str, Any], reading: Reading) -> None:
        self.raw = raw
        self.tables = _currency_tables(raw)
        self.reading = reading
        self.problems: list[Problem] = []

    def load(self, path: Path) -> Config:
        for name in self.raw:
            if name not in File.model_fields:
                self.problems.append(unknown_key(name, keys_of(File), at=()))
        house = self._table("cashier", House) or House()
        web = self._table("web", Web) or Web()
        site = self._table("site", Site)
        audit = self._table("audit", Audit) or Audit()
        risk = self._table("risk", Risk) if "risk" in self.raw else None
        alerts = self._table("alerts", Alerts) or Alerts()
        rules, staff = self._rows("rule", Rule), self._rows("staff", Staff)
        self._check_staff(staff)
        self._check_rules(rules)
        currencies = self._currencies(rules)
        if self.problems or site is None:
            raise ConfigError(tuple(self.problems))
        sandbox = all(currency.sandbox for currency in currencies.values())
        database = _database_url(house.database, path.parent)
        return Config(
            path=path,
            folder=path.parent,
            role=self.reading.role,
            database=database,
            sandbox=sandbox,
            web=web,
            site=site
            if sandbox or site.origins is not None
            else site.model_copy(update={"origins": ()}),
            audit=audit,
            audit_key=audit.key or _audit_key(database, path.parent),
            risk=risk,
            alerts=alerts,
            rules=rules,
            staff=staff,
            currencies=currencies,
            names={role: frozenset(names) for role, names in self.reading.names.items()},
        )

    def _table(self, name: str, model: type[AnyTable]) -> AnyTable | None:
        return self._validate(self.raw.get(name, {}), model, at=(name,))

    def _rows(self, name: str, model: type[AnyTable]) -> tuple[AnyTable, ...]:
        rows = self.raw.get(name, [])
        if not isinstance(rows, list):
            self.problems.append(Problem(name, "must be a list of tables", f"write [[{name}]]"))
            return ()
        found = [self._validate(row, model, at=(name, i)) for i, row in enumerate(rows)]
        return tuple(row for row in found if row is not None)

    def _validate(
        self, value: Any, model: type[AnyTable], *, at: tuple[int | str, ...]
    ) -> AnyTable | None:
        try:
            return model.model_validate(value, context=self.reading)
        except ValidationError as error:
            self.problems += translate(error, model, at=at)
            return None

    def _check_staff(self, staff: tuple[Staff, ...]) -> None:
        for index, wrong in staff_conflicts(staff):
            self.problems.append(Problem(key_of(("staff", index)), wrong.what, wrong.cure))

    def _check_rules(self, rules: tuple[Rule, ...]) -> None:
        seen: set[str] = set()
        for index, rule in enumerate(rules):
            if rule.name in seen:
                self._add(
                    ("rule", index, "name"), f"{rule.name!r} stands there twice", "rename one"
                )
            seen.add(rule.name)
            if rule.currency is not None and rule.currency not in self.tables:
                cure = "name a [currency.X]"
                self._add(("rule", index, "currency"), f"{rule.currency} is no currency", cure)

    def _currencies(self, rules: tuple[Rule, ...]) -> dict[str, Currency]:
        if not self.tables:
            self._add(("currency",), "no currency is configured", "add a [currency.LTC] table")
            return {}
        tables = {
            symbol: self._currency_table(symbol, value) for symbol, value in self.tables.items()
        }
        good = {symbol: table for symbol, table in tables.items() if table is not None}
        found = {}
        for symbol, table in good.items():
            # A token whose chain is broken itself is judged when its chain is right.
            if table.chain in tables and table.chain not in good:
                continue
            currency = resolve_currency(
                symbol,
                table,
                good,
                rules=rules,
                reading=self.reading,
                report=partial(self._report, symbol),
            )
            if currency is not None:
                found[symbol] = currency
        return found

    def _currency_table(self, symbol: str, value: Any) -> CurrencyTable | None:
        if (
            not (symbol.isascii() and symbol.isalnum() and symbol == symbol.upper())
            or len(symbol) > 16
        ):
            self._add(("currency", symbol), "is no symbol", "capitals and digits, such as LTC")
            return None
        self.reading.current = self.reading.decimals.get(symbol)
        return self._validate(value, CurrencyTable, at=("currency", symbol))

    def _report(self, symbol: str, key: str, what: str, cure: str) -> None:
        self._add(("currency", symbol, key), what, cure)

    def _add(self, path: tuple[int | str, ...], what: str, cure: str) -> None:
        self.problems.append(Problem(key_of(path), what, cure))


def _parse(path: Path) -> dict[str, Any]:
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


def _currency_tables(raw: Mapping[str, Any]) -> dict[str, Any]:
    tables = raw.get("currency")
    return tables if isinstance(tables, dict) else {}


def _looks_sandboxed(tables: Mapping[str, Any]) -> bool:
    """Whether no table names a network where coins have worth. A table too broken to tell does not
    count, because its own problem is reported and nothing starts."""
    return not any(_is_public(table) for table in tables.values() if isinstance(table, dict))


def _is_public(table: Mapping[str, Any]) -> bool:
    chain_id = table.get("chain_id")
    if isinstance(chain_id, int):
        return chain_id not in DEVELOPMENT_CHAIN_IDS
    return table.get("network") in ("main", "test", "signet")


def _peek_decimals(tables: Mapping[str, Any]) -> dict[str, int]:
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


def _database_url(secret: Secret | None, folder: Path) -> str:
    if secret is None:
        raise TypeError("every role reads the database's address")
    url = secret.reveal()
    if not url.startswith(_SQLITE):
        return url
    return f"{_SQLITE}{folder / url.removeprefix(_SQLITE)}"


def _audit_key(database: str, folder: Path) -> Path:
    """Next to an SQLite file, else next to cashier.toml, named like the database."""
    if database.startswith(_SQLITE):
        return Path(database.removeprefix(_SQLITE)).with_suffix(".audit-key")
    name = database.partition("?")[0].rstrip("/").rpartition("/")[2]
    return folder / f"{name}.audit-key"
