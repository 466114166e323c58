"""What our keys sent and no row of ours knows: a database that was restored from an older copy must
not pay anew what it paid since, whatever anybody books of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import peewee

from db.attempts import Nonce
from db.models import History, Payment
from engine.chain import BlockRef, Standing
from engine.errors import NodeDown, NodeRefused
from engine.sender.judged import PAID_BEFORE, is_judged
from engine.sending import Payer, Send

# Numbers of an address, the newest; for each the node is asked some dozens of calls.
ASKED_MAX = 100


class Forgotten:
    """One chain's sends that no row knows. One thread owns an instance. Asks the node nothing as
    long as rows know every number from our first one on."""

    def __init__(self, chain: str, payer: Payer) -> None:
        self._chain = chain
        self._payer = payer
        self._users: dict[tuple[str, int], str] = {}  # empty where the node cannot name it
        self._found: dict[str, list[str]] = {}  # by address, at one tip
        self._tip = ""

    def flaw(
        self, payment: Payment, rows: Sequence[History], *, source: str, tip: BlockRef
    ) -> str | None:
        """Why a client's payment must not be signed before a person has looked; `rows` are its
        history, which says whether one did. Raises NodeDown."""
        if payment.kind != "withdrawal" or is_judged(rows):
            return None
        users = self._users_of(source, tip)
        if not users:
            return None
        send = Send(source, payment.currency, str(payment.address), int(payment.units or 0))
        for each in users:
            told = self._payer.outcomes({each: send}, tip=tip)[each]
            did = told.fact.standing is Standing.MINED and told.succeeded
            if did and told.left == send.units:
                return PAID_BEFORE
        return None

    def _users_of(self, address: str, tip: BlockRef) -> list[str]:
        """Chain txs in blocks that took numbers of an address which no row has, newest first."""
        if self._tip != tip.hash:
            self._tip, self._found = tip.hash, {}
        if address not in self._found:
            mined = self._mined_nonce(address, tip)
            users = [self._user_of(address, each, tip) for each in self._unknown(address, mined)]
            self._found[address] = [each for each in users if each]
        return self._found[address]

    def _mined_nonce(self, address: str, tip: BlockRef) -> int:
        try:
            return self._payer.mined_nonce(address, at=tip.hash)
        except NodeRefused as error:
            raise NodeDown("the node's chain moved while it was asked", detail=str(error)) from None

    def _user_of(self, address: str, number: int, tip: BlockRef) -> str:
        key = address, number
        if key not in self._users:
            fact = self._payer.user_of(address, number, tip=tip)
            self._users[key] = "" if fact is None or fact.block is None else fact.txid
        return self._users[key]

    def _unknown(self, address: str, mined: int) -> list[int]:
        of_address = (Nonce.chain == self._chain) & (Nonce.address == address)
        lowest = Nonce.select(peewee.fn.MIN(Nonce.nonce)).where(of_address).scalar()
        since = max(mined - ASKED_MAX, 0 if lowest is None else int(lowest))
        rows: Any = Nonce.select(Nonce.nonce).where(of_address & (Nonce.nonce >= since)).tuples()
        known = {int(number) for (number,) in rows}
        return [number for number in range(mined - 1, since - 1, -1) if number not in known]
