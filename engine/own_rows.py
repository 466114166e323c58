"""What our own rows prove of each other where an address has more or less than they say, and which
of our sends and which bookings of thefts an address's rows come from. Asks no node.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from peewee import JOIN, fn

from db import bulk
from db.attempts import Attempt, AttemptOutput, Nonce, Outflow
from db.models import Coin, Payment
from engine.chain import Unspent
from engine.deposits.watch import MINED
from engine.folding import lost_rests, rest_units
from engine.holdings import Holding, Key

ASKED_MAX = 200  # chain txs of ours in one look
NUMBERS_NOTED = 10_000  # an address's newest sends among which lost rows are looked for


def as_proved(chain: str, odd: Sequence[Holding]) -> list[Holding]:
    """With the amounts of deposits and foldings in place of those of the coins that they made,
    where this is the balance: the coins' own rows were changed."""
    txids = sorted({coin.txid for each in odd for coin in each.coins})
    if not odd:
        return []
    rows = Payment.select(Payment.currency, Payment.txid, Payment.idx, Payment.units).where(
        (Payment.chain == chain) & (Payment.kind == "deposit") & bulk.one_of(Payment.txid, txids)
    )
    units = {(row.currency, str(row.txid), str(row.idx)): int(row.units or 0) for row in rows}
    units |= rest_units(chain, txids)
    found = []
    for each in odd:
        coins = tuple(
            replace(coin, units=units.get((coin.currency, *coin.coin), coin.units))
            for coin in each.coins
        )
        other = replace(each, coins=coins)
        found.append(each if other.more else other)
    return _with_lost(chain, found)


def _with_lost(chain: str, odd: Sequence[Holding]) -> list[Holding]:
    """With coins that deposits and foldings made and that have no row any more, where they are just
    what an address has more."""
    short = [each for each in odd if each.more > 0]
    lost = _without_rows(chain, [each.address for each in short]) if short else {}
    found = []
    for each in odd:
        other = replace(each, coins=(*each.coins, *lost.get(each.key, ())))
        found.append(each if other.more else other)
    return found


def _without_rows(chain: str, addresses: Sequence[str]) -> Mapping[Key, list[Unspent]]:
    same = (Coin.chain == chain) & (Coin.txid == Payment.txid) & (Coin.idx == Payment.idx)
    rows: Iterable[Payment] = (
        Payment.select(Payment)
        .join(Coin, JOIN.LEFT_OUTER, on=same & (Coin.currency == Payment.currency))
        .where(
            (Payment.chain == chain)
            & (Payment.kind == "deposit")
            & bulk.one_of(Payment.address, addresses)
            & Payment.state.in_((*MINED, "refunded"))
            & ~Payment.block_hash.is_null()
            & Coin.txid.is_null()
        )
    )
    found: dict[Key, list[Unspent]] = defaultdict(list)
    for row in rows:
        place = (str(row.currency), str(row.address), int(row.units or 0))
        coin = Unspent(str(row.txid), str(row.idx), *place, int(row.block_height or 0))
        found[coin.currency, coin.address].append(coin)
    for coin in lost_rests(chain, addresses):
        found[coin.currency, coin.address].append(coin)
    return found


def booked_thefts(chain: str, addresses: Sequence[str]) -> Mapping[str, list[Unspent]]:
    """Coins of these addresses that chain txs of nobody's spent, by their txids."""
    by_us = (Attempt.chain == Coin.chain) & (Attempt.txid == Coin.spent_txid)
    rows: Iterable[Coin] = (
        Coin.select(Coin)
        .join(Attempt, JOIN.LEFT_OUTER, on=by_us, attr="by")
        .where(
            (Coin.chain == chain)
            & bulk.one_of(Coin.address, addresses)
            & ~Coin.spent_height.is_null()
            & Attempt.id.is_null()
        )
    )
    found: dict[str, list[Unspent]] = defaultdict(list)
    for row in rows:
        coin = Unspent(
            row.txid, row.idx, row.currency, row.address, int(row.units), int(row.height or 0)
        )
        found[str(row.spent_txid)].append(coin)
    return found


def touching(chain: str, addresses: Sequence[str]) -> list[Attempt]:
    """Attempts whose rows make what these addresses have, the newest of them."""
    names = {*_not_final(chain), *_open_rows(chain), *_never_noted(chain, addresses)}
    rows = bulk.read_rows(
        Attempt.select().where(
            bulk.one_of(Attempt.id, sorted(names))
            & ~Attempt.nonce.is_null()
            & (Attempt.state != "dead")
        )
    )
    paid = AttemptOutput.select(AttemptOutput.attempt).where(
        bulk.one_of(AttemptOutput.attempt, sorted(names))
        & bulk.one_of(AttemptOutput.address, addresses)
    )
    paying, asked = {row.attempt for row in paid}, set(addresses)
    ours = (row for row in rows if row.address in asked or row.id in paying)
    newest = sorted(ours, key=lambda row: (row.nonce or 0, row.created_at), reverse=True)
    return newest[:ASKED_MAX]


def _not_final(chain: str) -> Iterator[str]:
    rows = Attempt.select(Attempt.id).where((Attempt.chain == chain) & (Attempt.final == 0))
    return (str(row.id) for row in rows)


def _open_rows(chain: str) -> Iterator[str]:
    rows = Outflow.select(Outflow.attempt).where(
        (Outflow.chain == chain) & Outflow.folded_height.is_null()
    )
    return (str(row.attempt) for row in rows.distinct())


def _never_noted(chain: str, addresses: Sequence[str]) -> Iterator[str]:
    """Attempts in blocks of which a row was lost, among the newest of each address."""
    ours = (Nonce.chain == chain) & bulk.one_of(Nonce.address, addresses)
    newest: Any = (
        Nonce.select(Nonce.address, fn.MAX(Nonce.nonce))
        .where(ours)
        .group_by(Nonce.address)
        .tuples()
    )
    for address, number in newest:
        numbers = (Nonce.chain == chain) & (Nonce.address == address)
        rows: Iterable[Attempt] = (
            Attempt.select(Attempt.id)
            .join(Nonce, on=(Nonce.family == Attempt.family), attr="number_of")
            .switch(Attempt)
            .join(Outflow, JOIN.LEFT_OUTER, on=(Outflow.attempt == Attempt.id), attr="left")
            .where(numbers & (Nonce.nonce > number - NUMBERS_NOTED) & ~Attempt.block_hash.is_null())
            .group_by(Attempt.id)
            .having(fn.COUNT(Outflow.idx) < 2)
        )
        yield from (str(row.id) for row in rows)


def used_up(chain: str, txids: Collection[str]) -> frozenset[tuple[str, str, str]]:
    """Of what these chain txs did, what is in no sum any more: coins that are spent and outflows
    that were folded, as (currency, txid, index)."""
    asked = sorted(txids)
    found: set[tuple[str, str, str]] = set()
    for table, gone in ((Coin, Coin.spent_height), (Outflow, Outflow.folded_height)):
        rows = table.select(table.currency, table.txid, table.idx).where(
            (table.chain == chain) & bulk.one_of(table.txid, asked) & ~gone.is_null()
        )
        found |= {(str(row.currency), str(row.txid), str(row.idx)) for row in rows}
    return frozenset(found)


def is_ours(txid: str) -> bool:
    return bool(Attempt.select().where(Attempt.txid == txid).exists())


def is_booked(holding: Holding, txid: str) -> bool:
    """Whether the books have it as a loss already."""
    rows = Coin.select().where((Coin.currency == holding.currency) & (Coin.spent_txid == txid))
    return bool(rows.exists())
