"""A chain whose node keeps no coins, counted all the same: each address by its balance after one
block, each balance as the coins that our rows say it is made of.

Where balance and rows agree, the coins are those of the rows. What an address has more is one more
coin, named for address and block; what it has less is missing from its newest coins.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import peewee

from db.models import Address, Coin
from engine import chains
from engine.chain import (
    Block,
    BlockRef,
    ByBalance,
    Expectation,
    Fact,
    Health,
    Identity,
    NewAddress,
    Scan,
    Senders,
    Unspent,
)
from engine.errors import NodeDown, TipMoved

BY_BLOCK = "block:"
EACH_BLOCK_MAX = 500  # addresses that are counted at every block; more are on a slower clock


@dataclass(frozen=True, slots=True)
class Holding:
    """What one address holds of one currency: by its node, and by our rows, oldest coin first."""

    currency: str
    address: str
    units: int
    coins: tuple[Unspent, ...]

    @property
    def more(self) -> int:
        """Units that the node has and no row explains; below zero where it has less."""
        return self.units - sum(coin.units for coin in self.coins)


def surplus_name(address: str, block_hash: str) -> tuple[str, str]:
    """Txid and index of what only the balance after a block shows."""
    return f"{BY_BLOCK}{block_hash}", f"balance:{address}@{block_hash}"


def holdings(
    node: ByBalance, chain: str, currencies: Sequence[str], addresses: Sequence[str], at: BlockRef
) -> list[Holding]:
    """Each of `addresses` in each of `currencies` after the block `at`, which we have followed to.
    Raises NodeDown where a balance is not told."""
    asked = [(currency, address) for address in addresses for currency in currencies]
    told = node.balances(asked, at=at.hash)
    rows = _coins(chain, addresses, at.height)
    found = []
    for key, units in zip(asked, told, strict=True):
        if units is None:
            raise NodeDown("the node does not tell the balances of a block")
        found.append(Holding(*key, units, tuple(rows.get(key, ()))))
    return found


def used_addresses(chain: str) -> list[str]:
    """Addresses of ours that ever held anything, and those of the house; oldest first."""
    rows = Address.select(Address.address).where(
        (Address.chain == chain) & (~Address.used_at.is_null() | (Address.purpose == "hot"))
    )
    return [str(row.address) for row in rows.order_by(Address.id)]


class Counted:
    """engine.chain.Countable over a chain that tells balances only. One thread owns an instance;
    the caller is connected."""

    def __init__(self, node: ByBalance, chain: str, currencies: Sequence[str]) -> None:
        self._node = node
        self._chain = chain
        self._currencies = currencies

    def coins(self, at: str) -> list[Unspent]:
        block = self._node.block(at)
        if block is None:
            raise TipMoved("the node's chain moved on while it was counted")
        addresses = used_addresses(self._chain)
        found = holdings(self._node, self._chain, self._currencies, addresses, block.ref)
        return [coin for each in found for coin in _shown(each, block.ref)]

    def coins_mark(self) -> str:
        """The tip that we followed to: any block may change a balance. With very many addresses,
        what is in their rows, so that the slow clock of whoever counts decides."""
        if len(used_addresses(self._chain)) <= EACH_BLOCK_MAX:
            return str(chains.state(self._chain).hash)
        count = Coin.select(peewee.fn.COUNT(Coin.txid)).where(Coin.chain == self._chain).scalar()
        return f"{count} coins"

    def spenders(
        self,
        coins: Collection[tuple[str, str]],  # noqa: ARG002 - a balance does not tell
        *,
        since: int,  # noqa: ARG002 - likewise
    ) -> dict[tuple[str, str], Fact]:
        return {}

    # --- as the chain itself ---

    def identity(self) -> Identity:
        return self._node.identity()

    def health(self, expected: Expectation, *, now_s: int) -> Health:
        return self._node.health(expected, now_s=now_s)

    def scan(self, cursor: str | None) -> Scan:
        return self._node.scan(cursor)

    def block(self, block_hash: str) -> Block | None:
        return self._node.block(block_hash)

    def facts(self, txids: Iterable[str]) -> dict[str, Fact]:
        return self._node.facts(txids)

    def in_mempool(self, txids: Sequence[str]) -> frozenset[str]:
        return self._node.in_mempool(txids)

    def new_addresses(self, count: int) -> list[NewAddress]:
        return self._node.new_addresses(count)

    def senders(self, txid: str) -> Senders | None:
        return self._node.senders(txid)

    def calls(self) -> int:
        return self._node.calls()

    def close(self) -> None:
        self._node.close()


def _coins(
    chain: str, addresses: Sequence[str], height: int
) -> dict[tuple[str, str], list[Unspent]]:
    """Unspent coins of our rows in blocks up to `height`, by currency and address."""
    found: dict[tuple[str, str], list[Unspent]] = defaultdict(list)
    rows: Any = (
        Coin.select()
        .where(
            (Coin.chain == chain)
            & (Coin.height <= height)
            & Coin.spent_height.is_null()
            & Coin.address.in_(list(addresses))
        )
        .order_by(Coin.height, Coin.txid, Coin.idx)
    )
    for row in rows:
        coin = Unspent(row.txid, row.idx, row.currency, row.address, int(row.units), row.height)
        found[row.currency, row.address].append(coin)
    return found


def _shown(holding: Holding, at: BlockRef) -> list[Unspent]:
    """The coins of a holding as a node would list them: together they are its balance."""
    if holding.more >= 0:
        coins = list(holding.coins)
        if holding.more:
            txid, index = surplus_name(holding.address, at.hash)
            unit = (holding.currency, holding.address, holding.more, at.height)
            coins.append(Unspent(txid, index, *unit))
        return coins
    left, coins = holding.units, []
    for coin in holding.coins:
        units = min(coin.units, left)
        left -= units
        if units:
            coins.append(_with_units(coin, units))
    return coins


def _with_units(coin: Unspent, units: int) -> Unspent:
    return Unspent(coin.txid, coin.index, coin.currency, coin.address, units, coin.height)
