"""The act that cures a break: the entry that it shows, and whatever rows belong to it, in one
database transaction. Two persons sign.

The break only says where to look: entry and rows are made anew from what the books say now, and a
break that is not so any more is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from db import bulk
from db.connection import database
from db.findings import Break
from db.models import Attempt, Coin, Payment
from engine import chains, chronicle
from engine.approvals.plan import Doing, Plan, Proposal
from engine.chronicle import Subject
from engine.clock import rfc3339
from engine.config import Config, Currency
from engine.deposits.rules import confirmations
from engine.errors import ActRefused
from engine.history import canonical
from engine.ledger import WALLET_HOT, NewEntry
from engine.money import format_amount
from engine.reconciliation.kinds import is_fixable
from engine.reconciliation.matching import loss_of
from engine.reconciliation.outlays import NOTHING_TOLD, Outlay, Told
from engine.reconciliation.postings import cures_of, differing

PERSONS = 2
STALE = "the break is not so any more: run cashier reconcile and look again"


def _no_rows() -> None:
    """The entry alone is the cure."""


@dataclass(frozen=True, slots=True)
class _Cure:
    """`subject` is the chronicle under which `entry` is posted; `write` the rows beside it."""

    subject: Subject
    entry: NewEntry
    write: Callable[[], None] = _no_rows


def cure(config: Config, proposal: Proposal) -> Plan:
    """Cure the break whose id `payment` is. Raises ActRefused for one that is gone, that has
    changed, or that another command cures."""
    row: Break | None = Break.get_or_none(Break.id == (proposal.payment or ""))
    if row is None or row.state != "open":
        raise ActRefused("there is no such open break")
    currency = config.currencies.get(row.currency)
    if currency is None:
        raise ActRefused(f"currency {row.currency} is not configured any more")
    if not is_fixable(row.kind, row.subject, has_entry=row.entry is not None):
        raise ActRefused(f"a {row.kind} is cured in another way: {row.cure}")
    found = _PLANNERS[row.kind](currency, row)
    if found.entry.as_json() != json.loads(row.entry or "null"):
        raise ActRefused(STALE)
    return Plan(
        act="cure",
        subject=found.subject.id,
        history_hash=chronicle.last_hash(found.subject),
        says=_says(currency, row),
        fields=_fields(currency, row),
        entry=found.entry,
        persons=PERSONS,
        carry_out=partial(_carry_out, row, found),
    )


def _says(currency: Currency, row: Break) -> str:
    amount = format_amount(int(row.units), currency.decimals)
    return f"{row.kind} of {amount} {row.currency} about {row.subject}"


def _fields(currency: Currency, row: Break) -> dict[str, str]:
    """What is signed of it: which break, and by a hash all that was seen of it."""
    seen = {"subject": row.subject, "units": str(row.units), "evidence": json.loads(row.evidence)}
    fields = {
        "payment": str(row.id),
        "kind": str(row.kind),
        "currency": currency.symbol,
        "network": currency.network,
        "units": str(abs(int(row.units))),
        "account": f"evidence:{hashlib.sha256(canonical(seen)).hexdigest()}",
    }
    return fields if currency.token is None else {**fields, "token": currency.token}


def _of_postings(_currency: Currency, row: Break) -> _Cure:
    """A payment, or the attempt that it bears, was posted otherwise than it must be."""
    payment: Payment | None = Payment.get_or_none(Payment.id == row.subject)
    found = [] if payment is None else list(differing([payment], _told(row)))
    entry = next((each.entry for each in found if each.kind == row.kind), None)
    if payment is None or entry is None:
        raise ActRefused(STALE)
    subject = cures_of(payment.id, fee=row.kind == "fee_differs")
    whose = Subject(subject.kind, subject.name, payment.client, payment.currency)
    return _Cure(whose, entry)


def _told(row: Break) -> Told:
    """The chain tx as the node had it when the break was found."""
    evidence = json.loads(row.evidence)
    if "node" not in evidence or "txid" not in evidence:
        return NOTHING_TOLD
    try:
        return {str(evidence["txid"]): Outlay.from_json(evidence["node"])}
    except (KeyError, TypeError, ValueError):
        raise ActRefused(STALE) from None


def _of_spend(currency: Currency, row: Break) -> _Cure:
    """A chain tx that is not ours spent coins of ours: they are spent, what came back is ours, and
    the rest is lost."""
    evidence = json.loads(row.evidence)
    _check_deep(currency, row, evidence)
    if Attempt.select().where(Attempt.txid == row.subject).exists():
        raise ActRefused(STALE)
    spent = [_unspent(currency, name) for name in evidence["spent"]]
    back = sum(int(units) for _, _, units in evidence["change"])
    entry = loss_of(
        currency.symbol, [(str(coin.account), int(coin.units)) for coin in spent], back=back
    )
    subject = Subject("currency", f"{currency.symbol}/cures", currency=currency.symbol)
    return _Cure(subject, entry, partial(_note_spend, currency, row, evidence))


def _check_deep(currency: Currency, row: Break, evidence: Mapping[str, Any]) -> None:
    """A block that may still leave the chain is no loss yet."""
    if evidence.get("block") is None:
        raise ActRefused("it is in no block yet: secure the keys, and wait until it is mined")
    height = chains.followed_height(currency.chain)
    deep = confirmations(height, int(evidence["block"]["height"]))
    required = currency.confirmations.required(abs(int(row.units)))
    if deep < required:
        raise ActRefused(f"its block has {deep} of {required} confirmations: wait for the others")


def _unspent(currency: Currency, name: str) -> Coin:
    txid, _, index = name.partition(":")
    coin: Coin | None = Coin.get_or_none(
        (Coin.chain == currency.chain)
        & (Coin.txid == txid)
        & (Coin.idx == index)
        & (Coin.currency == currency.symbol)
        & Coin.spent_height.is_null()
    )
    if coin is None:
        raise ActRefused(STALE)
    return coin


def _note_spend(currency: Currency, row: Break, evidence: Mapping[str, Any]) -> None:
    """Spent coins are never chosen again, and the change is one of ours like any other."""
    block = evidence["block"]
    for name in evidence["spent"]:
        coin = _unspent(currency, name)
        Coin.update(
            spent_txid=row.subject, spent_height=block["height"], spent_hash=block["hash"]
        ).where(
            (Coin.chain == coin.chain)
            & (Coin.txid == coin.txid)
            & (Coin.idx == coin.idx)
            & (Coin.currency == coin.currency)
        ).execute()
    bulk.insert_rows(
        Coin,
        [
            {
                "chain": currency.chain,
                "txid": row.subject,
                "idx": index,
                "currency": currency.symbol,
                "address": address,
                "account": WALLET_HOT,
                "units": int(units),
                "height": block["height"],
                "hash": block["hash"],
            }
            for index, address, units in evidence["change"]
        ],
    )


def _carry_out(row: Break, found: _Cure, doing: Doing) -> None:
    with database.atomic():
        doing.guard()
        chronicle.write(
            found.subject,
            "cure",
            to="cured",
            actor=doing.actor,
            reason=doing.reason or f"cures {row.kind} {row.id}",
            evidence={**doing.evidence, "break": row.id, "about": json.loads(row.evidence)},
            now=doing.now,
            entry=found.entry,
        )
        found.write()
        done = {"state": "closed", "closed_at": rfc3339(doing.now)}
        done["closed_by"] = f"cured by {doing.actor}"
        Break.update(**done).where(Break.id == row.id).execute()
        doing.also()


_PLANNERS: Mapping[str, Callable[[Currency, Break], _Cure]] = MappingProxyType(
    {
        "unknown_spend": _of_spend,
        "duplicate_credit": _of_postings,
        "amount_differs": _of_postings,
        "fee_differs": _of_postings,
    }
)
