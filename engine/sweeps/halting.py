"""A sweep counts by what arrived at its target. The first that brought less halts the sweeps of its
currency until a person has looked: whatever swallows one would swallow them all."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import peewee

from db import bulk
from db.connection import database
from db.exact import sum_sql
from db.models import Coin, History, Payment
from engine import brakes, chronicle
from engine.approvals.switches import currency_subject
from engine.chain import BlockRef
from engine.clock import rfc3339
from engine.config import Currency
from engine.lifecycle import Batch
from engine.money import format_amount
from engine.sender.by_nonce.questions import UNCLEAR_PATIENCE
from engine.sender.by_nonce.settle import UNCLEAR
from engine.sweeps.under_way import Move

log = logging.getLogger(__name__)

HALT = "halt"
NAMED_MAX = 3  # misses in a reason; its history names all
# In the words of the index, or no database takes it.
_LOOKED_AT = "purpose = 'sweep' AND (final = 0 OR state = 'failed')"


@dataclass(frozen=True, slots=True)
class Miss:
    """A sweep whose chain tx is in a block and brought less than it should; units. `arrived` is
    None where nobody can tell."""

    payment: str
    source: str
    target: str
    expected: int
    arrived: int | None

    def as_json(self) -> dict[str, str | None]:
        return {
            "payment": self.payment,
            "source": self.source,
            "target": self.target,
            "expected": str(self.expected),
            "arrived": None if self.arrived is None else str(self.arrived),
        }


def misses(currency: Currency) -> list[Miss]:
    """Sweeps of a currency that missed, and that no halt has named."""
    rows = list(
        Payment.select().where(
            (Payment.chain == currency.chain)
            & (Payment.currency == currency.symbol)
            & peewee.SQL(_LOOKED_AT)
            & ((Payment.state == "failed") | ~Payment.block_hash.is_null())
        )
    )
    arrived = _arrived(currency.chain, rows) if rows else {}
    short = [row for row in rows if arrived.get(row.id, 0) < int(row.units or 0)]
    return _unnamed(currency, [(row, arrived.get(row.id, 0)) for row in short])


def unclear(currency: Currency, tip: BlockRef, now: datetime) -> list[Miss]:
    """Sweeps of a currency in final blocks of which only a log says for a while what they moved,
    and nothing bears it out; those that no halt has named."""
    rows = Payment.select().where(
        (Payment.chain == currency.chain)
        & (Payment.currency == currency.symbol)
        & peewee.SQL(_LOOKED_AT)
        & (Payment.reason == UNCLEAR)
        & (Payment.block_height <= tip.height - currency.finality + 1)
        & (Payment.updated_at <= rfc3339(now - UNCLEAR_PATIENCE))
    )
    return _unnamed(currency, [(row, None) for row in rows])


def _unnamed(currency: Currency, found: Sequence[tuple[Payment, int | None]]) -> list[Miss]:
    named = _named(currency.symbol) if found else frozenset()
    return [
        Miss(row.id, str(row.source), str(row.address), int(row.units or 0), arrived)
        for row, arrived in found
        if row.id not in named
    ]


def halt(
    currency: Currency,
    reason: str,
    evidence: Mapping[str, Any],
    *,
    guard: Callable[[], None],
    now: datetime,
) -> None:
    """Put the brake on sweeps of a currency and write why. A brake that is on already stays."""
    log.error("%s: sweeps are halted: %s", currency.symbol, reason)
    with database.atomic():
        guard()
        if brakes.SWEEP not in brakes.of_currency(currency.symbol):
            brakes.put_on(
                currency=currency.symbol,
                kind=brakes.SWEEP,
                reason=reason,
                staff=brakes.BY_ENGINE,
                now=now,
            )
        chronicle.write(
            currency_subject(currency.symbol),
            HALT,
            to="sweeps halted",
            actor=brakes.BY_ENGINE,
            reason=reason,
            evidence=evidence,
            now=now,
        )


def halt_for(
    currency: Currency, found: Sequence[Miss], *, guard: Callable[[], None], now: datetime
) -> None:
    """Halt because of these misses, which are then named."""
    amount = partial(format_amount, decimals=currency.decimals)
    said = [
        f"sweep {each.payment} of {each.source} should have brought {amount(each.expected)}"
        f" {currency.symbol} to {each.target}, and"
        f" {'nobody can tell what' if each.arrived is None else amount(each.arrived)} arrived"
        for each in found[:NAMED_MAX]
    ]
    more = [f"and {len(found) - NAMED_MAX} more"] if len(found) > NAMED_MAX else []
    evidence = {"missed": [each.as_json() for each in found]}
    halt(currency, "; ".join([*said, *more]), evidence, guard=guard, now=now)


def take_back(moves: Sequence[Move], reason: str, batch: Batch) -> int:
    """Refuse what is opened and not signed; returns the moves made."""
    with batch:
        for move in moves:
            evidence = {"address": move.payment.address}
            batch.move(move.payment, "refuse", evidence=evidence, reason=reason, sub_state="")
        return batch.steps


def _arrived(chain: str, sweeps: Sequence[Payment]) -> dict[str, int]:
    """Units that these brought to addresses of ours, in blocks."""
    total = peewee.SQL(sum_sql(database.obj, "t1.units"))
    rows: Any = (
        Coin.select(Coin.payment, total)
        .where(
            (Coin.chain == chain)
            & bulk.one_of(Coin.txid, sorted({str(row.txid) for row in sweeps}))
            & bulk.one_of(Coin.payment, [row.id for row in sweeps])
            & ~Coin.height.is_null()
        )
        .group_by(Coin.payment)
        .tuples()
    )
    return {str(payment): int(units) for payment, units in rows}


def _named(symbol: str) -> frozenset[str]:
    """Sweeps that an earlier halt named: a person who resumed has judged them."""
    rows = History.select(History.evidence).where(
        (History.payment == currency_subject(symbol).id) & (History.event == HALT)
    )
    return frozenset(
        each["payment"] for row in rows for each in json.loads(row.evidence).get("missed", ())
    )
