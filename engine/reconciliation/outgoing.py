"""Timing items of what left our addresses by chain txs of ours, where a node keeps no coins: in a
block and not settled yet, or settled and out of their block. Each in the currency that it is of.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from db.attempts import Attempt, AttemptOutput, Outflow
from db.models import Coin, Payment
from engine.outflows import GAS
from engine.reconciliation import timing
from engine.reconciliation.timing import Timing

# Whether an attempt is settled, and is it a fee, what clients are paid, or a move of our own.
_NAMES = {
    (False, "fee"): timing.SEND_FEES,
    (False, "withdrawal"): timing.SENDS,
    (False, "transfer"): timing.MOVES,
    (True, "fee"): timing.SEND_FEES_OUT,
    (True, "withdrawal"): timing.SENDS_OUT,
    (True, "transfer"): timing.MOVES_OUT,
}


def left(chain: str, currency: str) -> tuple[Timing, ...]:
    """The items of `currency`. What left is negative as long as the books have it, and what landed
    at another address of ours positive."""
    units: dict[str, int] = defaultdict(int)
    found: dict[str, set[str]] = defaultdict(set)
    for name, payment, amount in _parts(chain, currency):
        units[name] += amount
        found[name].add(payment)
    return tuple(
        Timing(name, units[name], len(found[name])) for name in timing.WORDS if name in found
    )


def payments_of(chain: str, currency: str, item: str) -> frozenset[str]:
    """The payments that make up an item of `currency` now."""
    return frozenset(payment for name, payment, _ in _parts(chain, currency) if name == item)


def due(chain: str, currency: str, height: int) -> list[Payment]:
    """Payments of `currency` whose chain tx did what it should, is as deep as they demand at a tip
    of this height, and that are not settled yet."""
    rows: Iterable[Payment] = (
        Payment.select(Payment)
        .join(AttemptOutput, on=(AttemptOutput.payment == Payment.id), attr="paid")
        .join(Attempt, on=(AttemptOutput.attempt == Attempt.id), attr="by")
        .where(
            (Payment.chain == chain)
            & (Payment.currency == currency)
            & (Payment.final == 0)
            & (Payment.state == "pending")
            & (Payment.reason == "")
            & (Attempt.state == "mined")
            & ~Attempt.nonce.is_null()
            & (Payment.block_height + Payment.required - 1 <= height)
        )
    )
    return list(rows)


def _parts(chain: str, currency: str) -> Iterator[tuple[str, str, int]]:
    """Every part of an item: which one, whose, units."""
    yield from _outflows(chain, currency)
    yield from _landed(chain, currency)


def _outflows(chain: str, currency: str) -> Iterator[tuple[str, str, int]]:
    rows: Any = (
        Outflow.select(
            Payment.id,
            Outflow.idx,
            Payment.kind,
            Outflow.units,
            Outflow.height,
            Attempt.state,
            Payment.unsettled,
            Payment.units,
        )
        .join(Attempt, on=(Outflow.attempt == Attempt.id))
        .join(AttemptOutput, on=(AttemptOutput.attempt == Attempt.id))
        .join(Payment, on=(AttemptOutput.payment == Payment.id))
        .where(_open(chain) & (Outflow.currency == currency))
        .tuples()
    )
    for payment, index, kind, units, height, state, unsettled, asked in rows:
        name = _NAMES[state == "settled", "fee" if index == GAS else kind]
        if state != "settled":
            amount = 0 if height is None else -units
        elif height is None:
            amount = units
        else:  # where it is mined now it may have failed, which is booked once that is final
            amount = asked - units if unsettled and index != GAS else 0
        if amount:
            yield name, payment, amount


def _landed(chain: str, currency: str) -> Iterator[tuple[str, str, int]]:
    rows: Any = (
        Coin.select(Payment.id, Coin.units, Coin.height, Attempt.state)
        .join(Attempt, on=(Coin.txid == Attempt.txid))
        .join(Payment, on=(Coin.payment == Payment.id))
        .where(
            _open(chain)
            & (Coin.chain == chain)
            & (Coin.currency == currency)
            & (Payment.kind == "transfer")
        )
        .tuples()
    )
    for payment, units, height, state in rows:
        settled = state == "settled"
        if settled == (height is None):
            yield _NAMES[settled, "transfer"], payment, -units if settled else units


def _open(chain: str) -> Any:
    """Attempts that may still change: not final, and in the state that makes an item."""
    by_nonce = (Attempt.chain == chain) & ~Attempt.nonce.is_null()
    return by_nonce & (Attempt.final == 0) & Attempt.state.in_(("mined", "sent", "settled"))
