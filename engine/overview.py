"""The figures of `cashier status`: chain, balances by account and payments by state."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import fn

from db.connection import database
from db.exact import sum_sql
from db.models import Payment
from engine import brakes, orders, queries
from engine.config import Config, Currency
from engine.money import format_amount
from engine.moves.addresses import hot_address
from engine.reconciliation import standing
from engine.sweeps import reasons

ENGINE_SILENT = "the engine is not running"
NOT_CONTACTED = "not contacted yet"

# Accounts of which there is one for each client or payment are shown as their sum.
_MANY = ("client", "suspense")


@dataclass(frozen=True, slots=True)
class CurrencyStanding:
    """How one currency stands. Balances are in units, all shown positive; `tip_age` in seconds;
    `unexplained` is the residual of the last reconciliation in units, None before the first."""

    currency: str
    network: str
    decimals: int
    state: str
    reason: str
    height: int | None
    hash: str | None
    behind: int | None
    tip_age: int | None
    hot_address: str | None
    balances: dict[str, int]
    payments: dict[str, int]
    breaks: int
    unexplained: int | None

    @property
    def well(self) -> bool:
        return self.state == "well"

    def as_json(self) -> dict[str, Any]:
        return {
            "currency": self.currency,
            "network": self.network,
            "state": self.state,
            "reason": self.reason or None,
            "height": self.height,
            "hash": self.hash,
            "behind": self.behind,
            "tip_age": self.tip_age,
            "hot_address": self.hot_address,
            "balances": {
                account: format_amount(units, self.decimals)
                for account, units in self.balances.items()
            },
            "payments": self.payments,
            "breaks": self.breaks,
            "unexplained": self._unexplained,
        }

    @property
    def _unexplained(self) -> str | None:
        if self.unexplained is None:
            return None
        return format_amount(self.unexplained, self.decimals)


@dataclass(frozen=True, slots=True)
class Overview:
    """`engine` is `running` or `stopped`."""

    engine: str
    currencies: tuple[CurrencyStanding, ...]

    @property
    def well(self) -> bool:
        return all(currency.well for currency in self.currencies)


def overview(config: Config, now: datetime) -> Overview:
    """Everything at once; whatever an engine that is silent said last is not believed any more."""
    alive = orders.engine_alive(now)
    chains = {chain.symbol: chain for chain in queries.chains(config)}
    balances, payments, reconciled = _balances(), _payments(), standing.figures(config)
    waits = reasons.waiting()
    return Overview(
        "running" if alive else "stopped",
        tuple(
            _standing(
                currency,
                chains.get(currency.chain),
                now=now,
                alive=alive,
                balances=balances[currency.symbol],
                payments=payments[currency.symbol],
                reconciled=reconciled[currency.symbol],
                waits=waits.get(currency.symbol, ""),
            )
            for currency in config.currencies.values()
        ),
    )


def _standing(
    currency: Currency,
    chain: queries.ChainView | None,
    *,
    now: datetime,
    alive: bool,
    balances: dict[str, int],
    payments: dict[str, int],
    reconciled: tuple[int, int | None],
    waits: str,
) -> CurrencyStanding:
    state, reason = ("paused", NOT_CONTACTED) if chain is None else (chain.state, chain.reason)
    on = brakes.of_currency(currency.symbol)
    if on:
        said = [f"{on[kind].words}: {on[kind].reason}" for kind in sorted(on)]
        state, reason = "paused", "; ".join([*said, *([reason] if state == "paused" else [])])
    elif state == "well" and waits:
        reason = f"nothing is swept: {waits}"
    if not alive:
        state, reason = "paused", ENGINE_SILENT
    tip_time = chain.tip_time if chain else 0
    return CurrencyStanding(
        currency=currency.symbol,
        network=currency.network,
        decimals=currency.decimals,
        state=state,
        reason=reason,
        height=chain.height if chain else None,
        hash=chain.hash if chain else None,
        behind=chain.behind if chain else None,
        tip_age=max(0, int(now.timestamp()) - tip_time) if tip_time else None,
        hot_address=hot_address(currency.chain),
        balances=dict(sorted(balances.items())),
        payments=dict(sorted(payments.items())),
        breaks=reconciled[0],
        unexplained=reconciled[1],
    )


def _balances() -> dict[str, dict[str, int]]:
    """Units by currency and account, `client:*` standing for all clients together."""
    cases = " ".join(
        f"WHEN SUBSTR(account, 1, {len(name) + 1}) = '{name}:' THEN '{name}:*'" for name in _MANY
    )
    # Constants only; nothing from outside is in the text.
    total = sum_sql(database.obj, "units")
    query = f"SELECT currency, CASE {cases} ELSE account END, {total} FROM balance GROUP BY 1, 2"  # noqa: S608
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for currency, account, units in database.execute_sql(query):
        signed = int(units)
        found[currency][account] = signed if account.startswith("wallet:") else -signed
    return found


def _payments() -> dict[str, dict[str, int]]:
    """How many payments of each currency are in each state."""
    rows: Any = Payment.select(
        Payment.currency, Payment.state, fn.COUNT(Payment.id).alias("count")
    ).group_by(Payment.currency, Payment.state)
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for row in rows.dicts():
        found[row["currency"]][row["state"]] = int(row["count"])
    return found
