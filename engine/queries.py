"""Read-only rows for page, console and commands, as the frozen dataclasses of engine.views."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import peewee

from db.models import Address, Balance, Chain, Entry, History, Payment, Posting
from engine import brakes
from engine.coins import read_evm_address
from engine.config import Config, Currency
from engine.deposits.rules import confirmations
from engine.errors import PaymentNotFound
from engine.ledger import client_account
from engine.uri import payment_uri
from engine.views import BalanceView, ChainView, CurrencyView, HistoryView, Page, PaymentView

__all__ = [
    "OPEN_STATES",
    "PAGE_MAX",
    "BalanceView",
    "ChainView",
    "CurrencyView",
    "HistoryView",
    "Page",
    "PaymentView",
    "balances",
    "chains",
    "currencies",
    "find_payment",
    "history",
    "last_seq",
    "list_payments",
    "moved_since",
    "open_payments",
    "returned",
    "tips",
    "views",
]

PAGE_MAX = 200
FIND_MAX = 128  # longer than any id, client, address or txid
OPEN_STATES = ("requested", "held", "pending", "confirmed")

_ID = re.compile(r"[0-9a-f]{32}")


def find_payment(config: Config, payment_id: str, *, client: str | None = None) -> PaymentView:
    """One payment, of this client if one is given. Raises PaymentNotFound."""
    row = None
    if _ID.fullmatch(payment_id):  # drivers raise for text that no database can hold
        row = Payment.get_or_none(Payment.id == payment_id)
    if row is None or (client is not None and row.client != client):
        raise PaymentNotFound("there is no such payment")
    return _views(config, [row])[0]


def list_payments(
    config: Config,
    *,
    client: str | None = None,
    state: str | None = None,
    currency: str | None = None,
    find: str | None = None,
    after: str | None = None,
    limit: int = 50,
) -> Page:
    """Payments, newest first; `find` matches id, client, address or txid exactly or by an id or
    txid prefix of 6 characters or more. Raises ValueError for a cursor that is not one of ours."""
    rows = Payment.select()
    if client is not None:
        rows = rows.where(Payment.client == client)
    if state is not None:
        rows = rows.where(Payment.state == state)
    if currency is not None:
        rows = rows.where(Payment.currency == currency)
    if find is not None:
        if len(find) > FIND_MAX or not find.isprintable():
            return Page((), None)
        rows = rows.where(_matches(find))
    if after is not None:
        rows = rows.where(Payment.first_seq < _cursor(after))
    limit = max(1, min(limit, PAGE_MAX))
    found = list(rows.order_by(Payment.first_seq.desc()).limit(limit + 1))
    following = str(found[limit - 1].first_seq) if len(found) > limit else None
    return Page(tuple(_views(config, found[:limit])), following)


def open_payments(config: Config, client: str) -> tuple[PaymentView, ...]:
    """This client's payments that are not at an end, newest first, 200 at most."""
    rows = (
        Payment.select()
        .where((Payment.client == client) & Payment.state.in_(OPEN_STATES))
        .order_by(Payment.first_seq.desc())
        .limit(PAGE_MAX)
    )
    return tuple(_views(config, list(rows)))


def history(config: Config, payment_id: str) -> tuple[HistoryView, ...]:  # noqa: ARG001
    """Every move of a payment, oldest first."""
    rows = History.select().where(History.payment == payment_id).order_by(History.seq)
    return tuple(
        HistoryView(
            row.seq,
            row.event,
            row.from_state,
            row.to_state,
            row.at,
            row.actor,
            row.reason,
            row.rule,
            json.loads(row.evidence),
            row.hash,
        )
        for row in rows
    )


def seen_at(payments: Iterable[str]) -> dict[str, str]:
    """When the coin of each of these deposits was seen first, RFC 3339; those without are left out.
    (A request is older than its coin.)"""
    rows = (
        History.select(History.payment, History.at)
        .where(History.payment.in_(sorted(payments)) & (History.event == "see"))
        .order_by(History.seq)
    )
    found: dict[str, str] = {}
    for row in rows:
        found.setdefault(str(row.payment), str(row.at))
    return found


def returned(view: PaymentView) -> int | None:
    """Units that went back to the client of a withdrawal that failed on chain; None for others."""
    if view.state != "failed" or view.client is None:
        return None
    rows = (
        Posting.select(Posting.units)
        .join(Entry, on=(Posting.entry == Entry.id))
        .where(
            (Entry.payment == view.id)
            & (Entry.event == "fail")
            & (Posting.account == client_account(view.client))
        )
    )
    return -sum(int(row.units) for row in rows)


def balances(config: Config, client: str) -> tuple[BalanceView, ...]:
    """What this client has in every configured currency."""
    kept = {
        row.currency: -int(row.units)
        for row in Balance.select().where(Balance.account == client_account(client))
    }
    pending = _sums(client, kind="deposit", states=("pending", "confirmed"))
    in_transit = _sums(client, kind="withdrawal", states=OPEN_STATES)
    return tuple(
        BalanceView(
            symbol,
            currency.decimals,
            kept.get(symbol, 0),
            pending.get(symbol, 0),
            in_transit.get(symbol, 0),
        )
        for symbol, currency in config.currencies.items()
    )


