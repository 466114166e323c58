"""What sends of an address post: its payment's entry, and the chain's fee in the chain's coin."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from db import bulk
from db.models import Entry, Payment, Posting
from engine.ledger import (
    WALLET_COLD,
    WALLET_DEPOSITS,
    WALLET_HOT,
    Line,
    NewEntry,
    client_account,
)
from engine.sender import entries
from engine.sender.entries import FEES_NETWORK, FEES_SERVICE, IN_TRANSIT

LOSS = "loss"
FEE_EVENTS = ("chain_fee", "chain_fee_undone")
SETTLED_EVENTS = ("credit", "reverse")

_TARGETS = {"sweep": WALLET_HOT, "gas": WALLET_DEPOSITS, None: WALLET_COLD}
_Key = tuple[str, str]  # account, currency


def source_account(payment: Payment) -> str:
    """The wallet account of the address that pays."""
    return WALLET_DEPOSITS if payment.purpose == "sweep" else WALLET_HOT


def target_account(payment: Payment) -> str | None:
    """The wallet account on which what a transfer moves lands; None for what leaves the house."""
    return _TARGETS[payment.purpose] if payment.kind == "transfer" else None


def settled(payment: Payment, *, left: int, arrived: int) -> NewEntry:
    """A withdrawal leaves `in_transit`; a transfer's `left` units leave its source and `arrived`
    are on the other account. What a token kept for itself is lost."""
    currency, source = payment.currency, source_account(payment)
    target = target_account(payment)
    if target is None:
        lines = list(entries.settled(payment, "credit").lines)
        lost = left - int(payment.units or 0)
        lines += [Line(source, currency, -lost)] if lost else []
    else:
        lines = [Line(target, currency, arrived), Line(source, currency, -left)]
        lost = left - arrived
    if lost:
        lines.append(Line(LOSS, currency, lost))
    return NewEntry("credit", tuple(lines), overdraw=True)


def failed(payment: Payment, *, burnt: int) -> NewEntry | None:
    """The debit goes back to the client, but for as much of the service fee as the network burnt
    (`burnt`, in units of the payment's currency). None for what no client was debited for."""
    if payment.kind != "withdrawal" or payment.refund_of is not None:
        return None
    fee = int(payment.fee_units or 0)
    kept, total = min(fee, burnt), int(payment.units or 0) + fee
    currency = payment.currency
    lines = [
        Line(IN_TRANSIT, currency, total),
        Line(client_account(str(payment.client)), currency, kept - total),
    ]
    if kept:
        lines.append(Line(FEES_SERVICE, currency, -kept))
    return NewEntry("fail", tuple(lines))


def chain_fee(payment: Payment, fee: int, event: str = "chain_fee") -> NewEntry:
    """The network's fee, in the chain's coin, at the house's cost. Negative figures take it
    back."""
    lines = (
        Line(FEES_NETWORK, payment.chain, fee),
        Line(source_account(payment), payment.chain, -fee),
    )
    return NewEntry(event, lines, overdraw=True)


def backwards(posted: Mapping[_Key, int], event: str) -> NewEntry | None:
    """The entry that takes back what was posted; None where nothing was."""
    lines = tuple(Line(*key, -units) for key, units in sorted(posted.items()) if units)
    return NewEntry(event, lines, overdraw=True) if lines else None


def taken_back(payment: Payment) -> NewEntry | None:
    """The entry that takes back what settling this payment posted."""
    settled_by = posted([payment.id], SETTLED_EVENTS)
    return backwards(settled_by.get(payment.id, {}), "reverse")


def posted(payments: Iterable[str], events: Collection[str]) -> dict[str, dict[_Key, int]]:
    """What the entries of these payments posted under `events`, by payment and account."""
    wanted = bulk.one_of(Entry.payment, sorted(set(payments))) & Entry.event.in_(list(events))
    rows: Any = (
        Posting.select(Entry.payment, Posting.account, Posting.currency, Posting.units)
        .join(Entry, on=(Posting.entry == Entry.id))
        .where(wanted)
        .tuples()
    )
    found: dict[str, dict[_Key, int]] = defaultdict(lambda: defaultdict(int))
    for payment, account, currency, units in rows:
        found[str(payment)][account, currency] += int(units)
    return found


def booked_fees(payments: Iterable[str], coin: str) -> dict[str, int]:
    """Units of the network's fees that stand in the books for each of these payments."""
    found = posted(payments, FEE_EVENTS)
    return {payment: lines[FEES_NETWORK, coin] for payment, lines in found.items()}
