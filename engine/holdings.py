"""What each of our addresses holds, by its node and by our rows, where a node keeps no coins.

Our rows of an address are the coins that came to it and were not spent, and, as coins of less than
nothing, what left it by our own chain txs and was not folded into a coin yet.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from db import bulk
from db.attempts import Outflow
from db.models import Address, Coin, Payment
from engine.chain import BlockRef, ByBalance, Unspent
from engine.errors import NodeDown

BY_BLOCK, BALANCE = "block:", "balance:"
REST = "rest:"  # index of what is left of an address's coins
OF_HOUSE = ("hot", "cold")

Key = tuple[str, str]  # currency and address


@dataclass(frozen=True, slots=True)
class Holding:
    """What one address holds of one currency: `units` by its node, `coins` by our rows, oldest
    first, those of less than nothing among them."""

    currency: str
    address: str
    units: int
    coins: tuple[Unspent, ...]

    @property
    def more(self) -> int:
        """Units that the node has and no row explains; below zero where it has less."""
        return self.units - sum(coin.units for coin in self.coins)

    @property
    def key(self) -> Key:
        return self.currency, self.address


def is_by_balance(payment: Payment) -> bool:
    """Whether nothing but a balance shows its coin: no node can be asked for it again."""
    return str(payment.txid).startswith(BY_BLOCK) and str(payment.idx).startswith(BALANCE)


def surplus_name(address: str, block_hash: str) -> tuple[str, str]:
    """Txid and index of what only the balance after a block shows."""
    return f"{BY_BLOCK}{block_hash}", f"{BALANCE}{address}@{block_hash}"


def holdings(
    node: ByBalance, chain: str, currencies: Sequence[str], addresses: Sequence[str], at: BlockRef
) -> list[Holding]:
    """Each of `addresses` in each of `currencies` after the block `at`, which we have followed to.
    Raises NodeDown where a balance is not told."""
    asked = [(currency, address) for address in addresses for currency in currencies]
    told = node.balances(asked, at=at.hash)
    rows = _rows(chain, addresses, at.height)
    found = []
    for key, units in zip(asked, told, strict=True):
        if units is None:
            raise NodeDown("the node does not tell the balances of a block")
        found.append(Holding(*key, units, tuple(rows.get(key, ()))))
    return found


def used_addresses(chain: str) -> list[str]:
    """Addresses of ours that ever held anything, and those of the house; oldest first."""
    rows = Address.select(Address.address).where(
        (Address.chain == chain) & (~Address.used_at.is_null() | Address.purpose.in_(OF_HOUSE))
    )
    return [str(row.address) for row in rows.order_by(Address.id)]


def _rows(chain: str, addresses: Sequence[str], height: int) -> dict[Key, list[Unspent]]:
    """Our rows in blocks up to `height`, by currency and address."""
    found: dict[Key, list[Unspent]] = defaultdict(list)
    for coin in (*_coins(chain, addresses, height), *_left(chain, addresses, height)):
        found[coin.currency, coin.address].append(coin)
    return found


def _coins(chain: str, addresses: Sequence[str], height: int) -> Iterator[Unspent]:
    rows: Any = (
        Coin.select(Coin.txid, Coin.idx, Coin.currency, Coin.address, Coin.units, Coin.height)
        .where(
            (Coin.chain == chain)
            & (Coin.height <= height)
            & Coin.spent_height.is_null()
            & bulk.one_of(Coin.address, addresses)
        )
        .order_by(Coin.height, Coin.txid, Coin.idx)
        .tuples()
    )
    return (Unspent(*row) for row in rows)


def _left(chain: str, addresses: Sequence[str], height: int) -> Iterator[Unspent]:
    rows: Any = (
        Outflow.select(
            Outflow.txid,
            Outflow.idx,
            Outflow.currency,
            Outflow.address,
            Outflow.units,
            Outflow.height,
        )
        .where(
            (Outflow.chain == chain)
            & (Outflow.height <= height)
            & Outflow.folded_height.is_null()
            & bulk.one_of(Outflow.address, addresses)
        )
        .order_by(Outflow.height, Outflow.txid, Outflow.idx)
        .tuples()
    )
    for txid, index, currency, address, units, mined in rows:
        if units:
            yield Unspent(txid, index, currency, address, -units, mined)
