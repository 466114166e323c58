"""The story to tell a client: where the money of each open or recent payment is, in plain words.

It says nothing that the client's own page would not say, so that support can read it out or send
it as it stands.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from engine import queries
from engine.client_words import deposits, withdrawals
from engine.clock import parse_rfc3339
from engine.config import Config, Currency
from engine.money import format_amount
from engine.views import CurrencyView, PaymentView

RECENT = timedelta(days=7)
TOLD_MAX = 10
KINDS = ("deposit", "withdrawal")


def account(config: Config, client: str, now: datetime) -> str:
    """What this client can be told now: balances, then each open or recent payment, newest first,
    in lines of plain text."""
    currencies = {view.currency.symbol: view for view in queries.currencies(config)}
    payments = _worth_telling(config, client, now)
    parts = [_balances(config, client)]
    parts += [
        told(view, currencies.get(view.currency), returned=queries.returned(view))
        for view in payments[:TOLD_MAX]
    ]
    if len(payments) > TOLD_MAX:
        parts.append("There are more payments; the cashier page shows all of them.")
    if not payments:
        parts.append("There is no payment under way, and there was none in the last seven days.")
    return "\n\n".join(parts)


def told(view: PaymentView, currency: CurrencyView | None, *, returned: int | None = None) -> str:
    """One payment in plain words: what it is, what happened, what it means, what to do. `returned`
    units came back of a withdrawal that failed."""
    known = None if currency is None else currency.currency
    if view.kind == "withdrawal":
        story = withdrawals.story(view, known, returned=returned)
    else:
        story = deposits.story(view, known)
    lines = [_headline(view), f"{story.headline}. {story.meaning}".strip()]
    waits = _pause(view, currency)
    if waits:
        lines.append(waits)
    if story.todo:
        lines.append(story.todo)
    return "\n".join(lines)


def _headline(view: PaymentView) -> str:
    day = deposits.moment_words(view.created_at)
    what = view.kind.capitalize()
    amount = "" if view.amount is None else f" of {view.amount} {view.currency}"
    where = f" to {view.address}" if view.address else ""
    chain_tx = f", txid {view.txid}" if view.txid else ""
    amount = amount or f" of {view.currency}"
    return f"{what}{amount}{where}, asked for on {day} (number {view.id}{chain_tx})"


def _pause(view: PaymentView, currency: CurrencyView | None) -> str:
    """That a currency is paused, where that is what an open payment waits for."""
    is_open = view.state in queries.OPEN_STATES and view.state != "held"
    pause = None if currency is None else currency.pause(view.kind)
    if not is_open or pause is None:
        return ""
    if view.kind == "deposit" and view.sub_state == "paused":
        return ""  # its story says so already
    what = "Crediting" if view.kind == "deposit" else "Sending"
    return f"{what} of {view.currency} is paused at the moment; it goes on by itself."


def _balances(config: Config, client: str) -> str:
    parts = [
        _balance(each, config.currencies[each.currency])
        for each in queries.balances(config, client)
        if each.available or each.pending or each.in_transit
    ]
    if not parts:
        return "The balance is zero in every currency."
    return "Balance: " + "; ".join(parts) + "."


def _balance(view: queries.BalanceView, currency: Currency) -> str:
    def amount(units: int) -> str:
        return f"{format_amount(units, currency.decimals)} {currency.symbol}"

    text = amount(view.available)
    if view.available < 0:
        text = f"{amount(-view.available)} owed, because a deposit was taken back"
    if view.pending:
        text += f", {amount(view.pending)} on the way in"
    if view.in_transit:
        text += f", {amount(view.in_transit)} set aside for withdrawals"
    return text


def _worth_telling(config: Config, client: str, now: datetime) -> list[PaymentView]:
    """Open payments, and those that moved lately; an unpaid request only while it is all."""
    page = queries.list_payments(config, client=client, limit=queries.PAGE_MAX)
    found = [
        view
        for view in page.items
        if view.kind in KINDS
        and (view.state in queries.OPEN_STATES or now - parse_rfc3339(view.updated_at) < RECENT)
    ]
    with_coins = [view for view in found if view.txid or view.kind == "withdrawal"]
    return with_coins or found
