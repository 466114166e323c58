"""From cashier.toml to `Config`: read, validate table by table, resolve, and name every problem."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from engine.config.currencies import CurrencyReader
from engine.config.currency import Currency
from engine.config.file import File, currency_tables, looks_sandboxed, parse, peek_decimals
from engine.config.house import Alerts, Audit, House, Risk, Rule
from engine.config.problems import key_of, keys_of, translate, unknown_key
from engine.config.reading import Reading, Role
from engine.config.secrets import Secret
from engine.config.site import Site, Web
from engine.config.staff import Staff, staff_conflicts
from engine.errors import ConfigError, Problem

_SQLITE = "sqlite:///"

AnyTable = TypeVar("AnyTable", bound=BaseModel)


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
    raw = parse(whole)
    tables = currency_tables(raw)
    reading = Reading(
        role=role,
        folder=whole.parent,
        environ=os.environ if environ is None else environ,
        sandbox=looks_sandboxed(tables),
        decimals=peek_decimals(tables),
    )
    return _Loader(raw, reading).load(whole)


class _Loader:
    """One pass over the file. `problems` grows; nothing is raised before the end."""

    def __init__(self, raw: dict[str, Any], reading: Reading) -> None:
        self.raw = raw
        self.tables = currency_tables(raw)
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
        reader = CurrencyReader(self.tables, self.reading)
        currencies = reader.read(tuple(rules.values()))
        self.problems += reader.problems
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
            site=_with_origins(site, sandbox=sandbox),
            audit=audit,
            audit_key=audit.key or _audit_key(database, path.parent),
            risk=risk,
            alerts=alerts,
            rules=tuple(rules.values()),
            staff=tuple(staff.values()),
            currencies=currencies,
            names={role: frozenset(names) for role, names in self.reading.names.items()},
        )

    def _table(self, name: str, model: type[AnyTable]) -> AnyTable | None:
        return self._validate(self.raw.get(name, {}), model, at=(name,))

    def _rows(self, name: str, model: type[AnyTable]) -> dict[int, AnyTable]:
        """The good rows of an array of tables by their index in the file."""
        rows = self.raw.get(name, [])
        if not isinstance(rows, list):
            self.problems.append(Problem(name, "must be a list of tables", f"write [[{name}]]"))
            return {}
        found = {i: self._validate(row, model, at=(name, i)) for i, row in enumerate(rows)}
        return {index: row for index, row in found.items() if row is not None}

    def _validate(
        self, value: Any, model: type[AnyTable], *, at: tuple[int | str, ...]
    ) -> AnyTable | None:
        try:
            return model.model_validate(value, context=self.reading)
        except ValidationError as error:
            self.problems += translate(error, model, at=at)
            return None

    def _check_staff(self, staff: Mapping[int, Staff]) -> None:
        for index, wrong in staff_conflicts(staff):
            self.problems.append(Problem(key_of(("staff", index)), wrong.what, wrong.cure))

    def _check_rules(self, rules: Mapping[int, Rule]) -> None:
        seen: set[str] = set()
        for index, rule in rules.items():
            if rule.name in seen:
                self._add(
                    ("rule", index, "name"), f"{rule.name!r} stands there twice", "rename one"
                )
            seen.add(rule.name)
            if rule.currency is not None and rule.currency not in self.tables:
                cure = "name a [currency.X]"
                self._add(("rule", index, "currency"), f"{rule.currency} is no currency", cure)

    def _add(self, path: tuple[int | str, ...], what: str, cure: str) -> None:
        self.problems.append(Problem(key_of(path), what, cure))


def _with_origins(site: Site, *, sandbox: bool) -> Site:
    """Outside sandbox networks no origin is trusted that the file does not name."""
    named = sandbox or site.origins is not None
    return site if named else site.model_copy(update={"origins": ()})


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
