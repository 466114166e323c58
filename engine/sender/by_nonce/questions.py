"""Sends of which no node can tell any more what became of them: what is known, what is not, and
since when. Asked of the node and of sealed histories in each look; no row is believed in it.

Only persons can answer. What they signed counts for just what they were shown: once the node tells
more, or anything else is different, the question is another one, or none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from db.models import Coin, Payment
from engine.approvals.form import ANSWERS, OUTCOMES
from engine.chain import BlockRef
from engine.config import Config
from engine.deposits.rules import confirmations
from engine.sender import attempts
from engine.sender.attempts import Stored
from engine.sender.by_nonce import entries
from engine.sender.by_nonce.judgement import Judged, entry_if, under
from engine.sender.by_nonce.looks import Look, Verdict
from engine.sender.by_nonce.settle import UNCLEAR, is_its, taken_by
from engine.sender.doubted import NOT_SIGNED
from engine.sending import Outcome

UNCLEAR_PATIENCE = timedelta(minutes=15)  # balances of now may bear out what a log says


@dataclass(frozen=True, slots=True)
class Question:
    """`family` is the name of the attempts, `units` what they should have paid; `evidence` is all
    that is known, and what each answer would post. It stands so for this engine since `since`."""

    family: str
    currency: str
    payment: str
    units: int
    evidence: Mapping[str, Any]
    since: datetime


@dataclass(frozen=True, slots=True)
class _Seen:
    """When this engine saw it so for the first time, and at which tip."""

    what: tuple[str, str, str]
    at: BlockRef
    since: datetime


class Questions:
    """Those of one chain. The sender's thread asks; `open` may be read by any."""

    def __init__(
        self,
        config: Config,
        chain: str,
        is_as_signed: Callable[[Sequence[Stored], Sequence[Payment]], bool],
        doubt: Callable[[Stored, str], None],
        is_active: Callable[[str], bool],
    ) -> None:
        """`is_active` asks the node whether a block, by its hash, is on its chain."""
        self._chain = chain
        self._is_active = is_active
        self._judged = Judged(config)
        self._is_as_signed = is_as_signed
        self._doubt = doubt
        self._seen: dict[str, _Seen] = {}
        self.open: tuple[Question, ...] = ()

    def answered(self, looks: Sequence[Look], now: datetime) -> list[Look]:
        """Those of `looks`, all at one tip and every open family among them, that persons answered:
        under what they signed. The others of which no node tells are `open` from now on."""
        asked, seen = list[Question](), dict[str, _Seen]()
        found = list[Look]()
        for look, payment, booked in self._unclear(looks):
            because, told = _what(look)
            first = self._first(look, (because, told.fact.txid, _place(told)), now)
            seen[str(look.newest.row.family)] = first
            block = told.fact.block or first.at  # of what nobody names
            if not _is_over(look, payment, block) or not self._is_signed(look, payment):
                continue
            evidence = _evidence(look, payment, because, told, booked)
            judgement = self._judged.of(payment, str(look.newest.row.family), evidence, now)
            if judgement is not None:
                found.append(under(look, payment, told, judgement, block, now))
            else:
                asked.append(_question(look, payment, evidence, first.since))
        self._seen, self.open = seen, tuple(asked)
        return found

    def _unclear(self, looks: Sequence[Look]) -> Iterator[tuple[Look, Payment, int]]:
        """Those that may be asked of, each with its payment as it is now, and with the network's
        fee that stands in the books for it."""
        some = [look for look in looks if look.used_by is not None or _ends(look)]
        paid = attempts.payments_of([look.newest for look in some])
        found = []
        for look in some:
            payment = next(iter(paid[str(look.newest.row.id)]), None)
            if payment is not None and is_its(look.newest, payment) and _is_open(look, payment):
                found.append((look, payment))
        booked = entries.booked_fees([each.id for _, each in found], self._chain) if found else {}
        yield from ((look, payment, booked.get(payment.id, 0)) for look, payment in found)

    def _first(self, look: Look, what: tuple[str, str, str], now: datetime) -> _Seen:
        """What has no place was seen at a tip: when that has left the chain, its place is any."""
        before = self._seen.get(str(look.newest.row.family))
        if before is None or before.what != what:
            return _Seen(what, look.tip, now)
        _, _, place = what
        is_there = bool(place) or self._is_active(before.at.hash)
        return before if is_there else _Seen(what, look.tip, now)

    def _is_signed(self, look: Look, payment: Payment) -> bool:
        """Whether its rows are what its sealed history says: of others nothing is asked."""
        if self._is_as_signed(look.family, [payment]):
            return True
        self._doubt(look.newest, NOT_SIGNED)
        return False


