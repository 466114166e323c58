"""The payment that an act is on: found, proved by its own history, and turned into a plan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from db.models import History, Payment
from engine.approvals.plan import Doing, Plan, Proposal
from engine.config import Config
from engine.errors import ActRefused, PaymentNotFound
from engine.history import row_hash, row_of
from engine.ledger import NewEntry
from engine.lifecycle import Batch
from engine.money import format_amount

PROPOSING = frozenset({"request", "book", "mend"})
"""Moves whose author does not approve the same sum."""


PAYING = frozenset({"approve", "refund"})
"""Acts by which a sum leaves or is credited."""


def subject_of(proposal: Proposal) -> Payment:
    """The payment that a proposal names, whole and unaltered. Raises ActRefused,
    PaymentNotFound."""
    payment: Payment | None = Payment.get_or_none(Payment.id == (proposal.payment or ""))
    if payment is None:
        raise PaymentNotFound("there is no such payment")
    _check_history(payment)
    return payment


def require_held(payment: Payment) -> None:
    """Raises ActRefused, with what moved it, unless the payment is held."""
    if payment.state != "held":
        last = History.get(History.hash == payment.last_hash)
        moved = f"{last.event} by {last.actor} at {last.at}"
        raise ActRefused(f"the {payment.kind} is {payment.state}, not held: {moved}")


def reason_of(proposal: Proposal) -> str:
    """The reason that this act cannot do without. Raises ActRefused."""
    if not proposal.reason:
        raise ActRefused(f"to {proposal.act} needs a reason")
    return proposal.reason


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


def payment_plan(
    config: Config,
    payment: Payment,
    act: str,
    carry_out: Callable[[Doing], None],
    *,
    fields: Mapping[str, str],
    entry: NewEntry | None = None,
    persons: int = 1,
) -> Plan:
    """The plan of an act on a payment; `fields` are signed beside what the payment is."""
    return Plan(
        act=act,
        subject=payment.id,
        history_hash=payment.last_hash,
        says=title(config, payment),
        fields={**facts_of(config, payment), **fields},
        entry=entry,
        persons=persons,
        barred=_proposers(payment) if act in PAYING else frozenset(),
        carry_out=carry_out,
    )


def move(
    payment: Payment,
    event: str,
    doing: Doing,
    *,
    entry: NewEntry | None,
    changes: Mapping[str, Any],
) -> None:
    """Carry out an act by a move of its payment."""
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
