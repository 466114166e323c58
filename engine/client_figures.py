"""Clients as support sees them: balances, addresses, blocks, limits; read-only rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import peewee

from db.models import Address, Balance, Client, Payment
from engine import chronicle, queries
from engine.chronicle import Remark, Subject
from engine.client_words.account import account
from engine.config import Config
from engine.ledger import client_account
from engine.views import BalanceView
from engine.withdrawals.flow import WithdrawalFlow

PAGE_MAX = 200
ADDRESSES_MAX = 100  # the newest
WINDOW = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class ClientLine:
    """A client in a list: `funds` are (currency, decimals, units) of balances that are not zero,
    `open` how many payments are under way."""

    id: str
    created_at: str
    blocked: bool
    blocked_reason: str
    funds: tuple[tuple[str, int, int], ...]
    open: int


@dataclass(frozen=True, slots=True)
class AddressLine:
    """An address that was given to a client: since when, and when the first coin came."""

    chain: str
    address: str
    issued_at: str
    used_at: str | None


@dataclass(frozen=True, slots=True)
class Spent:
    """What a client asked to be paid in 24 hours, against the most that is allowed; units."""

    currency: str
    decimals: int
    units: int
    limit: int | None


@dataclass(frozen=True, slots=True)
class ClientFigures:
    """All that is known of one client. `acts` are what staff did to it, oldest first; `story` is
    the account to give them, plain text."""

    line: ClientLine
    blocked_at: str | None
    balances: tuple[BalanceView, ...]
    addresses: tuple[AddressLine, ...]
    spent: tuple[Spent, ...]
    acts: tuple[Remark, ...]
    story: str


def count(find: str = "") -> int:
    """How many clients have an id that begins so."""
    return int(_select(find).count())


def page(
    config: Config, find: str = "", *, after: str | None = None, skip: int = 0, limit: int = 50
) -> tuple[ClientLine, ...]:
    """Up to `limit` clients by id, after the first `skip` of those behind `after`."""
    rows = _select(find)
    if after is not None:
        rows = rows.where(Client.id > after)
    return _lines(config, rows.order_by(Client.id).limit(min(limit, PAGE_MAX)).offset(skip))


def lines_of(config: Config, clients: Sequence[str]) -> tuple[ClientLine, ...]:
    """These clients as they are now."""
    return _lines(config, Client.select().where(Client.id.in_(list(clients))))


def figures(config: Config, client: str, now: datetime) -> ClientFigures | None:
    """One client; None for an id that was never seen."""
    row = Client.get_or_none(Client.id == client)
    if row is None:
        return None
    return ClientFigures(
        line=_lines(config, [row])[0],
        blocked_at=row.blocked_at,
        balances=queries.balances(config, client),
        addresses=_addresses(client),
        spent=_spent(config, client, now),
        acts=chronicle.remarks(Subject("client", client, client=client)),
        story=account(config, client, now),
    )


def _select(find: str) -> peewee.ModelSelect[Client]:
    rows = Client.select()
    if find:
        # A range finds the prefix along the key's index on both databases.
        rows = rows.where((Client.id >= find) & (Client.id < find + "\U0010ffff"))
    return rows


def _lines(config: Config, rows: Iterable[Client]) -> tuple[ClientLine, ...]:
    found = list(rows)
    ids = [row.id for row in found]
    funds, under_way = _funds(config, ids), _under_way(ids)
    return tuple(
        ClientLine(
            id=row.id,
            created_at=row.created_at,
            blocked=bool(row.blocked),
            blocked_reason=row.blocked_reason,
            funds=tuple(funds.get(row.id, ())),
            open=under_way.get(row.id, 0),
        )
        for row in found
    )


def _funds(config: Config, ids: Sequence[str]) -> dict[str, list[tuple[str, int, int]]]:
    by_account = {client_account(client): client for client in ids}
    rows = Balance.select().where(Balance.account.in_(list(by_account))).order_by(Balance.currency)
    found: dict[str, list[tuple[str, int, int]]] = defaultdict(list)
    for row in rows:
        currency = config.currencies.get(row.currency)
        if int(row.units) and currency is not None:
            found[by_account[row.account]].append(
                (row.currency, currency.decimals, -int(row.units))
            )
    return found


def _under_way(ids: Sequence[str]) -> dict[str, int]:
    """Open payments by client; a request that nobody paid is none."""
    counted = peewee.fn.COUNT(Payment.id)
    rows: Any = (
        Payment.select(Payment.client, counted)
        .where(
            Payment.client.in_(list(ids))
            & Payment.state.in_(queries.OPEN_STATES)
            & (~Payment.units.is_null())
        )
        .group_by(Payment.client)
    )
    return {client: int(number) for client, number in rows.tuples()}


def _addresses(client: str) -> tuple[AddressLine, ...]:
    rows = (
        Address.select()
        .where(Address.client == client)
        .order_by(Address.issued_at.desc())
        .limit(100)
    )
    return tuple(
        AddressLine(row.chain, row.address, str(row.issued_at or ""), row.used_at) for row in rows
    )


def _spent(config: Config, client: str, now: datetime) -> tuple[Spent, ...]:
    found = []
    for symbol, currency in config.currencies.items():
        flow = WithdrawalFlow(currency=symbol, client=client, address="", now=now)
        limit, units = currency.withdrawal.daily_limit, flow.of_client(WINDOW)
        if units or limit is not None:
            found.append(Spent(symbol, currency.decimals, units, limit))
    return tuple(found)
