"""The proof that a family can never be mined: a coin that it spends is gone, and how deep.

The attempts of a family share every coin, so what excludes one excludes all, also one that no
wallet remembers because its bytes never went out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.chain import BlockRef, Chain, Fact, Standing
from engine.sender.attempts import Stored

Coin = tuple[str, str]  # txid and index


@dataclass(frozen=True, slots=True)
class Loss:
    """`depth`: blocks on top of what excludes the family, itself counted; 0 while nothing does.
    `spent`: those of its coins that a foreign chain tx in a block spent."""

    depth: int
    spent: Mapping[Coin, Fact]


NO_LOSS = Loss(0, {})


def loss_of(
    family: Sequence[Stored], facts: Mapping[str, Fact], node: Chain, tip: BlockRef
) -> Loss:
    """What the node proves about a family of which it has no attempt. Two calls or more."""
    own = {stored.row.txid for stored in family}
    if any(facts[txid].standing in {Standing.MINED, Standing.MEMPOOL} for txid in own):
        return NO_LOSS
    coins = [(coin.txid, coin.idx) for coin in family[-1].inputs]
    parents = node.facts(sorted({txid for txid, _ in coins}))
    spent = {
        coin: fact
        for coin, fact in _spends(coins, parents, node).items()
        if fact.standing is Standing.MINED and fact.txid not in own
    }
    depths = [facts[txid].conflict_depth for txid in own]
    depths += [fact.conflict_depth for fact in parents.values()]
    depths += [tip.height - fact.block.height + 1 for fact in spent.values() if fact.block]
    return Loss(max(depths), spent)


def spenders_of(coins: Sequence[Coin], node: Chain) -> dict[Coin, Fact]:
    """Which of these coins of ours a chain tx spends, in a block or in the mempool."""
    found = _spends(coins, node.facts(sorted({txid for txid, _ in coins})), node)
    there = {Standing.MINED, Standing.MEMPOOL}
    return {coin: fact for coin, fact in found.items() if fact.standing in there}


def _spends(coins: Sequence[Coin], parents: Mapping[str, Fact], node: Chain) -> dict[Coin, Fact]:
    heights = [fact.block.height for fact in parents.values() if fact.block is not None]
    if not heights:
        return {}
    return node.spenders(coins, since=min(heights))
