"""What two persons signed of a send of which no node tells what became of it, and what follows.

It paid: its payment ends as one that is proved, with what was asked for where the node proves no
figures. It did not pay: it fails, and the client has the amount back. It is never paid again by
itself: who says that a chain tx did not pay may be wrong, and then a second one would pay twice;
an amount in a client's account is still in the house, and the client may ask again.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from db.attempts import Attempt, AttemptInput, AttemptOutput
from db.models import Approval, History, Payment
from engine.approvals import form as forms
from engine.approvals.curing import seen_hash
from engine.approvals.form import ANSWERS, OUTCOMES, Form
from engine.approvals.rights import are_enough
from engine.approvals.signed import verified
from engine.chain import BlockRef, Fact, Standing
from engine.clock import rfc3339
from engine.config import Config
from engine.errors import ActRefused
from engine.ledger import Line, NewEntry
from engine.sender import attempts
from engine.sender.attempts import Stored
from engine.sender.by_nonce import entries
from engine.sender.by_nonce.looks import Judgement, Look
from engine.sender.proof import verified_rows
from engine.sending import Outcome

log = logging.getLogger(__name__)

EVENT = "judge"
PERSONS = 2
NAMELESS = "number:{}:{}"  # in place of a txid that nobody could name

_PARTY = frozenset({"request", "book", "mend", "release"})


def parties(rows: Iterable[History]) -> frozenset[str]:
    """Persons who asked for what a history is of, or released it: they do not judge its outcome."""
    found = set[str]()
    for row in rows:
        if row.event in _PARTY:
            found |= _signers(json.loads(row.evidence))
            found |= {row.actor.removeprefix("staff:")} if row.actor.startswith("staff:") else set()
    return frozenset(found)


def _signers(evidence: object) -> set[str]:
    """Persons whom a row's evidence names; nonsense that somebody wrote names nobody."""
    signed = evidence.get("approvals") if isinstance(evidence, Mapping) else None
    rows = signed if isinstance(signed, list) else []
    return {str(each["staff"]) for each in rows if isinstance(each, Mapping) and "staff" in each}


