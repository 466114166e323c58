"""What a family must offer, and the values that cross the border. No rule and no I/O here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol, runtime_checkable


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


@dataclass(frozen=True, slots=True)
class Spend:
    """A coin to be spent, by its identity, with its amount in units."""

    txid: str
    index: str
    units: int
    address: str

    @property
    def coin(self) -> tuple[str, str]:
        return self.txid, self.index


@dataclass(frozen=True, slots=True)
class Recipient:
    """An address as the node spells it; `ours`: its wallet holds the keys, or watches it."""

    address: str
    ours: bool


@dataclass(frozen=True, slots=True)
class Pay:
    """An output to be made."""

    address: str
    units: int


@dataclass(frozen=True, slots=True)
class SignedTx:
    """A chain tx that only needs to be broadcast: its bytes in hex, and their virtual size."""

    txid: str
    raw: str
    size: int


class Sending(Enum):
    """What a node said to a broadcast. No answer at all is an exception: unknown, never failed."""

    ACCEPTED = "accepted"  # it is in the mempool now, or was there
    MINED = "mined"  # the node says that it is in a block already
    REFUSED = "refused"  # not now; nothing follows for the payment until a conflict is proved


@dataclass(frozen=True, slots=True)
class SendReply:
    """A node's answer to a broadcast, with its own words for log and console."""

    outcome: Sending
    words: str = ""


class Wallet(Protocol):
    """What the sender needs of a node's wallet. Raises NodeDown and NodeRefused like Chain."""

    def fee_rate(self, *, blocks: int) -> int | None:
        """Units per 1,000 virtual bytes to be mined within so many blocks; None if unknown."""

    def fee_floor(self) -> int:
        """The least rate that nodes relay now, in units per 1,000 virtual bytes."""

    def tx_size(self, spends: Sequence[Spend], pays: Sequence[Pay]) -> int:
        """Virtual size in bytes that a chain tx of these will have, rather more than less."""

    def dust(self, address: str) -> int:
        """The least amount in units that an output to `address` may have."""

    def change_address(self) -> NewAddress:
        """A fresh change address of the wallet."""

    def recipient(self, address: str) -> Recipient | None:
        """Who would be paid at `address`; None if it is none for this network. One call."""

    def owns(self, address: str) -> bool:
        """Whether the wallet holds the keys of `address`, or watches it."""

    def watch_hint(self, address: str) -> str:
        """How this node watches `address`; where it does not, what a person must do about it."""

    def sign(
        self, spends: Sequence[Spend], pays: Sequence[Pay], *, passphrase: str | None
    ) -> SignedTx:
        """A signed chain tx, not broadcast, that the node would take now. Signals that it may be
        replaced. Raises NodeRefused, with -13 when the wallet is locked."""

    def send(self, raw: str) -> SendReply:
        """Broadcast signed bytes once. Raises NodeDown when it is unknown whether they went out."""

    def received(self, spend: Spend) -> bool:
        """Whether the node shows this coin with this address and amount in its wallet."""


class Followed(Protocol):
    """One node's chain as every family offers it. Every method raises NodeDown or NodeRefused, and
    means nothing by it.

    An instance belongs to one thread; after any error its connection is made anew.
    """

    def identity(self) -> Identity:
        """Who the node says it is. One or two calls."""

    def health(self, expected: Expectation, *, now_s: int) -> Health:
        """Ask everything that decides whether the node may be believed. Never raises NodeRefused;
        an unreachable node raises NodeDown."""

    def scan(self, cursor: str | None) -> Scan:
        """New arrivals since the block `cursor`. Without one: all that the node's wallet lists;
        where a node keeps no wallet, nothing before its tip. Raises UnknownCursor, OffChain. One
        call when nothing is new."""

    def block(self, block_hash: str) -> Block | None:
        """The block, if it is known **and on the active chain**, else None. One call."""

    def facts(self, txids: Iterable[str]) -> dict[str, Fact]:
        """The standing of each chain tx now, asked by id. An unknown one is ABSENT, and one of
        which the node tells nonsense UNREADABLE, so that it holds up no other."""

    def in_mempool(self, txids: Sequence[str]) -> frozenset[str]:
        """Which of these the node's mempool holds."""

    def new_addresses(self, count: int) -> list[NewAddress]:
        """Make `count` fresh receiving addresses."""

    def senders(self, txid: str) -> Senders | None:
        """Whose coins a chain tx that pays us spends, as far as wallet and node know the chain txs
        that made them; None for one that the wallet does not have. A call or more for each."""

    def calls(self) -> int:
        """RPC calls made by this instance so far, for status and benchmarks."""

    def close(self) -> None:
        """Drop the connection."""


class Countable(Followed, Protocol):
    """A chain whose coins of ours can be counted, so that books can be held against it."""

    def coins(self, at: str) -> list[Unspent]:
        """Every coin of the wallet in blocks up to the tip `at`: watched, locked and immature ones
        and those that only an unconfirmed chain tx spends are among them. Raises TipMoved when `at`
        is not the tip before and after, NodeDown for a coin that cannot be read."""

    def coins_mark(self) -> str:
        """A text that changes when the wallet's coins do; a few cheap calls. The same text means
        that a list of them would be the same."""

    def spenders(
        self, coins: Collection[tuple[str, str]], *, since: int
    ) -> dict[tuple[str, str], Fact]:
        """The chain tx of our wallet that spends each of `coins` (txid, index), looked for among
        the unconfirmed and in blocks from height `since` on; those not found are left out."""


@runtime_checkable
class Chain(Countable, Wallet, Protocol):
    """A chain whose node also keeps a wallet of coins, and signs for them."""


@runtime_checkable
class ByBalance(Followed, Protocol):
    """A chain that tells how much an address holds, and not in which coins. Its node keeps no keys:
    addresses are made of our own."""

    def balances(self, asked: Sequence[tuple[str, str]], *, at: str) -> list[int | None]:
        """Units of each (currency, address) after the block of hash `at`; None where the node or a
        contract does not say."""

    def hot_address(self) -> NewAddress:
        """The one address of the house itself; asks no node. Raises NodeRefused where the keys are
        of no use."""
