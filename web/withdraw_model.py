"""What the withdrawal page shows: terms, the form as it was filled in, the review, what is under
way. Data for the templates, no HTML."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine import queries
from engine.client_words import withdrawals
from engine.client_words.networks import (
    network_words,
    payee_words,
    place_words,
    receiver_words,
    token_words,
)
from engine.config import Config, Currency
from engine.money import format_amount
from engine.sessions import Session
from engine.views import CurrencyView
from engine.withdrawals.decide import Verdict, decide
from engine.withdrawals.flow import WithdrawalFlow
from engine.withdrawals.quote import Quote, available, quote
from web.cards import (
    NEWEST,
    Card,
    Choice,
    Pause,
    address_groups,
    balance_rows,
    choices_of,
    chosen_currency,
    current_cards,
    of_kind,
)
from web.problems import Refusal

ALL = "all"


@dataclass(frozen=True, slots=True)
class Filled:
    """The form as the client filled it in, and what is wrong with it. `field` is the one to mend:
    `amount`, `address`, or empty where it is neither."""

    address: str = ""
    amount: str = ""
    field: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class WithdrawTerms:
    """What a client must know of the chosen currency before it asks; amounts as text in coins.
    `most` is all that can be withdrawn, empty where that is nothing; `payee` stands over the
    address, `receiver` says what its wallet must take."""

    symbol: str
    name: str
    place: str
    network: str
    token: str
    payee: str
    receiver: str
    fee: str
    minimum: str
    limits: tuple[str, ...]
    available: str
    most: str


@dataclass(frozen=True, slots=True)
class WithdrawModel:
    """The withdrawal page."""

    choices: tuple[Choice, ...]
    pauses: tuple[Pause, ...]
    terms: WithdrawTerms | None
    filled: Filled
    cards: tuple[Card, ...]
    balances: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Review:
    """A withdrawal before it is asked for: the figures with every decimal, the address in groups,
    and `waits` for what will hold it, as far as that is known. `checked` tells that the address is
    written with another case than it was given in, which is the network's check of its letters."""

    symbol: str
    name: str
    place: str
    network: str
    token: str
    checked: bool
    address: str
    groups: tuple[tuple[str, bool], ...]
    amount: str
    figure: str
    fee: str
    total: str
    left: str
    waits: str
    refused: str


def withdraw_model(
    config: Config, session: Session, *, wanted: str | None, filled: Filled, now: datetime
) -> WithdrawModel:
    """Everything on the withdrawal page. `wanted` is the currency chosen on the page, if any."""
    offered = queries.currencies(config)
    open_now = of_kind("withdrawal", queries.open_payments(config, session.client))
    chosen = chosen_currency(config, session, wanted, open_now)
    newest = queries.list_payments(config, client=session.client, limit=NEWEST).items
    currency = config.currencies.get(chosen or "")
    concerned = {view.currency for view in open_now} | {chosen}
    terms = None if currency is None else _terms(currency, session.client)
    if terms is not None and filled.amount == ALL:
        filled = Filled(address=filled.address, amount=terms.most)
    return WithdrawModel(
        choices=choices_of(offered, chosen, kind="withdrawal"),
        pauses=tuple(
            pause for view in offered if (pause := _pause(view)) and pause.symbol in concerned
        ),
        terms=terms,
        filled=filled,
        cards=current_cards(config, open_now, of_kind("withdrawal", newest), now=now),
        balances=balance_rows(queries.balances(config, session.client)),
    )


def review_of(
    config: Config, session: Session, *, currency: str, address: str, amount: str, now: datetime
) -> Review:
    """The withdrawal as it would be. Raises as `engine.withdrawals.quote.quote` does."""
    wish = quote(
        config, client=session.client, currency=currency, address=address, amount=amount, now=now
    )
    settings = wish.currency
    verdict = _foresee(wish, now)
    rest = available(wish.client, settings) - wish.total
    figure, fee, total, left = withdrawals.exact(settings, wish.units, wish.fee, wish.total, rest)
    return Review(
        symbol=settings.symbol,
        name=settings.name,
        place=place_words(settings),
        network=network_words(settings),
        token=token_words(settings),
        checked=settings.family == "evm" and wish.address != address,
        address=wish.address,
        groups=address_groups(wish.address),
        amount=format_amount(wish.units, settings.decimals),
        figure=figure,
        fee=fee,
        total=total,
        left=left,
        waits=verdict.reason if verdict.event == "hold" else "",
        refused=verdict.reason if verdict.event == "refuse" else "",
    )


def mended(refusal: Refusal, *, address: str, amount: str) -> Filled:
    """The form again, with what a refusal says of it at the field that it is about."""
    field = ""
    if refusal.code.startswith("address_"):
        field = "address"
    elif refusal.code.startswith("amount_") or refusal.code in _ABOUT_AMOUNT:
        field = "amount"
    said = refusal.detail[:1].upper() + refusal.detail[1:]
    return Filled(address=address, amount=amount, field=field, problem=said)


_ABOUT_AMOUNT = frozenset({"balance_insufficient", "limit_exceeded"})


def _foresee(wish: Quote, now: datetime) -> Verdict:
    flow = WithdrawalFlow(
        currency=wish.currency.symbol,
        client=wish.client,
        address=wish.address,
        now=now,
        units=wish.units,
    )
    return decide(wish.currency, client=wish.client, units=wish.units, flow=flow)


def _pause(view: CurrencyView) -> Pause | None:
    found = view.pause("withdrawal")
    symbol = view.currency.symbol
    if found is None:
        return None
    return Pause(symbol, withdrawals.pause_words(symbol, found.reason), found.since)


def _terms(currency: Currency, client: str) -> WithdrawTerms:
    has = available(client, currency)
    most = has - currency.withdrawal.fee
    payable = most >= currency.least_withdrawal
    return WithdrawTerms(
        symbol=currency.symbol,
        name=currency.name,
        place=place_words(currency),
        network=network_words(currency),
        token=token_words(currency),
        payee=payee_words(currency),
        receiver=receiver_words(currency),
        fee=withdrawals.fee_words(currency),
        minimum=withdrawals.minimum_words(currency),
        limits=withdrawals.limit_words(currency),
        available=withdrawals.exact(currency, has)[0],
        most=format_amount(most, currency.decimals) if payable else "",
    )
