"""A client asks for a deposit address: the unused one it has, or a fresh one from the pool."""

from __future__ import annotations

from datetime import datetime
from functools import partial

import peewee

from db.connection import database
from db.models import Address, Payment
from engine import queries
from engine.address_pool import issue
from engine.clock import rfc3339
from engine.config import Config, Currency
from engine.errors import CurrencyUnknown, StaleState
from engine.lifecycle import Batch
from engine.queries import PaymentView

ATTEMPTS_MAX = 5


def request_deposit(
    config: Config, *, client: str, currency: str, now: datetime
) -> tuple[PaymentView, bool]:
    """The client's open request, and whether it or its address is new to the client.

    Two requests at once end with one address: the database's constraints decide, and the loser
    reads what the winner wrote. Raises CurrencyUnknown, AddressPoolEmpty.
    """
    settings = config.currencies.get(currency)
    if settings is None:
        raise CurrencyUnknown(f"no currency {currency!r} here")
    for _ in range(ATTEMPTS_MAX):
        try:
            payment, created = _find_or_open(config, settings, client=client, now=now)
        except (peewee.IntegrityError, StaleState):
            continue
        return queries.find_payment(config, payment.id), created
    raise StaleState("too many requests at once for one client; try again")


def _find_or_open(
    config: Config, currency: Currency, *, client: str, now: datetime
) -> tuple[Payment, bool]:
    payment = _open_request(currency, client)
    if payment is not None:
        return payment, False
    known = _known_address(currency, client)
    with database.atomic():
        address = known or issue(currency.chain, client=client, now=now)
        with Batch(config, actor=f"client:{client}", now=now) as batch:
            if address.used_at is None:
                batch.also(partial(_check_unused, address))
            payment = batch.open(
                kind="deposit",
                client=client,
                currency=currency.symbol,
                chain=currency.chain,
                address=address.address,
                expires_at=rfc3339(now + currency.request_ttl),
                evidence={"address": address.address, "reused": known is not None},
            )
    return payment, known is None or known.used_at is not None


def _known_address(currency: Currency, client: str) -> Address | None:
    """The client's unused address; where a client keeps one for ever, that one, used or not."""
    rows = Address.select().where(
        (Address.chain == currency.chain)
        & (Address.client == client)
        & (Address.purpose == "deposit")
    )
    if not currency.one_address:
        rows = rows.where(Address.used_at.is_null())
    found: Address | None = rows.order_by(Address.id).first()
    return found


def _check_unused(address: Address) -> None:
    """A coin may arrive on the address at this very moment: whoever writes its row first decides,
    and the engine looks for requests after it wrote."""
    untouched = Address.update(issued_at=Address.issued_at).where(
        (Address.id == address.id) & Address.used_at.is_null()
    )
    if untouched.execute() != 1:
        raise StaleState("a coin arrived on the address meanwhile; ask again")


def _open_request(currency: Currency, client: str) -> Payment | None:
    return Payment.get_or_none(
        (Payment.client == client)
        & (Payment.currency == currency.symbol)
        & (Payment.kind == "deposit")
        & (Payment.state == "requested")
    )
