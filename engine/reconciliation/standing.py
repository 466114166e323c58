"""What was found, for whoever reads it: command, console and page need no node for it."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from db.findings import Break, Reconciliation
from engine.clock import parse_rfc3339
from engine.config import Config
from engine.money import format_amount
from engine.reconciliation.kinds import is_fixable
from engine.reconciliation.timing import Timing


@dataclass(frozen=True, slots=True)
class SumView:
    """Both sides of one currency at a block, in units. `at` is when they were compared."""

    currency: str
    decimals: int
    height: int
    hash: str
    at: str
    node: int
    books: int
    accounts: dict[str, int]
    timing: tuple[Timing, ...]
    residual: int

    def as_json(self) -> dict[str, Any]:
        """The public form; amounts in whole coins."""

        def amount(units: int) -> str:
            return format_amount(units, self.decimals)

        return {
            "currency": self.currency,
            "height": self.height,
            "hash": self.hash,
            "at": self.at,
            "node": amount(self.node),
            "books": amount(self.books),
            "accounts": {name: amount(units) for name, units in self.accounts.items()},
            "timing": [
                {"name": item.name, "amount": amount(item.units), "count": item.count}
                for item in self.timing
            ],
            "residual": amount(self.residual),
        }


@dataclass(frozen=True, slots=True)
class BreakView:
    """One break. `units` are signed, `age` is in seconds, `entry` is what its cure would post:
    (account, currency, units) each."""

    id: str
    kind: str
    currency: str
    decimals: int
    subject: str
    units: int
    evidence: dict[str, Any]
    owner: str
    cure: str
    entry: tuple[tuple[str, str, int], ...]
    state: str
    first_seen: str
    last_seen: str
    closed_by: str
    age: int

    @property
    def fixable(self) -> bool:
        """Whether a signed cure posts the entry and whatever else belongs to it."""
        return is_fixable(
            self.kind, self.subject, has_entry=bool(self.entry), evidence=self.evidence
        )

    @property
    def amount(self) -> str:
        """Whole coins, signed."""
        return format_amount(self.units, self.decimals)

    def as_json(self) -> dict[str, Any]:
        """The public form."""
        lines = [
            {
                "account": account,
                "currency": currency,
                "units": str(units),
                "amount": format_amount(units, self.decimals),
            }
            for account, currency, units in self.entry
        ]
        return {
            "id": self.id,
            "kind": self.kind,
            "currency": self.currency,
            "subject": self.subject,
            "units": str(self.units),
            "amount": self.amount,
            "evidence": self.evidence,
            "cure": self.cure,
            "entry": lines or None,
            "age": self.age,
            "owner": self.owner,
            "state": self.state,
            "first_seen": self.first_seen,
            "last_seen": self.last_seen,
        }


def sums(config: Config, currencies: Collection[str]) -> tuple[SumView, ...]:
    """The last sum of each of `currencies`; one that was never reconciled is not among them."""
    rows = Reconciliation.select().where(Reconciliation.currency.in_(sorted(currencies)))
    known = {row.currency: row for row in rows}
    return tuple(
        _sum(known[symbol], config.currencies[symbol].decimals)
        for symbol in config.currencies
        if symbol in known
    )


def open_breaks(
    config: Config, currencies: Collection[str], now: datetime
) -> tuple[BreakView, ...]:
    """Every open break of `currencies`, oldest first."""
    return _breaks(config, (Break.state == "open") & Break.currency.in_(sorted(currencies)), now)


def closed_breaks(
    config: Config, currencies: Collection[str], now: datetime
) -> tuple[BreakView, ...]:
    """Breaks that are gone, oldest first; `closed_by` says how."""
    return _breaks(config, (Break.state == "closed") & Break.currency.in_(sorted(currencies)), now)


def one_break(config: Config, break_id: str, now: datetime) -> BreakView | None:
    """A break by its id, open or closed; None where there is none in a configured currency."""
    row: Break | None = Break.get_or_none(Break.id == break_id)
    if row is None or row.currency not in config.currencies:
        return None
    return _break(row, config.currencies[row.currency].decimals, now)


def figures(config: Config) -> dict[str, tuple[int, int | None]]:
    """Per currency: how many breaks are open, and the units that are unexplained (None: never
    compared)."""
    residual = {row.currency: int(row.residual_units) for row in Reconciliation.select()}
    count = dict.fromkeys(config.currencies, 0)
    for row in Break.select(Break.currency).where(Break.state == "open"):
        count[row.currency] = count.get(row.currency, 0) + 1
    return {symbol: (count[symbol], residual.get(symbol)) for symbol in config.currencies}


def _breaks(config: Config, wanted: object, now: datetime) -> tuple[BreakView, ...]:
    rows = Break.select().where(wanted).order_by(Break.first_seen, Break.kind, Break.subject)
    return tuple(_break(row, config.currencies[row.currency].decimals, now) for row in rows)


def _sum(row: Reconciliation, decimals: int) -> SumView:
    accounts = {name: int(units) for name, units in json.loads(row.accounts).items()}
    timing = tuple(Timing(name, int(units), n) for name, units, n in json.loads(row.timing))
    return SumView(
        row.currency,
        decimals,
        int(row.height),
        row.hash,
        row.at,
        int(row.node_units),
        int(row.books_units),
        accounts,
        timing,
        int(row.residual_units),
    )


def _break(row: Break, decimals: int, now: datetime) -> BreakView:
    lines = [] if row.entry is None else json.loads(row.entry)
    age = now - parse_rfc3339(row.first_seen)
    return BreakView(
        row.id,
        row.kind,
        row.currency,
        decimals,
        row.subject,
        int(row.units),
        json.loads(row.evidence),
        row.owner,
        row.cure,
        tuple((account, currency, int(units)) for account, currency, units in lines),
        row.state,
        row.first_seen,
        row.last_seen,
        row.closed_by,
        max(0, int(age.total_seconds())),
    )
