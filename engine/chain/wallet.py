"""What a node's wallet must offer so that it can pay, and the values that cross the border there.
No rule and no I/O here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol


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


@dataclass(frozen=True, slots=True)
class SentTx:
    """A chain tx of the wallet, whoever signed it: its bytes in hex and their virtual size, the
    coins that it spends as (txid, index), and every output in order."""

    txid: str
    raw: str
    size: int
    coins: tuple[tuple[str, str], ...]
    pays: tuple[Pay, ...]


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

    def sent_tx(self, txid: str, addresses: Sequence[str]) -> SentTx | None:
        """A chain tx that spends coins of the wallet; None for one that it does not have. Outputs
        to one of `addresses` are spelled like it. Two calls."""

    def received(self, spend: Spend) -> bool:
        """Whether the node shows this coin with this address and amount in its wallet, in a block,
        and others than the wallet itself paid it."""
