"""Acts on a deposit: release it to its client, refuse it, or book a coin that is nobody's."""

from __future__ import annotations

from functools import partial

from db.models import Client, Payment
from engine import brakes, chains, ledger
from engine.approvals.plan import Plan, Proposal
from engine.approvals.subjects import move, payment_plan, reason_of, require_held
from engine.config import Config
from engine.deposits import rules
from engine.deposits.verdicts import ACCUMULATING
from engine.errors import ActRefused
from engine.holdings import is_by_balance
from engine.ledger import HOUSE


def approve(config: Config, payment: Payment, _proposal: Proposal) -> Plan:
    """Release a held deposit to its client; two persons sign what only a balance showed. Raises
    ActRefused."""
    require_held(payment)
    if payment.client is None or payment.reason == rules.HELD_NOBODY:
        raise ActRefused("this deposit belongs to nobody: book it to an account instead")
    _check_creditable(payment)
    return _crediting(config, payment, "release", act="approve", client=payment.client)


def book(config: Config, payment: Payment, proposal: Proposal) -> Plan:
    """Assign a coin of nobody, or one below the minimum, to the house or a client. Above the
    currency's `book_above` two persons must sign. Raises ActRefused."""
    require_held(payment)
    account = proposal.account
    client = None if account == HOUSE else _client_of(account)
    owner = None if payment.reason == rules.HELD_NOBODY else payment.client
    if owner is not None and not _is_small(payment):
        raise ActRefused(f"this deposit belongs to client {owner}: approve or refuse it")
    if owner is not None and client not in {None, owner}:
        raise ActRefused(f"this coin came to an address of client {owner}: book it there or refuse")
    _check_creditable(payment)
    return _crediting(config, payment, "book", act="book", client=client, account=account)


def refuse(config: Config, payment: Payment, proposal: Proposal) -> Plan:
    """Refuse a held deposit; its coins stay in suspense. Raises ActRefused."""
    require_held(payment)
    reason = reason_of(proposal)
    carry_out = partial(move, payment, "refuse", entry=None, changes={"sub_state": ""})
    return payment_plan(config, payment, "refuse", carry_out, fields={"reason": reason})


def _check_creditable(payment: Payment) -> None:
    if payment.unsettled:
        raise ActRefused("its coin is out of the chain for the moment: wait until it is settled")
    braked = brakes.braked("deposit").get(payment.currency)
    if braked is not None:
        raise ActRefused(f"deposits of {payment.currency} are paused: {braked.reason}")
    chain = chains.state(payment.chain)
    if chain.state != "well":
        raise ActRefused(f"crediting of {payment.currency} is paused: {chain.reason}")


def _client_of(account: str | None) -> str:
    prefix, _, client = (account or "").partition(":")
    if prefix != "client" or not client:
        raise ActRefused("coins are booked to house or client:ID")
    if Client.get_or_none(Client.id == client) is None:
        raise ActRefused(f"there is no client {client}")
    return client


def _is_small(payment: Payment) -> bool:
    return payment.reason == rules.HELD_BELOW_MINIMUM or payment.sub_state == ACCUMULATING


def _crediting(
    config: Config,
    payment: Payment,
    event: str,
    *,
    act: str,
    client: str | None,
    account: str | None = None,
) -> Plan:
    """The plan that moves the coin out of suspense to `client`, or to the house."""
    units = int(payment.units or 0)
    entry = ledger.shift(
        event,
        payment.currency,
        units,
        to=ledger.suspense_account(payment.id),
        out_of=ledger.owner_account(client),
    )
    above = config.currencies[payment.currency].book_above
    two = act == "book" and above is not None and units > above
    two = two or (client is not None and is_by_balance(payment))
    changes = {"client": client, "sub_state": ""}
    return payment_plan(
        config,
        payment,
        act,
        partial(move, payment, event, entry=entry, changes=changes),
        fields={"account": account} if account else {},
        entry=entry,
        persons=2 if two else 1,
    )
