"""Spends by strangers that two persons booked as a loss: followed until they are final, because a
reorganisation may undo them.

What was booked follows from the chronicle of cures, each row of which says what was seen.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from db.models import Coin, History
from engine.chain import BlockRef, Fact, Standing
from engine.chronicle import Subject
from engine.config import Currency
from engine.deposits.rules import confirmations
from engine.holdings import BY_BLOCK
from engine.ledger import Line, NewEntry
from engine.reconciliation.kinds import Finding

Name = tuple[str, str]  # txid and index of a coin


@dataclass(frozen=True, slots=True)
class BookedSpend:
    """A chain tx that is no attempt of ours: the coins that it spent, what of them came back to us
    (index, address, units), and the entry by which the rest was lost. `evidence` is all that was
    seen of it."""

    txid: str
    spent: tuple[Name, ...]
    change: tuple[tuple[str, str, int], ...]
    lines: tuple[Line, ...]
    evidence: Mapping[str, Any]

    @property
    def coins(self) -> frozenset[Name]:
        """Every coin that it spent or made for us."""
        return frozenset({*self.spent, *((self.txid, index) for index, _, _ in self.change)})

    @property
    def units(self) -> int:
        """What the wallet accounts lost by it."""
        return -sum(line.units for line in self.lines if line.account.startswith("wallet:"))

    @property
    def back(self) -> NewEntry:
        """Its entry backwards."""
        lines = tuple(Line(each.account, each.currency, -each.units) for each in self.lines)
        return NewEntry("cure", lines, overdraw=True)


def cures_in(currency: str) -> Subject:
    """The chronicle of cures that are about coins, not payments."""
    return Subject("currency", f"{currency}/cures", currency=currency)


def booked_spends(currency: str) -> dict[str, BookedSpend]:
    """Every spend that is booked as a loss now, by txid."""
    rows = History.select().where(History.payment == cures_in(currency).id).order_by(History.seq)
    found: dict[str, BookedSpend] = {}
    for row in rows:
        evidence = json.loads(row.evidence)
        about = evidence.get("about", {})
        if about.get("undone"):
            found.pop(str(about["txid"]), None)
        elif "spent" in about:
            found[str(about["txid"])] = _booked(about, evidence.get("entry", ()))
    return found


def _booked(about: Mapping[str, Any], entry: Collection[tuple[str, str, str]]) -> BookedSpend:
    return BookedSpend(
        str(about["txid"]),
        tuple(name_of(each) for each in about["spent"]),
        tuple((str(i), str(address), int(units)) for i, address, units in about["change"]),
        tuple(Line(account, currency, int(units)) for account, currency, units in entry),
        about,
    )


def name_of(text: str) -> Name:
    """The coin that a text such as `txid:vout:1` names; what only a block shows has a txid with a
    colon of its own."""
    head, text = (
        (BY_BLOCK, text.removeprefix(BY_BLOCK)) if text.startswith(BY_BLOCK) else ("", text)
    )
    txid, _, index = text.partition(":")
    return head + txid, index


@dataclass(frozen=True, slots=True)
class Place:
    """A booked spend and the block in which our rows have it."""

    spend: BookedSpend
    height: int
    hash: str


def not_final(currency: Currency, height: int) -> list[Place]:
    """Booked spends that a reorganisation may undo yet, at a tip of this height."""
    booked = booked_spends(currency.symbol)
    rows = Coin.select(Coin.spent_txid, Coin.spent_height, Coin.spent_hash).where(
        (Coin.chain == currency.chain)
        & Coin.spent_txid.in_(sorted(booked))
        & (Coin.spent_height > height - currency.finality)
    )
    places = {str(row.spent_txid): row for row in rows}
    return [
        Place(booked[txid], int(row.spent_height or 0), str(row.spent_hash))
        for txid, row in sorted(places.items())
    ]


def moved(
    currency: Currency, places: Collection[Place], facts: Mapping[str, Fact], tip: BlockRef
) -> Iterator[Finding]:
    """Those that are in another block now than our rows say, or in none."""
    for place in places:
        fact = facts[place.spend.txid]
        if fact.block is not None and fact.block.hash != place.hash:
            block = {"height": fact.block.height, "hash": fact.block.hash}
            evidence = {"txid": fact.txid, "block": block, "was": place.hash}
            yield Finding("state_lags", currency.symbol, fact.txid, 0, evidence)
        elif fact.block is None:
            yield _undone(currency, place, fact, tip)


def _undone(currency: Currency, place: Place, fact: Fact, tip: BlockRef) -> Finding:
    spend = place.spend
    evidence = {
        **spend.evidence,
        "block": {"height": place.height, "hash": place.hash},
        "undone": True,
        "standing": fact.standing.value,
    }
    required = currency.confirmations.required(abs(spend.units))
    if fact.standing is Standing.GONE:
        lasting = fact.conflict_depth >= required
    else:  # nothing excludes it: it had twice as many blocks to come back
        gone_for = confirmations(tip.height, place.height)
        lasting = fact.standing is Standing.ABSENT and gone_for >= 2 * required
    entry = spend.back if lasting else None
    return Finding(
        "reorged", currency.symbol, spend.txid, spend.units, evidence, spend.units, entry
    )
