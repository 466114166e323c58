"""The embedded chain: its blocks, what waits for one, and how it goes back.

py-evm computes states and blocks and keeps every one that ever was; which of them are the chain is
decided here alone, so that going back is forgetting.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from eth.abc import BlockHeaderAPI, ReceiptAPI, SignedTransactionAPI, StateAPI
from eth_utils.exceptions import ValidationError

from engine.families.evm.embedded.genesis import first_chain
from engine.families.evm.embedded.pool import Pool


@dataclass(frozen=True, slots=True)
class Mined:
    """A block of the chain; `receipts` in the order of `chain_txs`."""

    header: BlockHeaderAPI
    chain_txs: tuple[SignedTransactionAPI, ...] = ()
    receipts: tuple[ReceiptAPI, ...] = ()

    @property
    def height(self) -> int:
        return int(self.header.block_number)

    @property
    def hash(self) -> bytes:
        return bytes(self.header.hash)


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that a block needs besides its parent to become the same block again."""

    time_s: int
    recipient: bytes
    randomness: bytes
    raw_txs: tuple[bytes, ...]


class EmbeddedChain:
    """One chain in memory. Not for several threads at once.

    `clock` tells unix seconds. `written` is called with all that must happen again, in this order,
    to make the same chain of the same first block: the recipe of each new block, and the height
    that the chain went back to.
    """

    def __init__(self, *, genesis_s: int, clock: Callable[[], int]) -> None:
        self.clock = clock
        self.written: Callable[[Recipe | int], None] = _forgotten
        self.evm = first_chain(genesis_s)
        self.pool = Pool()
        self.blocks = [Mined(self.evm.get_canonical_head())]
        self.by_hash = {self.tip.hash: self.tip}
        self.places: dict[bytes, tuple[Mined, int]] = {}
        self.recipient = bytes(20)
        self.next_time_s: int | None = None

    @property
    def tip(self) -> Mined:
        return self.blocks[-1]

    def state(self, at: Mined | None = None) -> StateAPI:
        """Balances, nonces and code after a block, by default the last one; for reading only."""
        return self.evm.get_vm((at or self.tip).header).state

    def decode(self, raw: bytes) -> SignedTransactionAPI:
        """The chain tx of signed bytes. Raises whatever py-evm makes of others."""
        builder = self.evm.get_vm(self.tip.header).get_transaction_builder()
        chain_tx = builder.decode(raw)
        chain_tx.validate()
        return chain_tx

    def accept(self, chain_tx: SignedTransactionAPI) -> None:
        """Take a chain tx into the pool. Raises CallRefused."""
        state, sender = self.state(), chain_tx.sender
        self.pool.take(chain_tx, nonce=state.get_nonce(sender), balance=state.get_balance(sender))

    def mine(self) -> None:
        """Make one block of what is due in the pool."""
        wanted_s = self.clock() if self.next_time_s is None else self.next_time_s
        time_s = max(self.tip.header.timestamp + 1, wanted_s)
        self.next_time_s = None
        randomness = os.urandom(32)
        self._begin(time_s, self.recipient)
        taken, receipts = self._filled()
        self._end(taken, receipts, randomness)
        raw_txs = tuple(each.encode() for each in taken)
        self.written(Recipe(time_s, self.recipient, randomness, raw_txs))

    def repeat(self, recipe: Recipe) -> None:
        """Make the block of a recipe again."""
        self._begin(recipe.time_s, recipe.recipient)
        taken = [self.decode(raw) for raw in recipe.raw_txs]
        receipts = [self.evm.apply_transaction(each)[1] for each in taken]
        self._end(taken, receipts, recipe.randomness)

    def go_back(self, height: int) -> list[SignedTransactionAPI]:
        """Forget every block above `height`; the chain txs that were in them, in their order."""
        gone = self.blocks[height + 1 :]
        del self.blocks[height + 1 :]
        for block in gone:
            del self.by_hash[block.hash]
        freed = [chain_tx for block in gone for chain_tx in block.chain_txs]
        for chain_tx in freed:
            del self.places[chain_tx.hash]
        self.written(height)
        return freed

    def _begin(self, time_s: int, recipient: bytes) -> None:
        self.evm.header = self.evm.create_header_from_parent(
            self.tip.header, timestamp=time_s, coinbase=recipient
        )

    def _filled(self) -> tuple[list[SignedTransactionAPI], list[ReceiptAPI]]:
        """Fill the block that was begun, by what pays most; who does not fit waits."""
        taken: list[SignedTransactionAPI] = []
        receipts: list[ReceiptAPI] = []
        without: set[bytes] = set()
        nonces: dict[bytes, int] = {}
        state = self.state()

        def nonce_of(sender: bytes) -> int:
            if sender not in nonces:
                nonces[sender] = state.get_nonce(sender)  # type: ignore[arg-type]  # an Address
            return nonces[sender]

        base_fee = int(self.evm.header.base_fee_per_gas or 0)
        while chain_tx := self.pool.due(nonce_of, base_fee=base_fee, without=without):
            try:
                receipts.append(self.evm.apply_transaction(chain_tx)[1])
            except ValidationError:  # no room, or its sender has become too poor
                without.add(chain_tx.sender)
                continue
            taken.append(chain_tx)
            nonces[chain_tx.sender] = chain_tx.nonce + 1
        return taken, receipts

    def _end(
        self,
        taken: list[SignedTransactionAPI],
        receipts: list[ReceiptAPI],
        randomness: bytes,
    ) -> None:
        block = self.evm.mine_block(mix_hash=randomness, blob_gas_used=0)
        mined = Mined(block.header, tuple(taken), tuple(receipts))
        self.blocks.append(mined)
        self.by_hash[mined.hash] = mined
        for index, chain_tx in enumerate(taken):
            self.places[chain_tx.hash] = (mined, index)
            self.pool.forget_before(chain_tx.sender, chain_tx.nonce + 1)


def _forgotten(_event: Recipe | int) -> None:
    """A chain that nobody writes down."""
