"""What the page shows, prepared from what the engine knows: data for the templates, no HTML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine import queries
from engine.client_words import deposits, withdrawals
from engine.client_words.figures import figure
from engine.client_words.networks import (
    also_words,
    lost_words,
    network_words,
    only_words,
    place_words,
    token_words,
)
from engine.client_words.story import Step, Story
from engine.clock import parse_rfc3339
from engine.config import Config, Currency
from engine.deposits.request import request_deposit
from engine.errors import AddressPoolEmpty
from engine.queries import BalanceView, CurrencyView, PaymentView
from engine.sessions import Session
from engine.withdrawals.cancel import is_cancellable
from web.qr import qr_data_uri, qr_text

GROUP = 4
NEWEST = 20
CARDS_MAX = 20
_RECENT = timedelta(days=1)
_ENDS = 8  # characters at either end that people compare


@dataclass(frozen=True, slots=True)
class Choice:
    """A currency that can be chosen."""

    symbol: str
    name: str
    network: str
    chosen: bool
    paused: bool


@dataclass(frozen=True, slots=True)
class Pause:
    """A currency whose payments wait for now; one can go on asking meanwhile."""

    symbol: str
    text: str
    since: str


@dataclass(frozen=True, slots=True)
class Place:
    """Where to pay: the address whole, in groups, and as a QR code, with what must be known."""

    payment: PaymentView
    name: str
    groups: tuple[tuple[str, bool], ...]
    qr: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """What a client must know of the chosen currency before it pays. `place` is the network's name,
    `token` what a token is, `only` and `lost` what may be sent and what becomes of the rest, `also`
    what else the address takes, `one_address` that every deposit goes to the same address."""

    symbol: str
    name: str
    place: str
    network: str
    token: str
    only: str
    lost: str
    also: str
    minimum: str
    confirmations: str
    sighting: str
    one_address: bool


@dataclass(frozen=True, slots=True)
class Card:
    """One payment with its line of states and its story."""

    view: PaymentView
    amount: str
    steps: tuple[Step, ...]
    story: Story
    short_txid: str
    seen: str | None = None
    groups: tuple[tuple[str, bool], ...] = ()
    cancellable: bool = False


@dataclass(frozen=True, slots=True)
class DepositModel:
    """The deposit page."""

    choices: tuple[Choice, ...]
    pauses: tuple[Pause, ...]
    terms: Terms | None
    place: Place | None
    cards: tuple[Card, ...]
    balances: tuple[tuple[str, str, str, str], ...]

    @property
    def again(self) -> bool:
        """Whether the client has deposited this currency just now."""
        chosen = None if self.terms is None else self.terms.symbol
        return any(card.view.currency == chosen for card in self.cards)

    @property
    def follows(self) -> bool:
        """Whether the client has paid and now looks on, so that its deposits come first."""
        return self.again and self.place is None

    @property
    def waits(self) -> bool:
        """Whether something can still change by itself, so that a page without a script reloads."""
        return self.place is not None or any(
            card.view.state in queries.OPEN_STATES for card in self.cards
        )


def deposit_model(
    config: Config, session: Session, *, wanted: str | None, now: datetime
) -> DepositModel:
    """Everything on the deposit page. `wanted` is the currency chosen on the page, if any."""
    offered = queries.currencies(config)
    open_now = of_kind("deposit", queries.open_payments(config, session.client))
    chosen = chosen_currency(config, session, wanted, open_now)
    requested = [view for view in open_now if view.state == "requested"]
    place = next((view for view in requested if view.currency == chosen), None)
    newest = queries.list_payments(config, client=session.client, limit=NEWEST).items
    currency = config.currencies.get(chosen or "")
    return DepositModel(
        choices=choices_of(offered, chosen, kind="deposit"),
        pauses=_pauses(offered, chosen, open_now),
        terms=None if currency is None else _terms(config, currency),
        place=None if place is None or currency is None else _place(place, currency),
        cards=current_cards(config, open_now, of_kind("deposit", newest), now=now),
        balances=balance_rows(queries.balances(config, session.client)),
    )


def open_first(config: Config, session: Session, *, now: datetime) -> None:
    """At entry: a client whose currency is settled finds the address ready. An empty pool is no
    error here, the page has a button to ask again."""
    symbol = session.currency or _only(config)
    if symbol is None or not session.allows("deposit"):
        return
    try:
        request_deposit(config, client=session.client, currency=symbol, now=now)
    except AddressPoolEmpty:
        return


def card_of(config: Config, view: PaymentView, *, seen: str | None = None) -> Card:
    """A payment as the page tells it; `seen` is when its coin was seen first."""
    currency = config.currencies.get(view.currency)
    paid_out = view.kind == "withdrawal"
    if paid_out:
        story = withdrawals.story(view, currency, returned=queries.returned(view))
    else:
        story = deposits.story(view, currency)
    return Card(
        view=view,
        amount=deposits.amount_words(view),
        steps=withdrawals.steps(view) if paid_out else deposits.steps(view),
        story=story,
        short_txid="" if view.txid is None else f"{view.txid[:8]}…{view.txid[-6:]}",
        seen=seen,
        groups=address_groups(view.address or "") if paid_out else (),
        cancellable=is_cancellable(view),
    )


def balance_rows(balances: Sequence[BalanceView]) -> tuple[tuple[str, str, str, str], ...]:
    """(currency, available, pending, in transit) of what is not empty; all of them if everything
    is."""
    full = [row for row in balances if row.available or row.pending or row.in_transit]
    return tuple(
        (
            row.currency,
            figure(row.available, row.decimals),
            figure(row.pending, row.decimals) if row.pending else "",
            figure(row.in_transit, row.decimals) if row.in_transit else "",
        )
        for row in full or balances
    )


def address_groups(address: str) -> tuple[tuple[str, bool], ...]:
    """The address in groups of four with whether a group is one that people compare: the first
    and the last eight characters. What stands before a colon is the network's name, and the 0x of
    EVM chains is the same everywhere: not compared.
    """
    head, body = _head_and_body(address)
    pieces = [body[at : at + GROUP] for at in range(0, len(body), GROUP)]
    starts = [at * GROUP for at in range(len(pieces))]
    groups = [
        (piece, at < _ENDS or at + len(piece) > len(body) - _ENDS)
        for at, piece in zip(starts, pieces, strict=True)
    ]
    return ((head, False), *groups) if head else tuple(groups)


def _head_and_body(address: str) -> tuple[str, str]:
    if address.startswith("0x"):
        return address[:2], address[2:]
    head, colon, body = address.rpartition(":")
    return head + colon, body


def _only(config: Config) -> str | None:
    return next(iter(config.currencies)) if len(config.currencies) == 1 else None


def chosen_currency(
    config: Config, session: Session, wanted: str | None, open_now: Sequence[PaymentView]
) -> str | None:
    """What the client chose, what the site named, the only one, or the one it last asked for."""
    asked = next((view.currency for view in open_now if view.state == "requested"), None)
    for symbol in (wanted, session.currency, _only(config), asked):
        if symbol in config.currencies:
            return symbol
    return None


def choices_of(
    offered: Sequence[CurrencyView], chosen: str | None, *, kind: str
) -> tuple[Choice, ...]:
    """The currencies to choose from, for payments of this kind."""
    return tuple(
        Choice(
            symbol=view.currency.symbol,
            name=view.currency.name,
            network=network_words(view.currency),
            chosen=view.currency.symbol == chosen,
            paused=view.pause(kind) is not None,
        )
        for view in offered
    )


def _pauses(
    offered: Sequence[CurrencyView], chosen: str | None, open_now: Sequence[PaymentView]
) -> tuple[Pause, ...]:
    """The paused currencies that concern this client: the chosen one, and what it waits for."""
    concerned = {view.currency for view in open_now} | {chosen}
    paused = [(view.currency.symbol, view.pause()) for view in offered]
    return tuple(
        Pause(symbol=symbol, text=deposits.pause_words(symbol, pause.reason), since=pause.since)
        for symbol, pause in paused
        if pause is not None and symbol in concerned
    )


def _terms(config: Config, currency: Currency) -> Terms:
    return Terms(
        symbol=currency.symbol,
        name=currency.name,
        place=place_words(currency),
        network=network_words(currency),
        token=token_words(currency),
        only=only_words(currency),
        lost=lost_words(currency),
        also=also_words(currency, config.currencies.values()),
        minimum=deposits.minimum_words(currency),
        confirmations=deposits.confirmation_words(currency),
        sighting=deposits.sighting_words(currency),
        one_address=currency.one_address,
    )


def _place(view: PaymentView, currency: Currency) -> Place:
    address, uri = view.address or "", view.uri or ""
    return Place(
        payment=view,
        name=currency.name,
        groups=address_groups(address),
        qr=qr_data_uri(qr_text(currency, address=address, uri=uri)),
        steps=deposits.steps(view),
    )


def of_kind(kind: str, views: Sequence[PaymentView]) -> tuple[PaymentView, ...]:
    """The payments of this kind."""
    return tuple(view for view in views if view.kind == kind)


def current_cards(
    config: Config,
    open_now: Sequence[PaymentView],
    newest: Sequence[PaymentView],
    *,
    now: datetime,
) -> tuple[Card, ...]:
    """What is under way, and what ended within a day, newest first. Requests for deposits have
    their own place."""
    recent = [view for view in newest if now - parse_rfc3339(view.updated_at) < _RECENT]
    shown = {view.id: view for view in (*open_now, *recent)}
    waiting = {("deposit", "requested"), ("deposit", "expired")}
    views = [view for view in shown.values() if (view.kind, view.state) not in waiting]
    views.sort(key=lambda view: view.first_seq, reverse=True)
    seen = queries.seen_at(view.id for view in views[:CARDS_MAX])
    return tuple(card_of(config, view, seen=seen.get(view.id)) for view in views[:CARDS_MAX])
