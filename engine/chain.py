"""What a family must offer, and the values that cross the border. No rule and no I/O here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol


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
    ours: such an arrival is never a deposit.
    """

    txid: str
    index: str
    currency: str
    address: str
    units: int
    block: BlockRef | None
    generated: bool = False
    own: bool = False


class Standing(Enum):
    """What is known of a chain tx at this moment."""

    MINED = "mined"
    MEMPOOL = "mempool"
    ABSENT = "absent"  # neither mined nor in our mempool; nothing proves that it cannot confirm
    GONE = "gone"  # proved: a conflicting chain tx is mined `conflict_depth` deep, or orphaned


@dataclass(frozen=True, slots=True)
class Fact:
    """The node's answer about one chain tx, asked by id."""

    txid: str
    standing: Standing
    block: BlockRef | None = None
    conflict_depth: int = 0
    conflicts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Oddity:
    """A row of a node's reply that could not be read: parked and shown, never guessed at."""

    key: str
    reason: str


@dataclass(frozen=True, slots=True)
class Scan:
    """Everything new since a cursor, pinned to one tip.

    `unconfirmed` names every chain tx of ours that the list shows outside of a block, `contested`
    those of them that the list shows in conflict with another.
    """

    tip_hash: str
    arrivals: tuple[Arrival, ...] = ()
    oddities: tuple[Oddity, ...] = ()
    unconfirmed: frozenset[str] = frozenset()
    contested: frozenset[str] = frozenset()


class Trust(Enum):
    """How far a node's answers may be used."""

    FULL = "full"
    SHOW = "show"  # arrivals may be shown as pending; nothing is confirmed, credited or taken back
    NONE = "none"  # another network or wallet: nothing it says is about our coins


@dataclass(frozen=True, slots=True)
class Health:
    """A node's state of health. `reason` is for people, empty when well; `facts` are raw."""

    trust: Trust
    reason: str = ""
    tip: Block | None = None
    peers: int | None = None
    version: str = ""
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def well(self) -> bool:
        return self.trust is Trust.FULL


@dataclass(frozen=True, slots=True)
class Expectation:
    """What we know and the node must match: remembered genesis and fork hashes, an address that
    its wallet must own, the height that we have followed to."""

    genesis: str | None
    fork: str | None
    address: str | None
    height: int


@dataclass(frozen=True, slots=True)
class Identity:
    """How a node's chain names itself: hash of block 0, and of the first block after a fork where
    two chains share block 0 (None where that does not apply or is not reached yet)."""

    genesis: str
    fork: str | None


@dataclass(frozen=True, slots=True)
class NewAddress:
    """A fresh address of the node's wallet in its canonical form, and what identifies it."""

    address: str
    script: str


class Chain(Protocol):
    """One node's chain. Every method raises NodeDown or NodeRefused, and means nothing by it.

    An instance belongs to one thread; after any error its connection is made anew.
    """

    def identity(self) -> Identity:
        """Who the node says it is. One or two calls."""

    def health(self, expected: Expectation, *, now_s: int) -> Health:
        """Ask everything that decides whether the node may be believed. Never raises NodeRefused;
        an unreachable node raises NodeDown."""

    def scan(self, cursor: str | None) -> Scan:
        """New arrivals since the block `cursor` (None: all). Raises UnknownCursor. One call."""

    def block(self, block_hash: str) -> Block | None:
        """The block, if it is known **and on the active chain**, else None. One call."""

    def facts(self, txids: Iterable[str]) -> dict[str, Fact]:
        """The standing of each chain tx now, asked by id. An unknown one is ABSENT."""

    def in_mempool(self, txids: Sequence[str]) -> frozenset[str]:
        """Which of these the node's mempool holds."""

    def new_addresses(self, count: int) -> list[NewAddress]:
        """Make `count` fresh receiving addresses."""

    def calls(self) -> int:
        """RPC calls made by this instance so far, for status and benchmarks."""

    def close(self) -> None:
        """Drop the connection."""
