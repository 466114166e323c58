"""The numbers of an address's sends: each is taken once, for ever, by the database's constraint."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count, islice
from typing import Any

import peewee

from db import bulk
from db.attempts import Attempt, Nonce
from engine.errors import StaleState
from engine.sender.attempts import Stored
from engine.sending import Payer

FREE_MAX = 100  # more than a round signs
NEWEST = 200  # more than nodes keep in their pools


class Numbers:
    """The next numbers of a chain's addresses, in one round of signing."""

    def __init__(self, chain: str, payer: Payer) -> None:
        self._chain = chain
        self._payer = payer
        self._free: dict[str, list[int]] = {}

    def take(self, address: str) -> int:
        """The lowest number that was never taken and that no block shows. One that was left out,
        because a node once told of more sends than there were, would hold up all above it for ever.
        Raises NodeDown."""
        if address not in self._free:
            mined = self._payer.mined_nonce(address)
            self._free[address] = free(self._chain, address, mined)
        return self._free[address].pop(0)

    def give_back(self, address: str, number: int) -> None:
        """The number that was taken last is not used."""
        self._free[address].insert(0, number)


def free(chain: str, address: str, mined: int) -> list[int]:
    """Numbers for a round that were never taken, lowest first. `mined` is how many sends a node
    counts; where it has fallen behind, what we know to be in blocks counts."""
    of_address = (Nonce.chain == chain) & (Nonce.address == address)
    lowest = max(mined, _mined_by_us(of_address) + 1)
    rows: Any = Nonce.select(Nonce.nonce).where(of_address & (Nonce.nonce >= lowest)).tuples()
    taken = {int(number) for (number,) in rows}
    return list(islice((each for each in count(lowest) if each not in taken), FREE_MAX))


def _mined_by_us(of_address: Any) -> int:
    """The highest of the newest numbers whose chain tx is in a block; -1 where none is."""
    newest = Nonce.select(Nonce.family, Nonce.nonce).where(of_address)
    rows: Any = newest.order_by(Nonce.nonce.desc()).limit(NEWEST).tuples()
    numbers = {str(family): int(number) for family, number in rows}
    in_block: Any = Attempt.select(Attempt.family).where(
        bulk.one_of(Attempt.family, numbers) & ~Attempt.block_hash.is_null()
    )
    return max((numbers[str(family)] for (family,) in in_block.tuples()), default=-1)


def reserve(made: Sequence[Stored]) -> None:
    """Take the numbers of first attempts that were just stored, inside the caller's database
    transaction. Raises StaleState when somebody else took one: nothing of theirs was sent."""
    rows = [
        {
            "chain": stored.row.chain,
            "address": stored.row.address,
            "nonce": stored.row.nonce,
            "family": stored.row.family,
        }
        for stored in made
    ]
    try:
        bulk.insert_rows(Nonce, rows)
    except peewee.IntegrityError as error:
        raise StaleState("a number was taken meanwhile", detail=str(error)) from None
