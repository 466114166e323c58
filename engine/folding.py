"""Folding what left an address for ever into the coins that are left there: thousands of sends must
not be read with every look at a balance.

The coins that paid for them are spent at the height of the newest of them, and what they leave is
one coin more, so that the sum of our rows is the same at every height.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import peewee

from db import bulk
from db.attempts import Attempt, Outflow
from db.connection import database
from db.models import Coin, Payment
from engine.chain import BlockRef, Unspent
from engine.holdings import REST, Key

TOGETHER = 20  # addresses in one database transaction
FOLDED_MAX = 5_000  # outflows in one run; the others follow in the next
SPENDABLE = ("credited", "refunded")

COIN = ("chain", "txid", "idx", "currency")
OUTFLOW = (*COIN, "address")


@dataclass(frozen=True, slots=True)
class _Fold:
    """What left one address in one currency, and the coins that pay for it; `at` is where the
    newest of them left."""

    outflows: Sequence[Outflow]
    coins: Sequence[Coin]
    at: BlockRef

    @property
    def rest(self) -> int:
        came = sum(int(coin.units) for coin in self.coins)
        return came - sum(int(row.units) for row in self.outflows)


def fold(chain: str, deepest: int, guard: Callable[[], None]) -> int:
    """Fold what left in blocks up to `deepest`, which are final, a bounded part in each database
    transaction, in which `guard` proves that its engine still follows the chain. Returns how many
    outflows were folded; call again at once while it is many. Asks no node."""
    groups = _final_outflows(chain, deepest)
    coins = _payable(chain, {address for _, address in groups}, deepest)
    folds = [
        found
        for key, rows in sorted(groups.items())
        if (found := _fold_of(rows, coins.get(key, []))) is not None
    ]
    for start in range(0, len(folds), TOGETHER):
        with database.atomic():
            guard()
            _write(folds[start : start + TOGETHER])
    return sum(len(each.outflows) for each in folds)


def _final_outflows(chain: str, deepest: int) -> dict[Key, list[Outflow]]:
    """By currency and address, the oldest first."""
    rows: Iterable[Outflow] = (
        Outflow.select(Outflow)
        .join(Attempt, on=(Outflow.attempt == Attempt.id))
        .where(
            (Outflow.chain == chain)
            & Outflow.folded_height.is_null()
            & (Outflow.height <= deepest)
            & (Attempt.final == 1)
        )
        .order_by(Outflow.height, Outflow.txid, Outflow.idx)
        .limit(FOLDED_MAX)
    )
    found: dict[Key, list[Outflow]] = defaultdict(list)
    for row in rows:
        found[row.currency, row.address].append(row)
    return found


def _payable(chain: str, addresses: Iterable[str], deepest: int) -> dict[Key, list[Coin]]:
    """Coins that are final and nobody's question, by currency and address, the oldest first."""
    ours = Coin.payment.is_null() | (
        Payment.state.in_(SPENDABLE) & (Payment.final == 1) & (Payment.unsettled == 0)
    )
    rows: Any = (
        Coin.select(Coin)
        .join(Payment, peewee.JOIN.LEFT_OUTER, on=(Coin.payment == Payment.id), attr="of")
        .where(
            (Coin.chain == chain)
            & bulk.one_of(Coin.address, sorted(addresses))
            & (Coin.height <= deepest)
            & Coin.spent_txid.is_null()
            & ours
        )
        .order_by(Coin.height, Coin.txid, Coin.idx)
    )
    found: dict[Key, list[Coin]] = defaultdict(list)
    for row in rows:
        found[row.currency, row.address].append(row)
    return found


def _fold_of(outflows: Sequence[Outflow], coins: Sequence[Coin]) -> _Fold | None:
    """The oldest coins that pay for all of `outflows`; None while those that were there by then
    and may be taken do not suffice."""
    newest = outflows[-1]
    wanted, taken = sum(int(row.units) for row in outflows), list[Coin]()
    at = BlockRef(int(newest.height or 0), str(newest.hash))
    for coin in coins:
        if wanted <= 0 or int(coin.height or 0) > at.height:
            break
        taken.append(coin)
        wanted -= int(coin.units)
    return None if wanted > 0 else _Fold(outflows, taken, at)


