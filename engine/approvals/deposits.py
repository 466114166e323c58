"""Acts on a deposit: release it to its client, refuse it, or book a coin that is nobody's."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from db.models import Client, History, Payment
from engine import brakes, chains, ledger
from engine.approvals.plan import Doing, Plan, Proposal
from engine.config import Config
from engine.deposits import rules
from engine.deposits.verdicts import ACCUMULATING
from engine.errors import ActRefused, PaymentNotFound
from engine.history import row_hash, row_of
from engine.ledger import HOUSE, NewEntry
from engine.lifecycle import Batch
from engine.money import format_amount

PROPOSING = frozenset({"request", "book", "cure"})
"""Moves whose author does not approve the same sum."""


def approve(config: Config, proposal: Proposal) -> Plan:
    """Release a held deposit to its client. Raises ActRefused, PaymentNotFound."""
    payment = _held(proposal)
    if payment.client is None or payment.reason == rules.HELD_NOBODY:
        raise ActRefused("this deposit belongs to nobody: book it to an account instead")
    _check_creditable(payment)
    return _crediting(config, payment, "release", act="approve", client=payment.client)


def book(config: Config, proposal: Proposal) -> Plan:
    """Assign a coin of nobody, or one below the minimum, to the house or a client. Above the
    currency's `book_above` two persons must sign. Raises ActRefused, PaymentNotFound."""
    payment, account = _held(proposal), proposal.account
    client = None if account == HOUSE else _client_of(account)
    owner = None if payment.reason == rules.HELD_NOBODY else payment.client
    if owner is not None and not _is_small(payment):
        raise ActRefused(f"this deposit belongs to client {owner}: approve or refuse it")
    if owner is not None and client not in {None, owner}:
        raise ActRefused(f"this coin came to an address of client {owner}: book it there or refuse")
    _check_creditable(payment)
    return _crediting(config, payment, "book", act="book", client=client, account=account)


def refuse(config: Config, proposal: Proposal) -> Plan:
    """Refuse a held deposit; its coins stay in suspense. Raises ActRefused, PaymentNotFound."""
    payment = _held(proposal)
    reason = _reason(proposal)
    carry_out = partial(_move, payment, "refuse", entry=None, changes={"sub_state": ""})
    return _plan(config, payment, "refuse", carry_out, fields={"reason": reason})


def subject_of(proposal: Proposal) -> Payment:
    """The payment that a proposal names, whole and unaltered. Raises ActRefused,
    PaymentNotFound."""
    payment: Payment | None = Payment.get_or_none(Payment.id == (proposal.payment or ""))
    if payment is None:
        raise PaymentNotFound("there is no such payment")
    _check_history(payment)
    return payment


def facts_of(config: Config, payment: Payment) -> dict[str, str]:
    """What a signature on a payment always covers."""
    currency = config.currencies.get(payment.currency)
    if currency is None:
        raise ActRefused(f"currency {payment.currency} is not configured any more")
    facts = {
        "payment": payment.id,
        "kind": payment.kind,
        "client": payment.client,
        "currency": payment.currency,
        "network": currency.network,
        "token": currency.token,
        "address": payment.address,
        "units": None if payment.units is None else str(payment.units),
        "fee_units": None if payment.fee_units is None else str(payment.fee_units),
    }
    return {name: str(value) for name, value in facts.items() if value is not None}


def title(config: Config, payment: Payment) -> str:
    """The payment in a few words, for whoever signs."""
    decimals = config.currencies[payment.currency].decimals
    amount = "" if payment.units is None else f" of {format_amount(int(payment.units), decimals)}"
    whose = f"client {payment.client}" if payment.client else "nobody"
    return f"{payment.kind} {payment.id}{amount} {payment.currency} of {whose}"


def _held(proposal: Proposal) -> Payment:
    payment = subject_of(proposal)
    if payment.kind != "deposit":
        raise ActRefused(f"to {proposal.act} a {payment.kind} is not possible")
    if payment.state != "held":
        last = History.get(History.hash == payment.last_hash)
        raise ActRefused(
            f"the deposit is {payment.state}, not held: {last.event} by {last.actor} at {last.at}"
        )
    return payment


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


def _reason(proposal: Proposal) -> str:
    if not proposal.reason:
        raise ActRefused(f"to {proposal.act} needs a reason")
    return proposal.reason


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
    changes = {"client": client, "sub_state": ""}
    return _plan(
        config,
        payment,
        act,
        partial(_move, payment, event, entry=entry, changes=changes),
        fields={"account": account} if account else {},
        entry=entry,
        persons=2 if two else 1,
    )


def _plan(
    config: Config,
    payment: Payment,
    act: str,
    carry_out: Callable[[Doing], None],
    *,
    fields: Mapping[str, str],
    entry: NewEntry | None = None,
    persons: int = 1,
) -> Plan:
    return Plan(
        act=act,
        subject=payment.id,
        history_hash=payment.last_hash,
        says=title(config, payment),
        fields={**facts_of(config, payment), **fields},
        entry=entry,
        persons=persons,
        barred=_proposers(payment) if act == "approve" else frozenset(),
        carry_out=carry_out,
    )


def _move(
    payment: Payment,
    event: str,
    doing: Doing,
    *,
    entry: NewEntry | None,
    changes: Mapping[str, Any],
) -> None:
    evidence = {
        **doing.evidence,
        "txid": payment.txid,
        "index": payment.idx,
        "block_hash": payment.block_hash,
        "block_height": payment.block_height,
    }
    with Batch(doing.config, actor=doing.actor, now=doing.now, guard=doing.guard) as batch:
        batch.move(payment, event, evidence=evidence, reason=doing.reason, entry=entry, **changes)
        batch.also(doing.also)


def _proposers(payment: Payment) -> frozenset[str]:
    rows = History.select(History.actor).where(
        (History.payment == payment.id) & History.event.in_(sorted(PROPOSING))
    )
    authors = {str(row.actor) for row in rows}
    return frozenset(name.removeprefix("staff:") for name in authors if name.startswith("staff:"))


def _check_history(payment: Payment) -> None:
    """The row that a person decides on must be what its own history made of it."""
    tail = payment.id
    row: dict[str, Any] = {}
    try:
        for record in History.select().where(History.payment == payment.id).order_by(History.seq):
            row = row_of(record)
            if row["prev"] != tail or row["hash"] != row_hash(row):
                break
            tail = row["hash"]
        units = None if payment.units is None else str(payment.units)
        said = (row.get("to"), row.get("client"), row.get("currency"), row.get("units"))
        whole = tail == payment.last_hash == row.get("hash")
        if whole and said == (payment.state, payment.client, payment.currency, units):
            return
    except ValueError:
        pass
    raise ActRefused(
        "the payment is not what its history says: it was changed; run cashier verify --database"
    )
