"""An in-memory chain of addresses that hold sums and count their sends: its blocks, its pool, and
the people who pay and steal on it. What a node tells of it is in fake_payer.py.

Deterministic: the same calls give the same hashes.
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, field

from engine.chain import Arrival, Block, BlockRef
from engine.families.evm.addresses import written
from engine.sending import Offer, Send

START_S = 1_700_000_000
SPACING_S = 12
GWEI = 10**9
COIN_GAS, TOKEN_GAS = 21_000, 50_000

Key = tuple[str, str]  # currency, address


@dataclass(frozen=True, slots=True)
class Signed:
    """A send with its number; `raw` are the bytes that a node takes."""

    txid: str
    raw: str
    send: Send
    nonce: int
    offer: Offer


@dataclass(frozen=True, slots=True)
class Done:
    """What a block made of a send."""

    signed: Signed
    succeeded: bool
    fee: int
    moved: int


@dataclass(slots=True)
class Mined:
    """A block, and everything as it is after it."""

    block: Block
    held: dict[Key, int]
    numbers: dict[str, int]
    done: dict[str, Done] = field(default_factory=dict)
    arrivals: list[Arrival] = field(default_factory=list)


class LedgerWorld:
    """The truth of one chain. `active` is the best branch, lowest block first; `base` and `tip` are
    the price of gas. `refusing` take no coins; `false` tokens move nothing and say that all is
    well; `hungry` tells what a receiver takes instead of the usual gas."""

    def __init__(self, coin: str = "ETH") -> None:
        self.coin = coin
        self.base, self.tip = GWEI, GWEI
        self.refusing: set[str] = set()
        self.false: set[str] = set()
        self.hungry: dict[str, int] = {}
        self.pool: dict[tuple[str, int], Signed] = {}
        self.coming: list[tuple[str, str, str, int]] = []  # txid, currency, address, units
        self.active: list[Mined] = []
        self.known: dict[str, Mined] = {}
        self._numbers = itertools.count()
        self.mine()

    def name(self, kind: str) -> str:
        """A fresh hash."""
        text = f"{self.coin}/{kind}/{next(self._numbers)}"
        return "0x" + hashlib.sha256(text.encode()).hexdigest()

    def somebody(self) -> str:
        """An address of somebody new."""
        return written(self.name("address")[:42])

    @property
    def newest(self) -> Mined:
        return self.active[-1]

    @property
    def height(self) -> int:
        return len(self.active) - 1

    def at(self, block_hash: str) -> Mined | None:
        """The block, if it is on the best branch."""
        found = self.known.get(block_hash)
        if found is None or found.block.height > self.height:
            return None
        return found if self.active[found.block.height] is found else None

    # --- blocks ---

    def mine(self, count: int = 1, *, empty: bool = False) -> list[str]:
        """So many blocks, the first with all that the pool can give it; their hashes."""
        made = [self._append(empty=empty)]
        made += [self._append(empty=True) for _ in range(count - 1)]
        return [each.block.hash for each in made]

    def _append(self, *, empty: bool) -> Mined:
        height = len(self.active)
        parent = self.newest if self.active else None
        time_s = START_S + SPACING_S * next(self._numbers)
        before = "0x" + "0" * 64 if parent is None else parent.block.hash
        made = Mined(
            Block(height, self.name("block"), before, time_s, time_s),
            dict(parent.held) if parent else {},
            dict(parent.numbers) if parent else {},
        )
        if not empty:
            self._bring(made)
            while any(self._run(made, signed) for signed in list(self.pool.values())):
                pass
        self.active.append(made)
        self.known[made.block.hash] = made
        return made

    def _bring(self, made: Mined) -> None:
        for txid, currency, address, units in self.coming:
            made.held[currency, address] = made.held.get((currency, address), 0) + units
            made.arrivals.append(self._arrival(txid, currency, address, units, made.block.ref))
        self.coming.clear()

    def _arrival(
        self, txid: str, currency: str, address: str, units: int, at: BlockRef, *, own: bool = False
    ) -> Arrival:
        index = "tx" if currency == self.coin else "log:0"
        return Arrival(txid, index, currency, address, units, at, own=own)

    def _run(self, made: Mined, signed: Signed) -> bool:
        """Whether the block takes it now."""
        send, offer = signed.send, signed.offer
        source = send.source
        coins = made.held.get((self.coin, source), 0)
        spent = send.units if send.currency == self.coin else 0
        if made.numbers.get(source, 0) != signed.nonce or offer.fee_cap < self.base:
            return False
        if coins < spent + offer.most:
            return False
        fee = self.work_of(send) * min(offer.fee_cap, self.base + offer.tip_cap)
        made.numbers[source] = signed.nonce + 1
        made.held[self.coin, source] = coins - fee
        there = made.held.get((send.currency, source), 0)
        works = send.to not in self.refusing and there >= send.units
        moved = send.units if works and send.currency not in self.false else 0
        for address, units in ((source, -moved), (send.to, moved)):
            key = send.currency, address
            made.held[key] = made.held.get(key, 0) + units
        made.done[signed.txid] = Done(signed, works, fee, moved)
        if moved:
            at = made.block.ref
            arrival = self._arrival(signed.txid, send.currency, send.to, moved, at, own=True)
            made.arrivals.append(arrival)
        del self.pool[source, signed.nonce]
        return True

    def work_of(self, send: Send) -> int:
        """Gas that it takes."""
        usual = COIN_GAS if send.currency == self.coin else TOKEN_GAS
        return self.hungry.get(send.to, usual)

    def reorg(self, depth: int, *, forget: bool = False, length: int | None = None) -> None:
        """Replace the last `depth` blocks by `length` (default one more) empty ones. What was in
        them returns to the pool, unless nodes `forget` what was sent."""
        gone = self.active[-depth:]
        del self.active[-depth:]
        self.mine(depth + 1 if length is None else length, empty=True)
        for mined in gone:
            sent = set(mined.done)
            for arrival in mined.arrivals:
                if arrival.txid not in sent:
                    told = arrival.txid, arrival.currency, arrival.address, arrival.units
                    self.coming.append(told)
            for done in mined.done.values():
                if not forget:
                    self.pool.setdefault((done.signed.send.source, done.signed.nonce), done.signed)

    # --- people ---

    def pay(self, address: str, units: int, currency: str | None = None) -> str:
        """Somebody pays; its txid."""
        txid = self.name("tx")
        self.coming.append((txid, currency or self.coin, address, units))
        return txid

    def steal(self, source: str, nonce: int, units: int) -> str:
        """Somebody with our key takes this number, in the place of what has it in the pool."""
        txid = self.name("theft")
        offer = Offer(COIN_GAS, 100 * (self.base + self.tip), 100 * self.tip)
        send = Send(source, self.coin, self.somebody(), units)
        self.pool[source, nonce] = Signed(txid, txid, send, nonce, offer)
        return txid

    def drop(self, txid: str) -> None:
        """The pool forgets it."""
        self.pool = {key: each for key, each in self.pool.items() if each.txid != txid}

    def done(self, txid: str) -> tuple[Done, BlockRef] | None:
        """What became of a send on the best branch."""
        for mined in reversed(self.active):
            if txid in mined.done:
                return mined.done[txid], mined.block.ref
        return None

    def paid_to(self, address: str, currency: str | None = None) -> list[int]:
        """What sends on the best branch brought to an address, oldest first."""
        return [
            done.moved
            for mined in self.active
            for done in mined.done.values()
            if done.signed.send.to == address
            and done.signed.send.currency == (currency or self.coin)
            and done.moved
        ]

    def held(self, address: str, currency: str | None = None) -> int:
        return self.newest.held.get((currency or self.coin, address), 0)
