"""Which payments the sender takes next, and what the node must say about them before it signs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from db import bulk
from db.models import Client, Payment
from engine.chain import Recipient
from engine.clock import parse_rfc3339
from engine.config import Currency
from engine.lifecycle import Batch
from engine.sender import entries
from engine.sender.asked import Asked
from engine.sender.papers import UNSIGNED
from engine.sender.proof import UNPROVED_HISTORY, Adjusted, Proof, not_adjusted

log = logging.getLogger(__name__)

OWN_ADDRESS = "the address is one of this cashier's own"
NOT_COLD = "its address is not a cold address that is configured and accepted"
NO_ADDRESS = "the node does not accept the address"
CHAIN_TXS_MAX = 50  # signed in one round, before the node is asked for news again
SHOWN_MAX = 500  # payments that are told why they wait
OF_THE_NETWORK = "waiting: the network"  # what its fee, or its rules, keep back begins so

BLOCKED = "the client is blocked"
TOO_SMALL = "the amount is too small to be sent"


def due(currency: Currency, now: datetime) -> list[Payment]:
    """The first in turn, no address twice, as many as a round signs chain txs for; the last
    ones, too few for a chain tx, wait for company as long as is configured."""
    most = currency.batch.max
    taken: dict[str, Payment] = {}
    for row in _in_turn(currency, min(most * CHAIN_TXS_MAX, max(most, SHOWN_MAX))):
        taken.setdefault(str(row.address), row)
    payments = list(taken.values())
    full = len(payments) // most * most
    patience = timedelta(seconds=currency.batch.every)
    since = [now - parse_rfc3339(payment.updated_at) for payment in payments[full:]]
    if since and timedelta() <= max(since) < patience:
        return payments[:full]
    return payments


def queue(currency: Currency, *, limit: int) -> list[Payment]:
    """Released payments without an attempt, oldest first."""
    return _queued(currency, limit)


def _in_turn(currency: Currency, limit: int) -> list[Payment]:
    """The same, but those that the network would not take by themselves when they were looked at
    come last: however many they are, they hold up nobody."""
    apart = Payment.reason.startswith(OF_THE_NETWORK)
    found = _queued(currency, limit, ~apart)
    return found + _queued(currency, limit - len(found), apart) if len(found) < limit else found


def _queued(currency: Currency, limit: int, *more: Any) -> list[Payment]:
    rows = (
        Payment.select()
        .where(
            (Payment.chain == currency.chain)
            & (Payment.currency == currency.symbol)
            & Payment.kind.in_(("withdrawal", "transfer"))
            & (Payment.state == "requested")
            & (Payment.final == 0)
            & Payment.attempt.is_null(),
            *more,
        )
        .order_by(Payment.first_seq)
        .limit(limit)
    )
    return bulk.read_rows(rows)


def wait(batch: Batch, currency: Currency, reason: str) -> int:
    """Show why the queue waits; a reason that stands already is not written again."""
    waiting = queue(currency, limit=SHOWN_MAX)
    changed = [payment for payment in waiting if payment.reason != reason]
    with batch:
        for payment in changed:
            batch.touch(payment, sub_state="waiting", reason=reason)
    return 0


def wait_apart(
    batch: Batch, currency: Currency, reasons: Mapping[str, str], *, others: str = ""
) -> None:
    """Show why single payments wait, by id, and why all `others` do; empty while they go on."""
    with batch:
        for payment in _in_turn(currency, SHOWN_MAX):
            reason = reasons.get(payment.id, others or payment.reason)
            if payment.reason != reason:
                batch.touch(payment, sub_state="waiting", reason=reason)


def refuse_unpayable(
    new_batch: Callable[[], Batch],
    node: Asked,
    proof: Proof,
    payments: Sequence[Payment],
    *,
    astray: Callable[[Payment], str],
    paper_flaw: Callable[[Payment], str | None] = lambda _: UNSIGNED,
    adjusted: Adjusted = not_adjusted,
) -> tuple[list[tuple[str, Payment]], int]:
    """Split off what must not be signed: refused with all returned when only the node could tell
    that the address is wrong, held when the database does not prove it, or when `astray` says that
    it leads elsewhere than the house lets it. The rest, in their order, each
    with its address as the node spells it, and the moves made."""
    payable: list[tuple[str, Payment]] = []
    blocked = _blocked(payments)
    moved = 0
    for payment in payments:
        flaw = (
            (BLOCKED if payment.client in blocked else "")
            or astray(payment)
            or _unproved(payment, partial(proof.flaw, adjusted=adjusted), paper_flaw)
        )
        if flaw:
            with new_batch() as batch:
                batch.move(payment, "hold", evidence={"unproved": flaw}, reason=flaw, sub_state="")
            moved += 1
            continue
        recipient = node.recipient(str(payment.address))
        wrong = _wrong_address(node, payment, recipient)
        if wrong or recipient is None:
            refuse(new_batch(), payment, wrong)
            moved += 1
        else:
            payable.append((recipient.address, payment))
    return payable, moved


def _unproved(payment: Payment, *proofs: Callable[[Payment], str | None]) -> str | None:
    """What the first of these proofs finds. Rows that cannot be read hold up their payment only:
    whoever writes nonsense can write the hash that fits."""
    try:
        return next((flaw for each in proofs if (flaw := each(payment))), None)
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
        log.exception("payment %s cannot be proved", payment.id)
        return UNPROVED_HISTORY


def no_address_twice(payable: Iterable[tuple[str, Payment]]) -> list[Payment]:
    """The first for each address, however it is spelled: a node refuses a chain tx that pays one
    script twice."""
    first: dict[str, Payment] = {}
    for address, payment in payable:
        first.setdefault(address, payment)
    return list(first.values())


def refuse(batch: Batch, payment: Payment, reason: str) -> None:
    """Take it back as a whole: the address will not be paid."""
    # What a refund should have paid goes back to suspense by a move of its deposit.
    own = payment.kind == "transfer" or payment.refund_of is not None
    entry = None if own else entries.give_back(payment, "refuse")
    with batch:
        batch.move(
            payment,
            "refuse",
            evidence={"address": payment.address},
            reason=reason,
            entry=entry,
            sub_state="",
        )


def astray_of(cold: str | None, payment: Payment) -> str:
    """A move of the house goes to the cold address of cashier.toml, whatever its row says."""
    return NOT_COLD if payment.kind == "transfer" and payment.address != cold else ""


def _blocked(payments: Sequence[Payment]) -> frozenset[str]:
    names = sorted({str(payment.client) for payment in payments})
    rows = Client.select(Client.id).where(Client.id.in_(names) & (Client.blocked == 1))
    return frozenset(str(row.id) for row in rows)


def _wrong_address(node: Asked, payment: Payment, recipient: Recipient | None) -> str:
    if recipient is None:
        return NO_ADDRESS
    if payment.kind == "withdrawal" and recipient.ours:
        return OWN_ADDRESS
    return TOO_SMALL if int(payment.units or 0) < node.dust(recipient.address) else ""
