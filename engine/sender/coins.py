"""Our coins: which may be spent, which to take, which are in use.

The set is in the database, because a node's own choice takes seconds at 5,000 coins and blocks its
wallet meanwhile. What an attempt stored says which coins are in use, never a node's locks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import peewee

from db.models import Coin, Payment
from engine.chain import Spend
from engine.errors import StaleState
from engine.ledger import WALLET_DEPOSITS, WALLET_HOT

CANDIDATES_MAX = 400
INPUTS_MAX = 200  # a chain tx of more would near the size that nodes relay
CONSOLIDATED_MAX = 20

Cost = Callable[[Sequence[Spend]], int]
"""Units that outputs and chain fee need when these coins are spent."""


@dataclass(frozen=True, slots=True)
class OwnCoin:
    """A coin that may be spent; `account` is the wallet account that it stands on."""

    spend: Spend
    account: str


def spendable(chain: str, currency: str, *, deepest: int) -> list[OwnCoin]:
    """Coins in blocks up to height `deepest`, not spent, in no attempt, and nobody's question:
    those past finality first, then the large ones; a bounded number of them."""
    rows = (
        Coin.select(Coin, Payment.final)
        .join(Payment, peewee.JOIN.LEFT_OUTER, on=(Coin.payment == Payment.id), attr="origin")
        .where(
            (Coin.chain == chain)
            & (Coin.currency == currency)
            & Coin.account.in_((WALLET_DEPOSITS, WALLET_HOT))
            & (Coin.height <= deepest)
            & Coin.spent_txid.is_null()
            & Coin.reserved.is_null()
            & (Coin.payment.is_null() | ((Payment.state == "credited") & (Payment.unsettled == 0)))
        )
        .order_by(peewee.fn.COALESCE(Payment.final, 1).desc(), *_by_size())
        .limit(CANDIDATES_MAX)
    )
    return [
        OwnCoin(Spend(row.txid, row.idx, int(row.units), row.address), row.account) for row in rows
    ]


def choose(coins: Sequence[OwnCoin], cost: Cost) -> list[OwnCoin] | None:
    """Coins that pay for `cost`: the smallest single one that suffices, else the largest first.
    None when all of them together do not."""
    alone = [coin for coin in coins if coin.spend.units >= cost([coin.spend])]
    if alone:
        return [min(alone, key=lambda coin: coin.spend.units)]
    chosen: list[OwnCoin] = []
    for coin in sorted(coins, key=lambda each: -each.spend.units)[:INPUTS_MAX]:
        chosen.append(coin)
        spends = [each.spend for each in chosen]
        if sum(each.units for each in spends) >= cost(spends):
            return chosen
    return None


def add_small(chosen: Sequence[OwnCoin], coins: Sequence[OwnCoin], *, worth: int) -> list[OwnCoin]:
    """With fees low, spend some small coins along, so that the wallet does not fill with them;
    `worth` is what spending one costs at this rate."""
    taken = {id(coin) for coin in chosen}
    small = sorted(
        (coin for coin in coins if id(coin) not in taken and coin.spend.units > 2 * worth),
        key=lambda each: each.spend.units,
    )
    room = min(CONSOLIDATED_MAX, INPUTS_MAX - len(chosen))
    return [*chosen, *small[: max(0, room)]]


def reserve(chain: str, coins: Sequence[OwnCoin], family: str) -> None:
    """Put coins in use for an attempt's family, inside the caller's database transaction. Raises
    StaleState when one was taken or spent meanwhile."""
    for coin in coins:
        taken = (
            Coin.update(reserved=family)
            .where(_is(chain, coin.spend) & Coin.reserved.is_null() & Coin.spent_txid.is_null())
            .execute()
        )
        if taken != 1:
            raise StaleState("a coin was taken meanwhile")


def release(family: str) -> None:
    """Free the coins of a family that is proved dead, unless they are spent."""
    Coin.update(reserved=None).where(
        (Coin.reserved == family) & Coin.spent_txid.is_null()
    ).execute()


def _is(chain: str, spend: Spend) -> peewee.Expression:
    return (Coin.chain == chain) & (Coin.txid == spend.txid) & (Coin.idx == spend.index)


def _by_size() -> tuple[object, ...]:
    """Largest first: on SQLite units are text without leading zeros, longer is larger."""
    return peewee.fn.LENGTH(peewee.Cast(Coin.units, "TEXT")).desc(), Coin.units.desc()
