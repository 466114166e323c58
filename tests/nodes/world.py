"""An in-memory chain: its blocks, its mempool, and the people who pay, cheat and mine on it.

Deterministic: the same seed and the same calls give the same hashes. What a node would tell of it
is in fake.py.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.chain import Block

START_S = 1_700_000_000
SPACING_S = 150


@dataclass(frozen=True, slots=True)
class ChainTx:
    """Spends `inputs` (texts `txid:n`), pays `outputs` (address, units) in order of their vout."""

    txid: str
    inputs: frozenset[str]
    outputs: tuple[tuple[str, int], ...]
    coinbase: bool = False
    own: bool = False


class World:
    """The truth of one chain. `active` is the best branch, lowest block first."""

    def __init__(self, currency: str = "LTC", *, seed: int = 0, start_s: int = START_S) -> None:
        self.currency = currency
        self._seed = seed
        self._numbers = itertools.count()
        self.ours: set[str] = set()
        self.txs: dict[str, ChainTx] = {}
        self.mempool: list[str] = []
        self.blocks: dict[str, Block] = {}
        self.bodies: dict[str, tuple[str, ...]] = {}
        self.active: list[str] = []
        self.mined: dict[str, str] = {}
        self.seen: set[str] = set()
        self._spenders: dict[str, set[str]] = {}
        self._time_s = start_s
        self.mine()

    def _hash(self, kind: str) -> str:
        text = f"{self.currency}/{self._seed}/{kind}/{next(self._numbers)}"
        return hashlib.sha256(text.encode()).hexdigest()

    # --- blocks ---

    @property
    def tip(self) -> Block:
        return self.blocks[self.active[-1]]

    def mine(
        self, count: int = 1, *, txids: Sequence[str] | None = None, skip_s: int = 0
    ) -> list[Block]:
        """Mine `count` blocks; the first holds all of the mempool, or exactly `txids`.
        `skip_s` seconds pass before it."""
        self._time_s += skip_s
        made = [self._append(self.mempool if txids is None else txids)]
        made += [self._append(()) for _ in range(count - 1)]
        return made

    def _append(self, txids: Iterable[str]) -> Block:
        self._time_s += SPACING_S
        parent = self.tip.hash if self.active else "0" * 64
        past = [self.blocks[known].time for known in self.active[-11:]]
        median = sorted([*past, self._time_s])[len(past) // 2]
        block = Block(len(self.active), self._hash("block"), parent, self._time_s, median)
        self.blocks[block.hash] = block
        self.bodies[block.hash] = tuple(txids)
        self._connect(block.hash)
        return block

    def _connect(self, block_hash: str) -> None:
        self.active.append(block_hash)
        for txid in self.bodies[block_hash]:
            if txid in self.mined or self.killers(txid):
                raise ValueError(f"{txid} cannot be mined here")
            self.mined[txid] = block_hash
            self.seen.add(txid)
        self.mempool = [
            txid for txid in self.mempool if txid not in self.mined and not self.killers(txid)
        ]

    def disconnect(self, depth: int) -> list[str]:
        """Take the last `depth` blocks off; their chain txs return to the mempool. The hashes."""
        gone = [self.active.pop() for _ in range(depth)]
        for block_hash in gone:
            for txid in self.bodies[block_hash]:
                del self.mined[txid]
                if not self.txs[txid].coinbase:
                    self.mempool.append(txid)
        return gone

    def reorg(
        self, depth: int, *, first: Sequence[str] = (), length: int | None = None
    ) -> list[Block]:
        """Replace the last `depth` blocks by `length` (default one more); the lowest holds exactly
        the chain txs `first`, the others nothing."""
        self.disconnect(depth)
        return self.mine(depth + 1 if length is None else length, txids=list(first))

    def reactivate(self, branch: Sequence[Block]) -> None:
        """Make `branch` (lowest block first, its parent on the best branch) the best again."""
        keep = self.active.index(branch[0].parent) + 1
        self.disconnect(len(self.active) - keep)
        for block in branch:
            self._connect(block.hash)

    # --- chain txs ---

    def pay(
        self,
        to: str | Sequence[tuple[str, int]],
        units: int = 0,
        *,
        inputs: Iterable[str] = (),
        own: bool = False,
        announce: bool = True,
    ) -> str:
        """A chain tx that pays `units` to the address `to`, or several `(address, units)`; its
        txid. `own`: our wallet signed it. `announce=False`: nobody but a miner has seen it."""
        outputs = ((to, units),) if isinstance(to, str) else tuple(to)
        spent = frozenset(inputs) or frozenset({f"{self._hash('coin')}:0"})
        return self._add(ChainTx(self._hash("tx"), spent, outputs, own=own), announce=announce)

    def _add(self, chain_tx: ChainTx, *, announce: bool) -> str:
        self.txs[chain_tx.txid] = chain_tx
        for outpoint in chain_tx.inputs:
            self._spenders.setdefault(outpoint, set()).add(chain_tx.txid)
        if announce:
            self.seen.add(chain_tx.txid)
            rivals = self.rivals(chain_tx.txid)
            self.mempool = [txid for txid in self.mempool if txid not in rivals]
            self.mempool.append(chain_tx.txid)
        return chain_tx.txid

    def replace(
        self, txid: str, outputs: Sequence[tuple[str, int]], *, announce: bool = True
    ) -> str:
        """Another chain tx that spends the same inputs; with `announce` it takes the first one's
        place in the mempool. Its txid."""
        old = self.txs[txid]
        return self.pay(outputs, inputs=old.inputs, own=old.own, announce=announce)

    def bump(self, txid: str) -> str:
        """Replace by one that pays the same; its txid."""
        return self.replace(txid, self.txs[txid].outputs)

    def double_spend(self, txid: str) -> str:
        """A chain tx, unannounced, that spends the same inputs and pays nobody of ours."""
        return self.replace(txid, [(self.stranger(), 1)], announce=False)

    def drop(self, txid: str) -> None:
        """The mempool forgets it; nothing proves that it cannot be mined."""
        self.mempool.remove(txid)

    def announce(self, txid: str) -> None:
        """It is in the mempool (again)."""
        self._add(self.txs[txid], announce=True)

    def coinbase(self, address: str, units: int = 5_000_000_000) -> str:
        """Mine a block whose reward pays `address`; txid of the coinbase."""
        reward = ChainTx(self._hash("tx"), frozenset(), ((address, units),), coinbase=True)
        self.txs[reward.txid] = reward
        self.mine(txids=[reward.txid, *self.mempool])
        return reward.txid

    def address(self) -> str:
        """A fresh address of ours."""
        address = f"ours1{self._hash('address')[:32]}"
        self.ours.add(address)
        return address

    def stranger(self) -> str:
        """An address of nobody who matters to us."""
        return f"other1{self._hash('address')[:32]}"

    def pay_many(self, units: Mapping[str, int]) -> str:
        """One chain tx that pays each address its units; its txid."""
        return self.pay(list(units.items()))

    def rivals(self, txid: str) -> set[str]:
        """The other chain txs that spend an input of this one."""
        spent = self.txs[txid].inputs
        return {other for outpoint in spent for other in self._spenders[outpoint]} - {txid}

    def killers(self, txid: str) -> set[str]:
        """The mined chain txs that make this one, or one that it stands on, impossible."""
        mined = {rival for rival in self.rivals(txid) if rival in self.mined}
        for outpoint in self.txs[txid].inputs:
            parent = outpoint.partition(":")[0]
            if parent in self.txs:
                mined |= self.killers(parent)
        return mined