def _ends(look: Look) -> bool:
    """Whether one of the family is in a final block: by then it is followed for the last time,
    unless nobody tells what it did."""
    return look.winner is not None and look.is_final(look.winner)


def _is_over(look: Look, payment: Payment, block: BlockRef) -> bool:
    """Whether what is in this block stays there, and is as deep as its payment demands."""
    deep = confirmations(look.tip.height, block.height) >= int(payment.required or 1)
    return deep and block.height <= look.deepest


def _is_open(look: Look, payment: Payment) -> bool:
    """Whether no node tells what became of it. A number that was taken by one that the node names,
    and that paid something else, is no question."""
    if payment.state not in {"requested", "pending", "credited"}:
        return False
    if payment.state == "credited" and not payment.unsettled:
        return False
    if look.winner is not None:
        return look.verdict(look.winner, payment) is Verdict.UNCLEAR
    return look.paid or (look.used_by is not None and look.used_by.block is None)


def _what(look: Look) -> tuple[str, Outcome]:
    """Why it is asked, and what the node tells of the chain tx that it is about."""
    if look.winner is not None:
        return UNCLEAR, look.outcome(look.winner)
    assert look.used_by is not None
    return taken_by(look), look.paid_by or Outcome(look.used_by)


def _place(told: Outcome) -> str:
    return "" if told.fact.block is None else told.fact.block.hash


def _question(
    look: Look, payment: Payment, evidence: Mapping[str, Any], since: datetime
) -> Question:
    family, units = str(look.newest.row.family), int(payment.units or 0)
    return Question(family, payment.currency, payment.id, units, evidence, since)


def _evidence(
    look: Look, payment: Payment, because: str, told: Outcome, booked: int
) -> dict[str, Any]:
    """All that is known. It changes with the facts only, not with the time: it is signed."""
    row, block = look.newest.row, told.fact.block
    found: dict[str, Any] = {
        "because": because,
        "payment": payment.id,
        "state": payment.state,
        "address": payment.address,
        "attempts": [[str(each.row.id), str(each.row.txid)] for each in look.family],
        "number": [str(row.address), row.nonce],
        "txid": told.fact.txid,
        "block": None if block is None else {"height": block.height, "hash": block.hash},
        "node": None if block is None else _said(told),
    }
    return found | {OUTCOMES: _outcomes(look, payment, told, booked)}


def _said(told: Outcome) -> dict[str, str]:
    """What the node tells of it; what it does not tell is left out."""
    said = {"left": told.left, "arrived": told.arrived}
    words = "known" if told.proved else "forgotten"
    return {name: str(units) for name, units in said.items() if units is not None} | {
        "balances": words
    }


def _outcomes(
    look: Look, payment: Payment, told: Outcome, booked: int
) -> dict[str, list[list[str]]]:
    """Each answer that persons may give, with the entry that it leads to."""
    answers, txid = [], told.fact.txid
    is_of_another = look.winner is None and attempts.known_txids([txid])
    if not is_of_another and not _is_booked(payment.chain, txid):
        answers.append(True)
    if look.winner is None or not (told.proved and told.left):
        answers.append(False)  # of what is proved to have left nobody can say that it did not
    return {
        ANSWERS[paid]: entry_if(look, payment, told, paid=paid, booked=booked).as_json()
        for paid in answers
    }


def _is_booked(chain: str, txid: str) -> bool:
    """Whether the books have this chain tx as a loss already: what it took is not posted again."""
    spent = (Coin.chain == chain) & (Coin.spent_txid == txid)
    return bool(txid and Coin.select().where(spent).exists())