class Judged:
    """Reads what persons signed, and verifies it anew: a row alone answers nothing."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def of(
        self, payment: Payment, family: str, evidence: Mapping[str, Any], now: datetime
    ) -> Judgement | None:
        """What enough persons answered to just this `evidence`; None while they did not."""
        rows = verified_rows(payment.id)
        if rows is None or rows[-1].hash != payment.last_hash:
            return None
        row = next((row for row in reversed(rows) if row.event in {EVENT, "sign"}), None)
        if row is None or row.event != EVENT:
            return None
        told = json.loads(row.evidence)
        if not _is_about(told, evidence):
            return None
        signed = self._signed(row, told, seen_hash(family, -int(payment.units or 0), evidence), now)
        names = sorted(signed - parties(rows))
        if not are_enough(self._config.staff, names, PERSONS):
            log.error("what was said of payment %s is not signed by two persons", payment.id)
            return None
        return Judgement(told["outcome"] == ANSWERS[True], str(told["break"]), tuple(names))

    def _signed(self, row: History, told: Mapping[str, Any], seen: str, now: datetime) -> set[str]:
        """Who signed it by a key that is in force."""
        lines = told["about"][OUTCOMES][told["outcome"]]
        entry = forms.lines_hash(lines) if lines else None
        wanted = (told["break"], told["outcome"], seen, entry, row.prev)
        rows = Approval.select().where(
            (Approval.act == "cure")
            & (Approval.subject == row.payment)
            & (Approval.history_hash == row.prev)
        )
        found = set[str]()
        for each in rows:
            try:
                form = forms.parse(each.body)
                signed = _said(form) == wanted and verified(self._config, form, each.signature, now)
            except ActRefused as error:
                log.warning("approval %s does not count: %s", each.nonce, error)
                continue
            if signed:
                found.add(signed.staff)
        return found


def _is_about(told: object, evidence: Mapping[str, Any]) -> bool:
    """Whether a row says something of just this; anybody may have written anything there."""
    if not isinstance(told, Mapping) or told.get("about") != evidence or "break" not in told:
        return False
    outcome = told.get("outcome")
    return isinstance(outcome, str) and outcome in evidence[OUTCOMES]


def _said(form: Form) -> tuple[object, ...]:
    names = ("payment", "outcome", "account", "entry_hash", "history_hash")
    return tuple(form.get(name) for name in names)


def moved(payment: Payment, told: Outcome) -> tuple[int, int]:
    """What left and what arrived by a chain tx that paid, in units: as it is proved, else as it was
    asked for."""
    units = int(payment.units or 0)
    if not told.proved:
        return units, units
    return told.left or units, units if told.arrived is None else told.arrived


def entry_if(look: Look, payment: Payment, told: Outcome, *, paid: bool, booked: int) -> NewEntry:
    """All that an answer leads to, the network's fee with it, as one entry; `told` is what the node
    tells of the chain tx that it is about, `booked` the fee that stands in the books."""
    is_credited, parts = payment.state == "credited", list[NewEntry | None]()
    if paid and not is_credited:
        left, arrived = moved(payment, told)
        parts.append(entries.settled(payment, left=left, arrived=arrived))
    elif not paid:
        burnt = told.fee if look.winner is not None and payment.currency == payment.chain else 0
        parts += [entries.taken_back(payment)] if is_credited else []
        parts.append(entries.failed(payment, burnt=burnt))
    fee = told.fee if paid or look.winner is not None else 0
    parts += [entries.chain_fee(payment, fee - booked)] if fee != booked else []
    return _together(parts)


def _together(parts: Sequence[NewEntry | None]) -> NewEntry:
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for part in parts:
        for line in () if part is None else part.lines:
            sums[line.account, line.currency] += line.units
    lines = tuple(Line(*key, units) for key, units in sums.items() if units)
    return NewEntry(EVENT, lines, overdraw=True)


def under(
    look: Look, payment: Payment, told: Outcome, judgement: Judgement, block: BlockRef, at: datetime
) -> Look:
    """The look as it is by the word of persons. Where another chain tx took its number and paid, an
    attempt is made of that one, in `block`."""
    look = replace(look, judged=judgement)
    left, arrived = moved(payment, told) if judgement.paid else (0, 0)
    now = replace(told, left=left, arrived=arrived)
    if look.winner is not None:
        return replace(look, outcomes={**look.outcomes, str(look.winner.row.txid): now})
    if not judgement.paid:
        return look
    made = _adopted(look, now, at)
    now = replace(now, fact=Fact(told.fact.txid, Standing.MINED, block), succeeded=True)
    outcomes = {**look.outcomes, str(made.row.txid): now}
    return replace(look, family=[*look.family, made], outcomes=outcomes, adopted=made)


def _adopted(look: Look, told: Outcome, at: datetime) -> Stored:
    """An attempt without bytes: nobody sends it, and it is final at once."""
    newest, new = look.newest, attempts.new_id()
    row = newest.row
    txid = told.fact.txid or NAMELESS.format(row.address, row.nonce)
    values = {
        "id": new,
        "number": int(row.number) + 1,
        "txid": txid,
        "signed": "",
        "state": "sent",
        "fee_units": told.fee,
        "sends": 0,
        "last_error": "",
        "created_at": rfc3339(at),
        "updated_at": rfc3339(at),
        "sent_at": None,
        "block_hash": None,
        "block_height": None,
        "paid_units": None,
    }
    return Stored(
        Attempt(**{**row.__data__, **values}),
        tuple(AttemptInput(**{**each.__data__, "attempt": new}) for each in newest.inputs),
        tuple(AttemptOutput(**{**each.__data__, "attempt": new}) for each in newest.outputs),
    )
