"""What our node tells of an in-memory chain: the Chain protocol, with every way to be unwell.

`FakeChain` is the world and the node in one object: pay, mine and reorg it, break it, and hand it
to the engine as its chain.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence

from engine.chain import (
    Arrival,
    Block,
    Expectation,
    Fact,
    Health,
    Identity,
    NewAddress,
    Oddity,
    Scan,
    Sender,
    Senders,
    Standing,
    Trust,
    Unspent,
)
from engine.errors import NodeDown, NodeError, TipMoved, UnknownCursor
from tests.nodes.fake_wallet import FakeWallet
from tests.nodes.world import START_S


class FakeChain(FakeWallet):
    """A node beside its chain. Set a field to make it unwell, reset it to make it well:

    `down`: a reason, every call raises NodeDown. `fault`: raised by the call after `fault_after`
    more good ones, once. `lag`: it stands so many blocks behind. `syncing`, `peers`,
    `other_genesis`, `other_wallet`: what health tells. `forgotten`: cursors that it no longer
    knows. `oddities`: unreadable rows of each scan. `phantoms`: arrivals that its list shows though
    nothing paid them. `lies`: what it answers about single chain txs instead of the truth.
    `unlisted`: chain txs that its wallet lost, as one does that was restored from a copy.
    """

    def __init__(self, currency: str = "LTC", *, seed: int = 0, start_s: int = START_S) -> None:
        super().__init__(currency, seed=seed, start_s=start_s)
        self.down = ""
        self.fault: NodeError | None = None
        self.fault_after = 0
        self.faults_hit = 0
        self.lag = 0
        self.syncing = False
        self.peers = 8
        self.tip_max_age_s: int | None = None
        self.other_genesis = ""
        self.other_wallet = False
        self.forgotten: set[str] = set()
        self.oddities: list[Oddity] = []
        self.phantoms: list[Arrival] = []
        self.unlisted: set[str] = set()
        self.lies: dict[str, Fact] = {}
        self.closed = 0
        self._calls = 0
        self._issued: list[NewAddress] = []
        self._next_address = 0

    # --- the protocol ---

    def identity(self) -> Identity:
        self._call()
        return Identity(self.other_genesis or self.active[0], None)

    def health(self, expected: Expectation, *, now_s: int) -> Health:
        for _ in range(4):
            self._call()
        tip = self._tip()
        trust, reason = self._verdict(expected, tip, now_s)
        return Health(trust, reason, tip, self.peers, "fake 1.0", {"blocks": str(tip.height)})

    def scan(self, cursor: str | None) -> Scan:
        self._call()
        since = -1 if cursor is None else self._fork_height(cursor)
        shown = [txid for txid in self.txs if self._knows(txid) and self._is_listed(txid, since)]
        arrivals = [a for txid in shown for a in self._arrivals(txid)]
        unconfirmed = frozenset(txid for txid in shown if self._place(txid) is None)
        return Scan(
            self._tip().hash,
            (*arrivals, *self.phantoms),
            tuple(self.oddities),
            unconfirmed | {a.txid for a in self.phantoms if a.block is None},
            frozenset(txid for txid in unconfirmed if self._rivals_known(txid)),
        )

    def block(self, block_hash: str) -> Block | None:
        self._call()
        return self.blocks[block_hash] if block_hash in self._view() else None

    def facts(self, txids: Iterable[str]) -> dict[str, Fact]:
        return {txid: self._told(txid) for txid in txids}

    def in_mempool(self, txids: Sequence[str]) -> frozenset[str]:
        for _ in txids:
            self._call()
        return frozenset(txid for txid in txids if self._in_mempool(txid))

    def new_addresses(self, count: int) -> list[NewAddress]:
        made = []
        for _ in range(count):
            self._call()
            if self._next_address == len(self._issued):
                address = self.address()
                script = hashlib.sha256(address.encode()).hexdigest()[:40]
                self._issued.append(NewAddress(address, f"0014{script}"))
            made.append(self._issued[self._next_address])
            self._next_address += 1
        return made

    def coins(self, at: str) -> list[Unspent]:
        self._call()
        if self._tip().hash != at:
            raise TipMoved("the node's chain moved on while it was counted")
        return [
            Unspent(
                arrival.txid,
                arrival.index,
                arrival.currency,
                arrival.address,
                arrival.units,
                arrival.block.height,
                arrival.generated,
                self._spender(arrival, mined=False),
            )
            for txid in self.txs
            if self._knows(txid)
            for arrival in self._arrivals(txid)
            if arrival.block is not None and self._spender(arrival, mined=True) is None
        ]

    def coins_mark(self) -> str:
        known = [txid for txid in self.txs if self._knows(txid)]
        coins = [(coin.coin, coin.units) for coin in self.coins(self._tip().hash)]
        return f"{len(known)} {coins}"

    def spenders(
        self, coins: Collection[tuple[str, str]], *, since: int
    ) -> dict[tuple[str, str], Fact]:
        found = {}
        for txid, index in coins:
            spenders = self._spenders.get(f"{txid}:{index.removeprefix('vout:')}", ())
            for spender in sorted(spenders, key=lambda each: self._place(each) is not None):
                fact = self._told(spender)
                if fact.block is None or fact.block.height >= since:
                    found[txid, index] = fact
        return found

    def senders(self, txid: str) -> Senders | None:
        self._call()
        if txid not in self.txs or not self._knows(txid):
            return None
        chain_tx = self.txs[txid]
        coins = [self._spent(outpoint) for outpoint in sorted(chain_tx.inputs)]
        pays = tuple(units for _, units in chain_tx.outputs)
        return Senders(tuple(coins), sum(pays), pays)

    def watch_hint(self, address: str) -> str:
        return "watched by the node's wallet" if address in self.ours else f"add {address}"

    def _spent(self, outpoint: str) -> Sender:
        """Coins that nothing in this world made came from nobody that the node knows."""
        txid, _, vout = outpoint.partition(":")
        if txid not in self.txs:
            return Sender(txid, f"vout:{vout}", None, None)
        address, units = self.txs[txid].outputs[int(vout)]
        return Sender(txid, f"vout:{vout}", address, units)

    def calls(self) -> int:
        return self._calls

    def close(self) -> None:
        self.closed += 1

    # --- ways to be unwell that are more than a field ---

    def fail(self, error: NodeError, *, after: int = 0) -> None:
        """Raise `error` once, after so many more good calls; `faults_hit` counts that it came."""
        self.fault, self.fault_after = error, after

    def restore_backup(self) -> None:
        """The wallet is put back to its first day: it hands out the same addresses again."""
        self._next_address = 0

    # --- what it sees ---

    def _call(self) -> None:
        self._calls += 1
        if self.down:
            raise NodeDown(self.down)
        if self.fault is None:
            return
        if self.fault_after:
            self.fault_after -= 1
            return
        error, self.fault = self.fault, None
        self.faults_hit += 1
        raise error

    def _view(self) -> list[str]:
        return self.active[: len(self.active) - self.lag]

    def _tip(self) -> Block:
        return self.blocks[self._view()[-1]]

    def _place(self, txid: str) -> Block | None:
        """The block of the branch that the node sees, in which the chain tx is mined."""
        block_hash = self.mined.get(txid)
        if block_hash is None or self.blocks[block_hash].height > self._tip().height:
            return None
        return self.blocks[block_hash]

    def _knows(self, txid: str) -> bool:
        """Whether the wallet ever saw it: an unannounced one only in a block."""
        chain_tx = self.txs[txid]
        pays_us = any(address in self.ours for address, _ in chain_tx.outputs)
        return txid in self.seen and txid not in self.unlisted and (chain_tx.own or pays_us)

    def _in_mempool(self, txid: str) -> bool:
        return txid in self.mempool or (txid in self.mined and self._place(txid) is None)

    def _killer_depth(self, txid: str) -> int:
        """How deep the deepest block lies that proves this chain tx impossible; 0 if none does."""
        chain_tx = self.txs[txid]
        if chain_tx.coinbase:
            bodies = self.bodies.items()
            heights = [self.blocks[known].height for known, body in bodies if txid in body]
        else:
            places = [self._place(killer) for killer in self.killers(txid)]
            heights = [place.height for place in places if place is not None]
        return max((self._tip().height - height + 1 for height in heights), default=0)

    def _is_listed(self, txid: str, since: int) -> bool:
        place = self._place(txid)
        if place is not None:
            return place.height > since
        return not self.txs[txid].coinbase and not self._killer_depth(txid)

    def _arrivals(self, txid: str) -> list[Arrival]:
        chain_tx, place = self.txs[txid], self._place(txid)
        ref = place.ref if place else None
        return [
            Arrival(
                txid,
                f"vout:{vout}",
                self.currency,
                address,
                units,
                ref,
                generated=chain_tx.coinbase,
                own=chain_tx.own,
            )
            for vout, (address, units) in enumerate(chain_tx.outputs)
            if address in self.ours
        ]

    def _spender(self, arrival: Arrival, *, mined: bool) -> str | None:
        """Who spends a coin, in a block or in the mempool."""
        coin = f"{arrival.txid}:{arrival.index.removeprefix('vout:')}"
        for spender in self._spenders.get(coin, ()):
            if self._place(spender) is not None if mined else self._in_mempool(spender):
                return spender
        return None

    def _told(self, txid: str) -> Fact:
        self._call()
        if txid in self.lies:
            return self.lies[txid]
        if txid not in self.txs or not self._knows(txid):
            return Fact(txid, Standing.ABSENT)
        place = self._place(txid)
        if place is not None:
            return Fact(txid, Standing.MINED, place.ref, conflicts=self._rivals_known(txid))
        depth = self._killer_depth(txid)
        if depth > 0 or self.txs[txid].coinbase:
            rivals = self._rivals_known(txid)
            return Fact(txid, Standing.GONE, conflict_depth=max(depth, 0), conflicts=rivals)
        standing = Standing.MEMPOOL if self._in_mempool(txid) else Standing.ABSENT
        return Fact(txid, standing, conflicts=self._rivals_known(txid))

    def _rivals_known(self, txid: str) -> tuple[str, ...]:
        return tuple(sorted(rival for rival in self.rivals(txid) if self._knows(rival)))

    def _fork_height(self, cursor: str) -> int:
        if cursor not in self.blocks or cursor in self.forgotten:
            raise UnknownCursor("the node does not know the block that we followed last")
        view = set(self._view())
        while cursor not in view:
            cursor = self.blocks[cursor].parent
        return self.blocks[cursor].height

    def _verdict(self, expected: Expectation, tip: Block, now_s: int) -> tuple[Trust, str]:
        genesis = self.other_genesis or self.active[0]
        if expected.genesis is not None and genesis != expected.genesis:
            return Trust.NONE, "another network: its first block is not ours"
        if self.other_wallet or not (expected.address is None or expected.address in self.ours):
            return Trust.NONE, "another wallet: it does not know our addresses"
        if self.syncing:
            return Trust.SHOW, "catching up with its network"
        if tip.height < expected.height:
            return Trust.SHOW, f"behind what it showed before: {tip.height} of {expected.height}"
        if self.tip_max_age_s is not None and now_s - tip.time > self.tip_max_age_s:
            return Trust.SHOW, "its newest block is too old"
        if not self.peers:
            return Trust.SHOW, "no peers"
        return Trust.FULL, ""
