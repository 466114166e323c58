"""Our coins: which may be spent, which to take, which are in use.

The set is in the database, because a node's own choice takes seconds at 5,000 coins and blocks its
wallet meanwhile. What an attempt stored says which coins are in use, never a node's locks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import peewee

from db.connection import database
from db.fields import UnitsField
from db.models import Coin, Payment
from engine.chain import Fact, Spend
from engine.ledger import WALLET_DEPOSITS, WALLET_HOT

CANDIDATES_MAX = 400
INPUTS_MAX = 200  # a chain tx of more would near the size that nodes relay
CONSOLIDATED_MAX = 20
SPENDABLE = ("credited", "refunded")  # deposits whose coin is ours to spend
KEPT_MIN = 100  # coins that consolidation leaves alone


@dataclass(frozen=True, slots=True)
class OwnCoin:
    """A coin that may be spent; `account` is the wallet account that it stands on, `final` whether
    its block is past the finality horizon."""

    spend: Spend
    account: str
    final: bool = False


Price = Callable[[OwnCoin], int]
"""Units of fee that spending a coin costs."""


def spendable(chain: str, currency: str, *, deepest: int, final: int) -> list[OwnCoin]:
    """Coins in blocks up to height `deepest`, not spent, in no attempt, and nobody's question:
    those in blocks up to height `final` first, then the large ones; a bounded number of them, and
    of very many the smallest, too, that may be spent along."""
    ours = _ours(chain, currency, deepest)
    by_size = [order.desc() for order in _size()]
    deep_first = ours.order_by((Coin.height <= final).desc(), *by_size)
    found = _rows(deep_first.limit(CANDIDATES_MAX))
    if len(found) == CANDIDATES_MAX:
        found += _rows(ours.order_by(*_size()).limit(CONSOLIDATED_MAX))
    return [
        OwnCoin(Spend(txid, index, int(units), address), account, height <= final)
        for txid, index, units, address, account, height in {row[:2]: row for row in found}.values()
    ]


def _rows(query: peewee.ModelSelect[Coin]) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in database.execute_sql(*query.sql())]


def _ours(chain: str, currency: str, deepest: int) -> peewee.ModelSelect[Coin]:
    return (
        Coin.select(Coin.txid, Coin.idx, Coin.units, Coin.address, Coin.account, Coin.height)
        .join(Payment, peewee.JOIN.LEFT_OUTER, on=(Coin.payment == Payment.id), attr="origin")
        .where(
            (Coin.chain == chain)
            & (Coin.currency == currency)
            & Coin.account.in_((WALLET_DEPOSITS, WALLET_HOT))
            & (Coin.height <= deepest)
            & Coin.spent_txid.is_null()
            & Coin.reserved.is_null()
            & (Coin.payment.is_null() | (Payment.state.in_(SPENDABLE) & (Payment.unsettled == 0)))
        )
    )


def choose(coins: Sequence[OwnCoin], *, target: int, price: Price) -> list[OwnCoin] | None:
    """Coins that are worth `target` units after their own price: of those past finality if they
    suffice, else of all. None when all of them together do not."""
    final = [coin for coin in coins if coin.final]
    return _choose(final, target, price) or _choose(coins, target, price)


def _choose(coins: Sequence[OwnCoin], target: int, price: Price) -> list[OwnCoin] | None:
    """The smallest single coin that suffices, else the largest first."""
    worth = sorted(((coin.spend.units - price(coin), at) for at, coin in enumerate(coins)))
    alone = next((at for units, at in worth if units >= target), None)
    if alone is not None:
        return [coins[alone]]
    chosen: list[OwnCoin] = []
    for units, at in reversed(worth[-INPUTS_MAX:]):
        if units <= 0:
            break
        chosen.append(coins[at])
        target -= units
        if target <= 0:
            return chosen
    return None


def add_small(
    chosen: Sequence[OwnCoin], coins: Sequence[OwnCoin], *, price: Price
) -> list[OwnCoin]:
    """With fees low, spend some small coins along, so that the wallet does not fill with them; as
    many stay as the next chain txs may want before this one's change is mined."""
    taken = {id(coin) for coin in chosen}
    small = sorted(
        (coin for coin in coins if id(coin) not in taken and coin.spend.units > 2 * price(coin)),
        key=lambda each: each.spend.units,
    )
    room = min(CONSOLIDATED_MAX, INPUTS_MAX - len(chosen), len(coins) - len(chosen) - KEPT_MIN)
    return [*chosen, *small[: max(0, room)]]


def note_spent(chain: str, spent: Mapping[tuple[str, str], Fact]) -> None:
    """Coins that a foreign chain tx in a block spent are never chosen again. They count as spent in
    the books when two persons cure what reconciliation names. Inside the caller's database
    transaction."""
    for (txid, index), fact in spent.items():
        Coin.update(spent_txid=fact.txid).where(
            (Coin.chain == chain)
            & (Coin.txid == txid)
            & (Coin.idx == index)
            & Coin.spent_txid.is_null()
        ).execute()


def release(family: str) -> None:
    """Free the coins of a family that is proved dead, unless they are spent."""
    Coin.update(reserved=None).where(
        (Coin.reserved == family) & Coin.spent_txid.is_null()
    ).execute()


def _size() -> tuple[peewee.Function, UnitsField]:
    """By which coins are ordered: on SQLite units are text without leading zeros, longer is
    larger."""
    return peewee.fn.LENGTH(peewee.Cast(Coin.units, "TEXT")), Coin.units
