"""The act that cures a break: the entry that it shows, and whatever rows belong to it, in one
database transaction. Two persons sign.

The break only says where to look: entry and rows are made anew from what the books say now, and a
break that is not so any more is refused.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from db.findings import Break
from db.models import Payment
from engine.approvals import spends
from engine.approvals.curing import (
    STALE,
    Cure,
    break_fields,
    break_title,
    chronicled,
    close,
    evidence_of,
    reason_of,
)
from engine.approvals.mends import mend, require_history
from engine.approvals.outcomes import NO_OUTCOME, judge
from engine.approvals.plan import Doing, Plan, Proposal
from engine.chronicle import Subject
from engine.config import Config, Currency
from engine.errors import ActRefused
from engine.ledger import NewEntry
from engine.lifecycle import Batch
from engine.reconciliation.kinds import MEND, asks_outcome, is_fixable
from engine.reconciliation.outlays import NOTHING_TOLD, Outlay, Told
from engine.reconciliation.postings import cures_of, differing

PERSONS = 2


def cure(config: Config, proposal: Proposal) -> Plan:
    """Cure the break whose id `payment` is. Raises ActRefused for one that is gone, that has
    changed, or that another command cures."""
    row: Break | None = Break.get_or_none(Break.id == (proposal.payment or ""))
    if row is None or row.state != "open":
        raise ActRefused("there is no such open break")
    currency = config.currencies.get(row.currency)
    if currency is None:
        raise ActRefused(f"currency {row.currency} is not configured any more")
    evidence = json.loads(row.evidence)
    if row.kind == "uncertain_send" and asks_outcome(evidence):
        return judge(config, currency, row, proposal.outcome)
    if proposal.outcome:
        raise ActRefused(NO_OUTCOME)
    has_entry = row.entry is not None
    if not is_fixable(row.kind, row.subject, has_entry=has_entry, evidence=evidence):
        raise ActRefused(f"a {row.kind} is cured in another way: {row.cure}")
    found = (mend if MEND in evidence else _PLANNERS[row.kind])(currency, row)
    if (None if found.entry is None else found.entry.as_json()) != json.loads(row.entry or "null"):
        raise ActRefused(STALE)
    return Plan(
        act="cure",
        subject=found.subject,
        history_hash=found.history_hash,
        says=f"{break_title(currency, row)} about {row.subject}",
        fields=break_fields(currency, row),
        entry=found.entry,
        persons=PERSONS,
        carry_out=lambda doing: found.carry_out(doing, row),
    )


def _of_postings(_currency: Currency, row: Break) -> Cure:
    """A payment, or the attempt that it bears, was posted otherwise than it must be."""
    payment: Payment | None = Payment.get_or_none(Payment.id == row.subject)
    found = [] if payment is None else list(differing([payment], _told(row)))
    entry = next((each.entry for each in found if each.kind == row.kind), None)
    if payment is None or entry is None:
        raise ActRefused(STALE)
    if row.kind != "fee_differs":
        require_history(payment)
        return Cure(payment.id, payment.last_hash, entry, partial(_move, payment, entry))
    subject = cures_of(payment.id)
    return chronicled(Subject(subject.kind, subject.name, payment.client, payment.currency), entry)


def _move(payment: Payment, entry: NewEntry, doing: Doing, row: Break) -> None:
    """The payment stays where it is; its own history tells what was put right."""
    with Batch(doing.config, actor=doing.actor, now=doing.now, guard=doing.guard) as batch:
        evidence, reason = evidence_of(doing, row), reason_of(doing, row)
        batch.move(payment, "mend", evidence=evidence, reason=reason, entry=entry)
        batch.also(partial(close, doing, row))
        batch.also(doing.also)


def _told(row: Break) -> Told:
    """The chain tx as the node had it when the break was found."""
    evidence = json.loads(row.evidence)
    if "node" not in evidence or "txid" not in evidence:
        return NOTHING_TOLD
    try:
        return {str(evidence["txid"]): Outlay.from_json(evidence["node"])}
    except (KeyError, TypeError, ValueError):
        raise ActRefused(STALE) from None


_PLANNERS: Mapping[str, Callable[[Currency, Break], Cure]] = MappingProxyType(
    {
        "unknown_spend": spends.book,
        "reorged": spends.take_back,
        "duplicate_credit": _of_postings,
        "amount_differs": _of_postings,
        "fee_differs": _of_postings,
    }
)
