"""The numbers of an address's sends: each is taken once, for ever, by the database's constraint."""

from __future__ import annotations

from collections.abc import Sequence

import peewee

from db import bulk
from db.attempts import Nonce
from engine.errors import StaleState
from engine.sender.attempts import Stored
from engine.sending import Payer


class Numbers:
    """The next numbers of a chain's addresses, in one round of signing."""

    def __init__(self, chain: str, payer: Payer) -> None:
        self._chain = chain
        self._payer = payer
        self._next: dict[str, int] = {}

    def take(self, address: str) -> int:
        """The next number, after all that were taken and all that blocks show. Raises NodeDown."""
        if address not in self._next:
            mined = self._payer.mined_nonce(address)
            self._next[address] = max(mined, newest(self._chain, address) + 1)
        number = self._next[address]
        self._next[address] += 1
        return number

    def give_back(self, address: str) -> None:
        """The number that was taken last is not used."""
        self._next[address] -= 1


def newest(chain: str, address: str) -> int:
    """The highest number that was ever taken; -1 before the first."""
    of_address = (Nonce.chain == chain) & (Nonce.address == address)
    found = Nonce.select(peewee.fn.MAX(Nonce.nonce)).where(of_address).scalar()
    return -1 if found is None else int(found)


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
