"""A chain whose node keeps no coins, counted all the same: each address by its balance after one
block, each balance as the rows that our books say it is made of.

Where balance and rows agree, the coins are those of the rows. Where they do not, the node is asked
what our own chain txs truly did, and who else used the address. What an address still has more is
one more coin, named for address and block; what it has less was spent by whoever used it, or is
missing from its newest coins.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

import peewee

from db import bulk
from db.attempts import Attempt
from db.models import Coin, Payment
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
from engine.errors import TipMoved
from engine.holdings import REST, Holding, holdings, surplus_name, used_addresses
from engine.own_sends import OwnSends, explained
from engine.sending import Outcome, Payer

LESS = "less"  # txid of what an address has less, where no coin of it can be it
EACH_BLOCK_MAX = 500  # addresses that are counted at every block; more are on a slower clock
SPENDABLE = ("credited", "refunded")


class Counted:
    """engine.chain.Countable over a chain that tells balances only. One thread owns an instance;
    the caller is connected."""

    def __init__(self, node: ByBalance, chain: str, currencies: Sequence[str]) -> None:
        self._node = node
        self._chain = chain
        self._currencies = currencies
        self._taken: dict[tuple[str, str], Fact] = {}  # coins that a stranger spent

    @property
    def payer(self) -> Payer | None:
        """The node, if our keys pay there."""
        return self._node if isinstance(self._node, Payer) else None

    def coins(self, at: str) -> list[Unspent]:
        block = self._node.block(at)
        if block is None:
            raise TipMoved("the node's chain moved on while it was counted")
        self._taken.clear()
        addresses = used_addresses(self._chain)
        found = holdings(self._node, self._chain, self._currencies, addresses, block.ref)
        known = explained(self._node, self._chain, found, block.ref)
        return [coin for each in known for coin in self._shown(each, block.ref)]

    def _shown(self, holding: Holding, at: BlockRef) -> list[Unspent]:
        """The coins of a holding as a node would list them: together they are its balance."""
        payer = self.payer
        if holding.more >= 0 or payer is None:
            return _shown(holding, at)
        sends = OwnSends(payer, self._chain, at)
        fact = sends.stranger(holding)
        if fact is not None:
            return self._without(holding, fact)
        return _shown(holding, at, sent=sends.made(holding))

    def _without(self, holding: Holding, fact: Fact) -> list[Unspent]:
        """What a stranger's chain tx left: it spent coins of ours, those that we may spend first,
        and what of them is still there came back."""
        lost, left = -holding.more, list[Unspent]()
        for coin in self._cheapest_first(holding):
            if lost > 0 and coin.units > 0:
                lost -= coin.units
                self._taken[coin.coin] = fact
            else:
                left.append(coin)
        if lost < 0 and fact.block is not None:
            rest = (holding.currency, holding.address, -lost, fact.block.height)
            left.append(Unspent(fact.txid, f"{REST}{holding.address}", *rest))
        return left

    def _cheapest_first(self, holding: Holding) -> list[Unspent]:
        """Coins that are nobody's question before those that are, the older ones first."""
        txids = sorted({coin.txid for coin in holding.coins})
        rows = Payment.select(Payment.txid, Payment.idx).where(
            (Payment.chain == self._chain)
            & (Payment.kind == "deposit")
            & bulk.one_of(Payment.txid, txids)
            & Payment.state.not_in(SPENDABLE)
        )
        asked = {(str(row.txid), str(row.idx)) for row in rows}
        return sorted(holding.coins, key=lambda coin: (coin.coin in asked, coin.height))

    def outcomes(self, rows: Sequence[Attempt]) -> dict[str, Outcome]:
        """engine.own_sends.TellsOutcomes."""
        payer, row = self.payer, chains.state(self._chain)
        if payer is None or row.hash is None:
            return {}
        at = BlockRef(int(row.height), str(row.hash))
        return OwnSends(payer, self._chain, at).outcomes(rows)

    def coins_mark(self) -> str:
        """The tip that we followed to: any block may change a balance. With very many addresses,
        what is in their rows, so that the slow clock of whoever counts decides."""
        if len(used_addresses(self._chain)) <= EACH_BLOCK_MAX:
            return str(chains.state(self._chain).hash)
        count = Coin.select(peewee.fn.COUNT(Coin.txid)).where(Coin.chain == self._chain).scalar()
        return f"{count} coins"

    def spenders(
        self,
        coins: Collection[tuple[str, str]],
        *,
        since: int,  # noqa: ARG002 - they were asked for when the coins were counted
    ) -> dict[tuple[str, str], Fact]:
        return {coin: self._taken[coin] for coin in coins if coin in self._taken}

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


def _shown(
    holding: Holding, at: BlockRef, *, sent: Collection[tuple[str, str]] = ()
) -> list[Unspent]:
    """The coins of a holding where nobody else used the address; `sent` are those that our own
    chain txs made for certain."""
    if holding.more >= 0:
        coins = list(holding.coins)
        if holding.more:
            txid, index = surplus_name(holding.address, at.hash)
            unit = (holding.currency, holding.address, holding.more, at.height)
            coins.append(Unspent(txid, index, *unit))
        return coins
    lost, coins = -holding.more, list[Unspent]()
    for coin in reversed(holding.coins):
        units = coin.units
        if units > 0 and coin.coin not in sent:
            units -= min(units, lost)
            lost -= coin.units - units
        if units:
            coins.append(replace(coin, units=units))
    if lost:
        index = f"balance:{holding.address}"
        less = Unspent(LESS, index, holding.currency, holding.address, -lost, at.height)
        coins.append(less)
    return coins[::-1]
