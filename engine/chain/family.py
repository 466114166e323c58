"""What a family of chains must offer. No rule and no I/O here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Protocol, runtime_checkable

from engine.chain.condition import Expectation, Health, Identity
from engine.chain.facts import Block, Fact, Scan, Senders, Unspent
from engine.chain.wallet import NewAddress, Wallet


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
