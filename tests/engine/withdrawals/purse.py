"""Clients with balances and what they ask for, for tests of withdrawals."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from db.models import History, Payment
from engine.config import Config
from engine.ledger import WALLET_DEPOSITS, balance, client_account, shift
from engine.queries import PaymentView
from engine.withdrawals.request import request_withdrawal
from tests.engine.house import NOW, post_alone

# Regtest addresses of nobody here.
SEGWIT = "rltc1qdvv7jn728rd3f4c2wlm432kpgmuqlak86qe9fy"
SCRIPT = "QPNgrP3z7vBzagckXXekn6h8NjFkpV9Aut"
PUBKEY = "miM4tvKBvqaNS2Z92XMWSuCSR7Fq1dMsoG"
COIN = 100_000_000
LIMITS: dict[str, Any] = {"minimum": "0.01", "fee": "0.001"}


def fund(client: str = "ann", units: int = 10 * COIN) -> None:
    """The client has this much more, from coins of its own."""
    account = client_account(client)
    post_alone(shift("opening", "LTC", units, to=WALLET_DEPOSITS, out_of=account))


def has(client: str = "ann") -> int:
    """What the client has, in units."""
    return -balance(client_account(client), "LTC")


def ask(
    config: Config,
    *,
    client: str = "ann",
    amount: object = "1",
    address: object = SEGWIT,
    now: datetime = NOW,
    **more: Any,
) -> PaymentView:
    """A client asks for a withdrawal of LTC."""
    return request_withdrawal(
        config, client=client, currency="LTC", address=address, amount=amount, now=now, **more
    )


def events(payment: str) -> list[tuple[str, str]]:
    """Event and actor of each move, oldest first."""
    rows = History.select().where(History.payment == payment).order_by(History.seq)
    return [(row.event, row.actor) for row in rows]


def states() -> list[str]:
    """States of all withdrawals, oldest first."""
    rows = Payment.select().where(Payment.kind == "withdrawal").order_by(Payment.first_seq)
    return [row.state for row in rows]
