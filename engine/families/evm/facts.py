"""Where a chain tx stands, asked by its hash. Mined is only what its receipt and the block of the
active chain agree on; gone is what the sender's nonce proves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from engine.chain import Arrival, Block, BlockRef, Fact, Standing
from engine.errors import NodeDown, NodeRefused
from engine.families.evm.arrivals import BY_BLOCK
from engine.families.evm.blocks import LATEST, FullBlock, full_blocks, header_at
from engine.families.evm.receipts import Receipt, active_blocks, receipts_told
from engine.families.evm.transport import Transport
from engine.families.evm.values import OddValue, is_hash, quantity_of, table_of
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
        told = receipts_told(self._node, hashes)
        mined = self._mined([each for each in told.values() if isinstance(each, Receipt)])
        found: dict[str, Fact] = {}
        for txid in hashes:
            found[txid] = self._fact(txid, told.get(txid), mined.get(txid), coins[txid])
        for txid in wanted:
            if txid.startswith(BY_BLOCK) and coins[txid]:
                found[txid] = self._by_block(txid, coins[txid][0])
        return {txid: found.get(txid, Fact(txid, Standing.ABSENT)) for txid in wanted}

    def _fact(
        self,
        txid: str,
        told: Receipt | OddValue | None,
        mined: Receipt | None,
        coins: Sequence[SeenCoin],
    ) -> Fact:
        """By its receipt as it was told, and as the active chain has it."""
        try:
            if isinstance(told, OddValue):
                raise told
            return self._outside(txid, coins) if mined is None else self._kept(mined, coins)
        except OddValue as error:
            return Fact(txid, Standing.UNREADABLE, words=str(error))

    def _by_block(self, txid: str, coin: SeenCoin) -> Fact:
        """What only the balance after a block showed stands with this block and goes with it."""
        if coin.height is None:
            return Fact(txid, Standing.ABSENT)
        block_hash = txid.removeprefix(BY_BLOCK)
        if block_hash in self._active([coin.height]):
            return Fact(txid, Standing.MINED, BlockRef(coin.height, block_hash))
        depth = self._latest().height - coin.height + 1
        return Fact(txid, Standing.GONE, conflict_depth=max(1, depth))

    def _mined(self, told: Sequence[Receipt]) -> dict[str, Receipt]:
        """Those whose block is on the active chain. One question for each height."""
        active = self._active(each.block.height for each in told)
        return {each.txid: each for each in told if each.block.hash in active}

    def _active(self, heights: Iterable[int]) -> frozenset[str]:
        return frozenset(each.hash for each in active_blocks(self._node, heights).values())

    def _kept(self, receipt: Receipt, coins: Sequence[SeenCoin]) -> Fact:
        """Mined, if the block brings what we have rows for: in another block than before, the same
        chain tx may fail, or its contract may pay otherwise."""
        txid, place = receipt.txid, receipt.block
        if all(coin.block_hash == place.hash for coin in coins):
            return Fact(txid, Standing.MINED, place)
        if receipt.succeeded and self._still_brings(txid, place, coins):
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
        if not self._is_spent(coin, tip.height) or receipts_told(self._node, [txid]):
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
        txid for txid, row in waiting if row is not None and table_of(row).get("blockHash") is None
    )