def _write(folds: Sequence[_Fold]) -> None:
    spent, folded, rests = list[dict[str, Any]](), list[dict[str, Any]](), list[dict[str, Any]]()
    for each in folds:
        newest = each.outflows[-1]
        at = {"spent_txid": newest.txid, "spent_height": each.at.height, "spent_hash": each.at.hash}
        spent += [_named(coin, COIN) | at for coin in each.coins]
        folded += [
            _named(row, OUTFLOW) | {"folded_height": each.at.height} for row in each.outflows
        ]
        if each.rest:
            rests.append(_rest(each, newest))
    bulk.update_rows(
        Coin,
        spent,
        match=COIN,
        changes=("spent_txid", "spent_height", "spent_hash"),
        where="coin.spent_txid IS NULL",
    )
    bulk.update_rows(Outflow, folded, match=OUTFLOW, changes=("folded_height",))
    bulk.insert_rows(Coin, rests)


def _rest(fold: _Fold, newest: Outflow) -> dict[str, Any]:
    return {
        "chain": newest.chain,
        "txid": newest.txid,
        "idx": f"{REST}{newest.address}",
        "currency": newest.currency,
        "address": newest.address,
        "account": newest.account,
        "units": fold.rest,
        "height": fold.at.height,
        "hash": fold.at.hash,
    }


def _named(row: Coin | Outflow, names: Sequence[str]) -> dict[str, Any]:
    return {f"match.{name}": getattr(row, name) for name in names}


def rest_units(chain: str, txids: Iterable[str]) -> dict[tuple[str, str, str], int]:
    """What folding left by the chain txs `txids`, from the rows that it folded, as units of each
    (currency, txid, index)."""
    asked = sorted(set(txids))
    newest: Any = (
        Outflow.select(Outflow.txid, Outflow.currency, Outflow.address, Outflow.height)
        .where(
            (Outflow.chain == chain)
            & bulk.one_of(Outflow.txid, asked)
            & (Outflow.folded_height == Outflow.height)
        )
        .distinct()
        .tuples()
    )
    found = {}
    for txid, currency, address, height in newest:
        ours = (Coin.chain == chain) & (Coin.currency == currency) & (Coin.address == address)
        coins = Coin.select(Coin.units).where(
            ours & (Coin.spent_txid == txid) & (Coin.spent_height == height)
        )
        left = Outflow.select(Outflow.units).where(
            (Outflow.chain == chain)
            & (Outflow.currency == currency)
            & (Outflow.address == address)
            & (Outflow.folded_height == height)
        )
        units = sum(row.units for row in coins) - sum(row.units for row in left)
        found[currency, txid, f"{REST}{address}"] = units
    return found


def lost_rests(chain: str, addresses: Sequence[str]) -> Iterator[Unspent]:
    """What folding left at these addresses and has no row any more."""
    newest: Any = (
        Outflow.select(Outflow.txid, Outflow.height)
        .where(
            (Outflow.chain == chain)
            & bulk.one_of(Outflow.address, addresses)
            & (Outflow.folded_height == Outflow.height)
        )
        .distinct()
        .tuples()
    )
    heights = {str(txid): int(height) for txid, height in newest}
    rows: Any = (
        Coin.select(Coin.currency, Coin.txid, Coin.idx)
        .where((Coin.chain == chain) & bulk.one_of(Coin.txid, sorted(heights)))
        .tuples()
    )
    there = set(rows)
    for (currency, txid, index), units in rest_units(chain, heights).items():
        if units > 0 and (currency, txid, index) not in there:
            address = index.removeprefix(REST)
            yield Unspent(txid, index, currency, address, units, heights[txid])