def _sums(client: str, *, kind: str, states: Sequence[str]) -> dict[str, int]:
    """Amounts and fees of a client's payments in these states, in units by currency."""
    rows = Payment.select(Payment.currency, Payment.units, Payment.fee_units).where(
        (Payment.client == client) & (Payment.kind == kind) & Payment.state.in_(states)
    )
    sums: dict[str, int] = defaultdict(int)
    for row in rows:
        sums[row.currency] += int(row.units or 0) + int(row.fee_units or 0)
    return sums


def currencies(config: Config) -> tuple[CurrencyView, ...]:
    """Every configured currency with the state of its chain, and what a person paused."""
    known = {view.symbol: view for view in chains(config)}
    braked = {kind: brakes.braked(kind) for kind in brakes.KINDS}
    return tuple(
        CurrencyView(
            currency,
            known.get(currency.chain),
            {kind: on[currency.symbol] for kind, on in braked.items() if currency.symbol in on},
        )
        for currency in config.currencies.values()
    )


def chains(config: Config) -> tuple[ChainView, ...]:
    """Every configured chain, as the engine last saw it."""
    wanted = sorted({currency.chain for currency in config.currencies.values()})
    rows = {row.symbol: row for row in Chain.select().where(Chain.symbol.in_(wanted))}
    return tuple(_chain_view(rows[symbol]) for symbol in wanted if symbol in rows)


def tips(config: Config) -> dict[str, int]:  # noqa: ARG001
    """Followed height by chain: a change means that confirmations moved."""
    return {row.symbol: int(row.height) for row in Chain.select(Chain.symbol, Chain.height)}


def last_seq() -> int:
    """Number of the newest history row; 0 before the first."""
    return int(History.select(peewee.fn.MAX(History.seq)).scalar() or 0)


def moved_since(seq: int, *, limit: int = 500) -> list[tuple[int, str | None, str]]:
    """Moves after `seq` as (seq, client, payment id), in order, none skipped."""
    rows = (
        History.select(History.seq, History.client, History.payment)
        .where(History.seq > seq)
        .order_by(History.seq)
        .limit(limit)
    )
    return [(row.seq, row.client, row.payment) for row in rows]


def _chain_view(row: Chain) -> ChainView:
    followed = int(row.height) >= 0
    behind = None
    if row.node_height is not None and followed:
        behind = max(0, int(row.node_height) - int(row.height))
    return ChainView(
        row.symbol,
        row.state,
        row.reason,
        row.since,
        int(row.height) if followed else None,
        row.hash,
        behind,
        int(row.tip_time),
        row.peers,
        row.version,
        row.checked_at,
        row.beat_at,
    )


def _matches(text: str) -> Any:
    exact = (
        (Payment.id == text)
        | (Payment.client == text)
        | (Payment.address == (read_evm_address(text) or text))
        | (Payment.txid == text)
        | Payment.address.in_(Address.select(Address.address).where(Address.client == text))
    )
    if len(text) < 6 or not text.isalnum():
        return exact
    return exact | Payment.id.startswith(text) | Payment.txid.startswith(text)


def _cursor(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise ValueError("after must be a cursor that this list gave")
    return int(text)


def _views(config: Config, rows: Sequence[Payment]) -> list[PaymentView]:
    heights = tips(config) if rows else {}
    return [_view(config, row, heights) for row in rows]


def _view(config: Config, row: Payment, heights: dict[str, int]) -> PaymentView:
    currency = config.currencies.get(row.currency)
    required = row.required
    if required is None and currency is not None:
        required = currency.confirmations.required(currency.deposit_minimum)
    return PaymentView(
        id=row.id,
        kind=row.kind,
        client=row.client,
        currency=row.currency,
        network="" if currency is None else currency.network,
        decimals=0 if currency is None else currency.decimals,
        # Without its currency nobody knows where the point stands: no amount, rather than a wrong
        # one. The history has it as it was.
        units=None if currency is None else row.units,
        fee_units=None if currency is None else row.fee_units,
        address=row.address,
        uri=_uri(row, currency),
        state=row.state,
        sub_state=row.sub_state,
        unsettled=row.unsettled,
        reason=row.reason,
        confirmations=confirmations(heights.get(row.chain, -1), row.block_height),
        confirmations_required=int(required or 0),
        txid=row.txid,
        index=row.idx,
        block_hash=row.block_hash,
        block_height=row.block_height,
        successor=row.successor,
        created_at=row.created_at,
        updated_at=row.updated_at,
        expires_at=row.expires_at,
        first_seq=row.first_seq,
        last_seq=row.last_seq,
    )


def _uri(row: Payment, currency: Currency | None) -> str | None:
    """A link for the client's wallet: where a deposit is paid, nothing else."""
    if currency is None or not row.address or row.kind != "deposit":
        return None
    return payment_uri(currency, row.address)


def views(config: Config, rows: Iterable[Payment]) -> tuple[PaymentView, ...]:
    """Views of rows that were read elsewhere."""
    return tuple(_views(config, list(rows)))
