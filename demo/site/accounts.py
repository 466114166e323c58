"""What the trading site shows of its clients: the cashier's books, in the site's own words."""

from __future__ import annotations

from dataclasses import dataclass

from db.models import Address
from engine import queries
from engine.client_words.figures import figure
from engine.config import Config, Currency
from engine.money import format_amount
from engine.queries import PaymentView

PAYMENTS_MAX = 8

# Nobody signs in here: whoever opens the demo is any of them.
CLIENTS = {"CR1042": "Ada Lindqvist", "CR0007": "Bo Okafor", "CR2210": "Chiara O'Neill"}

_WITHDRAWAL_SAYS = {
    "requested": "being sent",
    "held": "being looked at",
    "confirmed": "confirmed",
    "credited": "in your wallet",
    "refused": "not sent",
    "cancelled": "taken back",
    "failed": "not paid",
}
_SAYS = {
    "requested": "waits for coins",
    "held": "being looked at",
    "confirmed": "confirmed",
    "credited": "in your balance",
    "expired": "nothing came",
    "vanished": "never arrived",
    "reversed": "taken back",
    "refused": "not accepted",
}

_KINDS = {"deposit": _SAYS, "withdrawal": _WITHDRAWAL_SAYS}


@dataclass(frozen=True, slots=True)
class Holding:
    """One currency of a client: amounts as text; `address` is where coins would be sent now."""

    symbol: str
    name: str
    available: str
    pending: str | None
    address: str | None


@dataclass(frozen=True, slots=True)
class Line:
    """One payment in a line: `state` is the cashier's word, `says` is the site's."""

    kind: str

    amount: str
    symbol: str
    state: str
    says: str
    at: str


@dataclass(frozen=True, slots=True)
class Account:
    """A client and all that the site shows of it."""

    client: str
    name: str
    holdings: tuple[Holding, ...]
    payments: tuple[Line, ...]


def read_account(config: Config, client: str) -> Account:
    """The account of one of CLIENTS; needs an open database connection."""
    balances = {row.currency: row for row in queries.balances(config, client)}
    page = queries.list_payments(config, client=client, limit=PAYMENTS_MAX)
    return Account(
        client=client,
        name=CLIENTS[client],
        holdings=tuple(
            _holding(currency, balances[symbol], client=client)
            for symbol, currency in config.currencies.items()
        ),
        payments=tuple(_line(view) for view in page.items if view.kind in _KINDS),
    )


def address_of(currency: Currency, client: str) -> str | None:
    """The client's newest deposit address, None before its first deposit."""
    row = (
        Address.select()
        .where(
            (Address.chain == currency.chain)
            & (Address.client == client)
            & (Address.purpose == "deposit")
        )
        .order_by(Address.issued_at.desc(), Address.id.desc())
        .first()
    )
    return None if row is None else str(row.address)


def _holding(currency: Currency, balance: queries.BalanceView, *, client: str) -> Holding:
    pending = format_amount(balance.pending, currency.decimals) if balance.pending else None
    return Holding(
        symbol=currency.symbol,
        name=currency.name,
        available=figure(balance.available, currency.decimals),
        pending=pending,
        address=address_of(currency, client),
    )


def _line(view: PaymentView) -> Line:
    return Line(
        kind=view.kind,
        amount=view.amount or "",
        symbol=view.currency,
        state=view.state,
        says=_says(view),
        at=view.created_at,
    )


def _says(view: PaymentView) -> str:
    if view.state == "pending":
        return f"{view.confirmations} of {view.confirmations_required} confirmations"
    return _KINDS[view.kind].get(view.state, view.state)
