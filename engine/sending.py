"""What a family must offer where each address counts its sends (a nonce), and the values that cross
the border there. No rule and no I/O here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from engine.chain import BlockRef, ByBalance, Fact, Recipient, SendReply, SignedTx, Spend

# The code of NodeRefused by which `gas_of` says that the payee's code, or the token's contract,
# would undo it. A token's contract does so as well where the sender does not have enough of it.
REVERTED = 3

# The words of a fact that is not read because its chain tx sends something else, or from elsewhere.
ANOTHER_SEND = "a receipt is of another send"


@dataclass(frozen=True, slots=True)
class Send:
    """A chain tx to be made: `units` of `currency` leave `source`, an address of ours, for `to`."""

    source: str
    currency: str
    to: str
    units: int


@dataclass(frozen=True, slots=True)
class Offer:
    """What a chain tx may cost (EIP-1559): `gas`, the most work it may take, `fee_cap` and
    `tip_cap` in units of the chain's coin for each gas."""

    gas: int
    fee_cap: int
    tip_cap: int

    @property
    def most(self) -> int:
        """The most that it can cost, in units of the chain's coin."""
        return self.gas * self.fee_cap


@dataclass(frozen=True, slots=True)
class Rates:
    """What the network asks for each gas now, in units of the chain's coin: `base` is burnt, `tip`
    is what the node thinks goes to whoever makes the block."""

    base: int
    tip: int


@dataclass(frozen=True, slots=True)
class SignedSend:
    """What signed bytes say, read back from them."""

    txid: str
    send: Send
    nonce: int
    offer: Offer


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a chain tx of ours. The rest counts only where `fact` says MINED.

    `succeeded`: its receipt's status. `fee` is what it cost, in units of the chain's coin. `left`
    is what the sender's balance proves to have gone by it, `arrived` what the target's balance
    proves to have come by it, in units of its currency: 0 where it failed or moved nothing, None
    where balance and log contradict each other. At a target that is not ours, `arrived` is what the
    log says. `proved` is False where the node does not know the balances of that block any more:
    `left` and `arrived` are what the log, or the chain tx, says then, `left` None without a log.
    `place` is the arrival's index at the target, `tx` or `log:0`.
    """

    fact: Fact
    succeeded: bool = False
    fee: int = 0
    left: int | None = None
    arrived: int | None = None
    place: str = "tx"
    proved: bool = True


@runtime_checkable
class Payer(ByBalance, Protocol):
    """A chain whose addresses count their sends, with our keys for them. Raises NodeDown and
    NodeRefused like Followed."""

    def mined_nonce(self, address: str, *, at: str | None = None) -> int:
        """How many chain txs of `address` are in blocks, up to the block of hash `at` if given: the
        nonce that its next one must have."""

    def rates(self) -> Rates:
        """What the network asks now."""

    def gas_of(self, send: Send) -> int:
        """Gas that the node thinks `send` takes, in the state after the newest block. Raises
        NodeRefused when it would fail, with REVERTED when a contract would undo it."""

    def has_code(self, address: str) -> bool:
        """Whether a contract, or a delegation of an account, is at `address` now."""

    def sign(self, send: Send, *, nonce: int, offer: Offer) -> SignedTx:
        """Signed bytes, not broadcast; `size` is the gas. Asks no node. Raises NodeRefused when our
        keys do not make `source`."""

    def read(self, raw: str) -> SignedSend:
        """What bytes that we signed say. Asks no node. Raises NodeRefused for others."""

    def send(self, raw: str) -> SendReply:
        """Broadcast signed bytes once, and nobody repeats it; bytes that we would not have signed
        are REFUSED. Raises NodeDown when it is unknown whether they went out."""

    def outcomes(self, sends: Mapping[str, Send], *, tip: BlockRef) -> dict[str, Outcome]:
        """What became of each of these, by txid, as of the block `tip` that we followed to: what is
        in a later block only is in the mempool here."""

    def user_of(self, address: str, nonce: int, *, tip: BlockRef) -> Fact | None:
        """The chain tx in a block up to `tip` that took this nonce, whoever signed it; None where
        none did, or the node cannot tell any more."""

    def recipient(self, address: str) -> Recipient | None:
        """Who would be paid at `address`; None if it is none. Asks no node."""

    def owns(self, address: str) -> bool:
        """Whether our keys make `address`, or it is one that we know for ours. Asks no node."""

    def received(self, spend: Spend, *, currency: str) -> bool:
        """Whether the node shows this coin with this address and amount, in a block."""
