"""What a node tells of blocks, chain txs and coins. Values only."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class BlockRef:
    """A place in the chain."""

    height: int
    hash: str


@dataclass(frozen=True, slots=True)
class Block:
    """A block as its header tells it; times are unix seconds, `median_time` decides months."""

    height: int
    hash: str
    parent: str
    time: int
    median_time: int

    @property
    def ref(self) -> BlockRef:
        return BlockRef(self.height, self.hash)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One coin that pays an address of ours, as the chain shows it now.

    Identity is (chain, txid, index) and currency. `index` is text, `vout:1` in the Bitcoin family.
    `block` is None while it is only in the mempool. `own` means that the chain tx spends coins of
    ours: such an arrival is never a deposit. `sender` and `nonce` are there where they prove later
    that the chain tx can no longer be mined. `doubt` says why a person must look before it is
    credited, empty for a plain coin.
    """

    txid: str
    index: str
    currency: str
    address: str
    units: int
    block: BlockRef | None
    generated: bool = False
    own: bool = False
    sender: str | None = None
    nonce: int | None = None
    doubt: str = ""


class Standing(Enum):
    """What is known of a chain tx at this moment."""

    MINED = "mined"
    MEMPOOL = "mempool"
    ABSENT = "absent"  # neither mined nor in our mempool; nothing proves that it cannot confirm
    GONE = "gone"  # proved: a conflicting chain tx is mined `conflict_depth` deep, or orphaned
    UNREADABLE = (
        "unreadable"  # the answer about it makes no sense, as `words` says: nothing follows
    )


@dataclass(frozen=True, slots=True)
class Fact:
    """The node's answer about one chain tx, asked by id."""

    txid: str
    standing: Standing
    block: BlockRef | None = None
    conflict_depth: int = 0
    conflicts: tuple[str, ...] = ()
    words: str = ""

    @property
    def readable(self) -> bool:
        """Whether anything follows from it."""
        return self.standing is not Standing.UNREADABLE


@dataclass(frozen=True, slots=True)
class Oddity:
    """A row of a node's reply that could not be read: parked and shown, never guessed at."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Scan:
    """Everything new since a cursor, pinned to one tip.

    `unconfirmed` names every chain tx of ours that the list shows outside of a block, `contested`
    those of them that the list shows in conflict with another. A node that is read block by block
    is read a bounded number at a time: `tip_hash` is then how far this list reaches, `node_height`
    how high the node is, and `more` whether the next list follows at once. `final_height` is the
    highest block that the node calls final, None where nobody asks for it.
    """

    tip_hash: str
    arrivals: tuple[Arrival, ...] = ()
    oddities: tuple[Oddity, ...] = ()
    unconfirmed: frozenset[str] = frozenset()
    contested: frozenset[str] = frozenset()
    more: bool = False
    node_height: int | None = None
    final_height: int | None = None


@dataclass(frozen=True, slots=True)
class Unspent:
    """A coin of the node's wallet that is in a block and that no block spends. `generated`: a
    block's reward. `spender` is the chain tx of our wallet outside of any block that spends it."""

    txid: str
    index: str
    currency: str
    address: str
    units: int
    height: int
    generated: bool = False
    spender: str | None = None

    @property
    def coin(self) -> tuple[str, str]:
        return self.txid, self.index


@dataclass(frozen=True, slots=True)
class Sender:
    """A coin that a chain tx spends. `address` and `units` are None where the node cannot tell who
    had it; a block's reward has no coin before it, and no sender."""

    txid: str
    index: str
    address: str | None
    units: int | None


@dataclass(frozen=True, slots=True)
class Senders:
    """Everything that a chain tx spends, and what it pays in units: the sum, and each output in
    order."""

    coins: tuple[Sender, ...]
    paid: int
    outputs: tuple[int, ...] = ()

    @property
    def known(self) -> bool:
        """Whether the node could tell who had each coin; never so for a block's reward."""
        return bool(self.coins) and all(coin.address is not None for coin in self.coins)

    @property
    def addresses(self) -> frozenset[str]:
        """Whose coins they were, as far as the node could tell."""
        return frozenset(coin.address for coin in self.coins if coin.address is not None)
