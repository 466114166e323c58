"""How each chain and its money stand, for whoever watches: rows that the engine keeps, no node.

The course of the last day is counted from a bounded part of the histories, newest first, so that it
costs the same on a house of any age.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from peewee import SQL, fn

from db.models import Balance, Block, Chain, History, Lease, Payment
from engine import brakes, queries
from engine.brakes import BrakeView
from engine.clock import parse_rfc3339, rfc3339
from engine.config import Config, Currency
from engine.ledger import WALLET_COLD, WALLET_DEPOSITS, WALLET_HOT
from engine.moves.addresses import hot_address
from engine.moves.ceiling import hot_units, waiting_units
from engine.orders import ENGINE_SILENT_AFTER
from engine.outflows import promised
from engine.views import ChainView

HOURS = 24
SCANNED_MAX = 200_000  # history rows that one course is counted from
QUEUED = ("requested", "held")


@dataclass(frozen=True, slots=True)
class Funds:
    """One currency's money on a chain, in units: `free` may be sent now, `waiting` is asked for by
    clients and not in any chain tx yet; `ceiling` is what the hot wallet may hold, None without."""

    currency: str
    decimals: int
    hot: int
    deposits: int
    cold: int
    free: int
    waiting: int
    ceiling: int | None

    @property
    def short(self) -> int:
        """Units that are missing to pay all that waits; 0 when nothing is."""
        return max(0, self.waiting - self.free)


@dataclass(frozen=True, slots=True)
class Course:
    """The last hours, oldest first, the running one last; `hours` of them are covered by what was
    counted. `queue` is how many withdrawals waited at the end of each."""

    blocks: tuple[int, ...]
    deposits: tuple[int, ...]
    queue: tuple[int, ...]
    hours: int


@dataclass(frozen=True, slots=True)
class ChainFigures:
    """`fee_rate` is in units per 1,000 virtual bytes (EVM: per gas), as of `fee_rate_at`;
    `tip_age` in seconds; `holder` is the engine that follows, None for none that is alive."""

    view: ChainView
    name: str
    family: str
    network: str
    running: bool
    holder: str | None
    tip_age: int | None
    fee_rate: int | None
    fee_rate_at: str | None
    hot_address: str | None
    brakes: tuple[BrakeView, ...]
    funds: tuple[Funds, ...]


def figures(config: Config, now: datetime) -> tuple[ChainFigures, ...]:
    """Every configured chain that was set up, by its symbol."""
    rows = {row.symbol: row for row in Chain.select()}
    holders = {row.chain: row.holder for row in Lease.select()}
    balances = _wallets()
    return tuple(
        _figures(
            config,
            view,
            rows[view.symbol],
            holder=holders.get(view.symbol),
            balances=balances,
            now=now,
        )
        for view in queries.chains(config)
    )


def _figures(
    config: Config,
    view: ChainView,
    row: Chain,
    *,
    holder: str | None,
    balances: dict[tuple[str, str], int],
    now: datetime,
) -> ChainFigures:
    currencies = [c for c in config.currencies.values() if c.chain == view.symbol]
    native = config.currencies[view.symbol]
    symbols = {currency.symbol for currency in currencies}
    running = _is_alive(view, now)
    return ChainFigures(
        view=view,
        name=native.name,
        family=native.family,
        network=native.network,
        running=running,
        holder=holder if running else None,
        tip_age=max(0, int(now.timestamp()) - view.tip_time) if view.tip_time else None,
        fee_rate=row.fee_rate,
        fee_rate_at=row.fee_rate_at,
        hot_address=hot_address(view.symbol),
        brakes=tuple(
            each
            for kind in brakes.KINDS
            for each in brakes.braked(kind).values()
            if each.currency in symbols
        ),
        funds=tuple(_funds(currency, balances) for currency in currencies),
    )


def _is_alive(view: ChainView, now: datetime) -> bool:
    beat = view.beat_at
    return bool(beat) and now - parse_rfc3339(str(beat)) < ENGINE_SILENT_AFTER


def _wallets() -> dict[tuple[str, str], int]:
    """Units by account and currency of the three wallets."""
    accounts = (WALLET_HOT, WALLET_DEPOSITS, WALLET_COLD)
    rows = Balance.select().where(Balance.account.in_(accounts))
    return {(row.account, row.currency): int(row.units) for row in rows}


def _funds(currency: Currency, balances: dict[tuple[str, str], int]) -> Funds:
    symbol = currency.symbol
    return Funds(
        currency=symbol,
        decimals=currency.decimals,
        hot=balances.get((WALLET_HOT, symbol), 0),
        deposits=balances.get((WALLET_DEPOSITS, symbol), 0),
        cold=balances.get((WALLET_COLD, symbol), 0),
        free=max(0, hot_units(currency) - promised(currency.chain, symbol)),
        waiting=waiting_units(symbol),
        ceiling=currency.cold.above if currency.cold else None,
    )


def course(config: Config, symbol: str, now: datetime) -> Course:
    """The last 24 hours of a chain."""
    symbols = [c.symbol for c in config.currencies.values() if c.chain == symbol]
    hours = _hours(now)
    first, whole = _first_seq(now - timedelta(hours=HOURS))
    seen: dict[str, int] = defaultdict(int)
    grown: dict[str, int] = defaultdict(int)
    for hour, count, change in _moves(symbols, first):
        seen[hour] += count
        grown[hour] += change
    return Course(
        blocks=_blocks(symbol, now),
        deposits=tuple(seen.get(hour, 0) for hour in hours),
        queue=_queue(_queued(symbols), [grown.get(hour, 0) for hour in hours]),
        hours=HOURS if whole else _covered(first, now),
    )


def _hours(now: datetime) -> list[str]:
    """The beginnings of RFC 3339 times in each of the last hours."""
    return [rfc3339(now - timedelta(hours=back))[:13] for back in range(HOURS - 1, -1, -1)]


def _first_seq(since: datetime) -> tuple[int, bool]:
    """The first history row at or after a moment, by halving; and whether it is not cut off by the
    most that is read."""
    wanted, newest = rfc3339(since), queries.last_seq()
    low, high = max(1, newest - SCANNED_MAX + 1), newest + 1
    cut = low
    while low < high:
        middle = (low + high) // 2
        row = History.get_or_none(History.seq == middle)
        if row is not None and row.at >= wanted:
            high = middle
        else:
            low = middle + 1
    return low, low > cut or cut == 1


def _moves(symbols: Sequence[str], first: int) -> Iterable[tuple[str, int, int]]:
    """By hour: deposits that were seen, and by how many the queue of withdrawals grew."""
    hour = fn.SUBSTR(History.at, 1, 13)
    rows: Any = (
        History.select(
            hour,
            History.kind,
            History.event,
            History.from_state,
            History.to_state,
            fn.COUNT(History.seq),
        )
        .where(
            (History.seq >= first)
            & History.currency.in_(list(symbols))
            & History.kind.in_(("deposit", "withdrawal"))
        )
        .group_by(SQL("1"), SQL("2"), SQL("3"), SQL("4"), SQL("5"))
    )
    for at, kind, event, before, after, count in rows.tuples():
        if kind == "deposit":
            yield at, int(count) if event == "see" else 0, 0
        else:
            yield at, 0, int(count) * ((after in QUEUED) - (before in QUEUED))


def _queued(symbols: Sequence[str]) -> int:
    """How many withdrawals wait now."""
    rows = Payment.select().where(
        (Payment.kind == "withdrawal")
        & Payment.currency.in_(list(symbols))
        & Payment.state.in_(QUEUED)
        & (Payment.final == 0)
    )
    return int(rows.count())


def _queue(now_waiting: int, grown: Sequence[int]) -> tuple[int, ...]:
    """How many waited at the end of each hour, backwards from now."""
    ends = [now_waiting]
    for change in reversed(grown[1:]):
        ends.append(max(0, ends[-1] - change))
    return tuple(reversed(ends))


def _blocks(symbol: str, now: datetime) -> tuple[int, ...]:
    """How many blocks each of the last hours had, by the times in the tips that we followed."""
    end = int(now.timestamp())
    start = end - end % 3600 - (HOURS - 1) * 3600
    rows = (
        Block.select(Block.height, Block.time)
        .where((Block.chain == symbol) & (Block.time >= start - 3600))
        .order_by(Block.height)
    )
    counts = [0] * HOURS
    last: int | None = None
    for row in rows:
        hour = (int(row.time) - start) // 3600
        if last is not None and 0 <= hour < HOURS:
            counts[hour] += int(row.height) - last
        last = int(row.height)
    return tuple(counts)


def _covered(first: int, now: datetime) -> int:
    """Hours from a history row until now."""
    row = History.get_or_none(History.seq == first)
    if row is None:
        return HOURS
    return min(HOURS, int((now - parse_rfc3339(row.at)).total_seconds() // 3600))
