"""Where a chain tx stands, asked by its hash. Mined is only what its receipt and the block of the
active chain agree on; gone is what the sender's nonce proves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from engine.chain import Arrival, Block, BlockRef, Fact, Standing
from engine.errors import NodeDown, NodeRefused
from engine.families.evm.arrivals import BY_BLOCK, receipts
from engine.families.evm.blocks import LATEST, FullBlock, full_blocks, header_at
from engine.families.evm.transport import Transport
from engine.families.evm.values import OddValue, hash_of, is_hash, quantity_of
from engine.ours import Ours, SeenCoin

STATES_BACK = 128  # blocks whose states every full node keeps

Reader = Callable[[FullBlock], Sequence[Arrival]]


class FactReader:
    """Answers for one round of questions; `reader` lists what a block brings to us."""

    def __init__(self, node: Transport, ours: Ours, reader: Reader) -> None:
        self._node = node
        self._ours = ours
        self._reader = reader
        self._tip: Block | None = None

    def facts(self, txids: Iterable[str]) -> dict[str, Fact]:
        """One for each. Raises OddValue, NodeDown."""
        wanted = list(dict.fromkeys(txids))
        hashes = [txid for txid in wanted if is_hash(txid)]
        coins: dict[str, list[SeenCoin]] = defaultdict(list)
        for coin in self._ours.coins(wanted):
            coins[coin.txid].append(coin)
        rows = receipts(self._node, hashes)
        mined = self._mined(rows)
        found = {txid: self._kept(txid, mined[txid], rows[txid], coins[txid]) for txid in mined}
        for txid in hashes:
            if txid not in found:
                found[txid] = self._outside(txid, coins[txid])
        for txid in wanted:
            if txid.startswith(BY_BLOCK) and coins[txid]:
                found[txid] = self._by_block(txid, coins[txid][0])
        return {txid: found.get(txid, Fact(txid, Standing.ABSENT)) for txid in wanted}

    def _by_block(self, txid: str, coin: SeenCoin) -> Fact:
        """What only the balance after a block showed stands with this block and goes with it."""
        if coin.height is None:
            return Fact(txid, Standing.ABSENT)
        block_hash = txid.removeprefix(BY_BLOCK)
        if block_hash in self._active([coin.height]):
            return Fact(txid, Standing.MINED, BlockRef(coin.height, block_hash))
        depth = self._latest().height - coin.height + 1
        return Fact(txid, Standing.GONE, conflict_depth=max(1, depth))

    def _mined(self, rows: Mapping[str, Mapping[str, Any]]) -> dict[str, BlockRef]:
        """Those whose block is on the active chain. One question for each height."""
        places = {
            txid: BlockRef(quantity_of(row.get("blockNumber")), hash_of(row.get("blockHash")))
            for txid, row in rows.items()
        }
        active = self._active(place.height for place in places.values())
        return {txid: place for txid, place in places.items() if place.hash in active}

    def _active(self, heights: Iterable[int]) -> frozenset[str]:
        asked = sorted(set(heights))
        calls = [("eth_getBlockByNumber", (hex(height), False)) for height in asked]
        replies = self._node.batch(calls)
        if any(isinstance(reply, NodeRefused) for reply in replies):
            raise NodeDown("the node gives no blocks")
        return frozenset(hash_of(reply.get("hash")) for reply in replies if reply is not None)

    def _kept(
        self, txid: str, place: BlockRef, row: Mapping[str, Any], coins: Sequence[SeenCoin]
    ) -> Fact:
        """Mined, if the block brings what we have rows for: in another block than before, the same
        chain tx may fail, or its contract may pay otherwise."""
        if all(coin.block_hash == place.hash for coin in coins):
            return Fact(txid, Standing.MINED, place)
        if quantity_of(row.get("status")) and self._still_brings(txid, place, coins):
            return Fact(txid, Standing.MINED, place)
        depth = self._latest().height - place.height + 1
        return Fact(txid, Standing.GONE, conflict_depth=max(1, depth))

    def _still_brings(self, txid: str, place: BlockRef, coins: Sequence[SeenCoin]) -> bool:
        (full,) = full_blocks(self._node, [place.height]) or (None,)
        if full is None or full.block.hash != place.hash:
            raise NodeDown("the node's chain moved while it was asked")
        brings = {
            (each.index, each.currency, each.address, each.units)
            for each in self._reader(full)
            if each.txid == txid
        }
        wanted = {(coin.index, coin.currency, coin.address, coin.units) for coin in coins}
        return wanted <= brings

    def _outside(self, txid: str, coins: Sequence[SeenCoin]) -> Fact:
        if in_pool(self._node, [txid]):
            return Fact(txid, Standing.MEMPOOL)
        known = [coin for coin in coins if coin.sender is not None and coin.nonce is not None]
        depth = self._nonce_spent(txid, known[0]) if known else 0
        if depth:
            return Fact(txid, Standing.GONE, conflict_depth=depth)
        return Fact(txid, Standing.ABSENT)

    def _nonce_spent(self, txid: str, coin: SeenCoin) -> int:
        """How many blocks ago another chain tx took its nonce; 0 if none did. The nonce is read at
        one block and the receipt after it, so that no block falls between the two."""
        tip = self._latest()
        if not self._is_spent(coin, tip.height) or receipts(self._node, [txid]):
            return 0
        deep, shallow = max(0, tip.height - STATES_BACK), tip.height
        while deep < shallow:  # the lowest height at which the nonce is spent
            middle = (deep + shallow) // 2
            if self._is_spent(coin, middle):
                shallow = middle
            else:
                deep = middle + 1
        return tip.height - shallow + 1

    def _is_spent(self, coin: SeenCoin, height: int) -> bool:
        try:
            count = self._node.call("eth_getTransactionCount", coin.sender, hex(height))
        except NodeRefused:
            return False  # a state that the node has pruned proves nothing
        return quantity_of(count) > int(coin.nonce or 0)

    def _latest(self) -> Block:
        if self._tip is None:
            self._tip = header_at(self._node, LATEST)
        if self._tip is None:
            raise OddValue("no newest block")
        return self._tip


def in_pool(node: Transport, txids: Sequence[str]) -> frozenset[str]:
    """Which of these the node knows outside of any block. Raises NodeDown."""
    asked = [txid for txid in txids if is_hash(txid)]
    replies = node.batch([("eth_getTransactionByHash", (txid,)) for txid in asked])
    if any(isinstance(reply, NodeRefused) for reply in replies):
        raise NodeDown("the node does not tell where a chain tx is")
    waiting = zip(asked, replies, strict=True)
    return frozenset(
        txid for txid, row in waiting if row is not None and row.get("blockHash") is None
    )
