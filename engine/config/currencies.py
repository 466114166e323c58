"""All `[currency.X]` tables of a file: each is validated and resolved, whatever the others are."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any

from pydantic import ValidationError

from engine.config.currency import Currency
from engine.config.currency_table import CurrencyTable
from engine.config.house import Rule
from engine.config.problems import key_of, translate
from engine.config.reading import Reading
from engine.config.resolve import resolve_currency
from engine.errors import Problem

_SYMBOL = re.compile(r"[A-Z][A-Z0-9]{0,15}", re.ASCII)


class CurrencyReader:
    """Reads every currency of a file. `problems` grows; nothing is raised."""

    def __init__(self, raw: Mapping[str, Any], reading: Reading) -> None:
        self.raw = raw
        self.reading = reading
        self.problems: list[Problem] = []
        self._broken: dict[str, frozenset[str]] = {}

    def read(self, rules: tuple[Rule, ...]) -> dict[str, Currency]:
        """The currencies by symbol, as far as they can be built, in the order of the file."""
        if not self.raw:
            self._add("currency", "no currency is configured", "add a [currency.LTC] table")
        tables = {symbol: self._table(symbol, value) for symbol, value in self.raw.items()}
        good = {symbol: table for symbol, table in tables.items() if table is not None}
        found = {
            symbol: resolve_currency(
                symbol,
                table,
                good,
                rules=rules,
                reading=self.reading,
                report=partial(self._report, symbol),
            )
            for symbol, table in good.items()
        }
        self._check_contracts(found.values())
        built = {symbol: currency for symbol, currency in found.items() if currency is not None}
        return {symbol: _with_tokens(currency, built) for symbol, currency in built.items()}

    def _check_contracts(self, found: Iterable[Currency | None]) -> None:
        """One contract under two names would credit each coin twice."""
        known: dict[tuple[str, str], str] = {}
        for token in found:
            if token is None or token.token is None:
                continue
            first = known.setdefault((token.chain, token.token.lower()), token.symbol)
            if first != token.symbol:
                self._report(token.symbol, "token", f"is the contract of {first}", "remove one")

    def _table(self, symbol: str, value: Any) -> CurrencyTable | None:
        if not _SYMBOL.fullmatch(symbol):
            self._add(
                key_of(("currency", symbol)), "is no symbol", "capitals and digits, such as LTC"
            )
            return None
        self.reading.current = self.reading.decimals.get(symbol)
        self.reading.ground = self._ground_decimals(value)
        try:
            return CurrencyTable.model_validate(value, context=self.reading)
        except ValidationError as error:
            self.problems += translate(error, CurrencyTable, at=("currency", symbol))
            broken = frozenset(str(found["loc"][0]) for found in error.errors() if found["loc"])
        return self._rest(symbol, value, broken) if isinstance(value, dict) else None

    def _ground_decimals(self, value: Any) -> int | None:
        """Of the chain that a token follows; None for anything else."""
        chain = value.get("chain") if isinstance(value, dict) else None
        return self.reading.decimals.get(chain) if isinstance(chain, str) else None

    def _rest(self, symbol: str, value: dict[str, Any], broken: frozenset[str]) -> CurrencyTable:
        """The table without its broken keys, so that the others are judged in the same run."""
        self._broken[symbol] = broken
        whole = {key: item for key, item in value.items() if key not in broken}
        return CurrencyTable.model_validate(whole, context=self.reading)

    def _report(self, symbol: str, key: str, what: str, cure: str) -> None:
        if re.split(r"[.\[]", key)[0] not in self._broken.get(symbol, ()):
            self._add(key_of(("currency", symbol, key)), what, cure)

    def _add(self, key: str, what: str, cure: str) -> None:
        self.problems.append(Problem(key, what, cure))


def _with_tokens(currency: Currency, all_of_them: Mapping[str, Currency]) -> Currency:
    """A chain's own currency knows the tokens on it."""
    tokens = tuple(
        each
        for each in all_of_them.values()
        if each.is_token and each.chain == currency.symbol != each.symbol
    )
    return dataclasses.replace(currency, tokens=tokens) if tokens else currency
