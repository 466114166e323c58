"""The proof that a family can never be mined: a chain tx that is none of ours took its number.

A receipt that is not there proves nothing; only the node's own name for whoever took it does.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence

from engine.chain import BlockRef, Fact, Standing
from engine.sender.attempts import Stored
from engine.sender.by_nonce.looks import send_of
from engine.sending import ANOTHER_SEND, Outcome, Payer

log = logging.getLogger(__name__)

Outcomes = Mapping[str, Outcome]

NAMELESS = Fact("", Standing.ABSENT)


class Takers:
    """Asks for one tip; one call for each address, more only where a number is gone."""

    def __init__(self, payer: Payer, tip: BlockRef) -> None:
        self._payer = payer
        self._tip = tip
        self._mined: dict[str, int] = {}

    def of(self, family: Sequence[Stored], outcomes: Outcomes) -> Fact | None:
        """The chain tx in a block, none of the family, that took its number, without a block where
        the node counts one and does not name it; None while there is none. Raises NodeDown."""
        own = {str(stored.row.txid) for stored in family}
        if _is_mined(family, outcomes):
            return None
        address, number = str(family[0].row.address), int(family[0].row.nonce or 0)
        if self._mined_nonce(address) <= number:
            return None
        taker = self._payer.user_of(address, number, tip=self._tip)
        if taker is None or taker.block is None:
            return NAMELESS
        if taker.txid in own:
            return None
        log.error("%s sent %s by number %d, which is none of ours", address, taker.txid, number)
        return taker

    def gaps(self, families: Sequence[Sequence[Stored]], outcomes: Outcomes) -> dict[str, int]:
        """The number that comes first at an address, and that none of `families` has, for the
        lowest of them that waits for it, by its name. They are given by address and number. Raises
        NodeDown."""
        found: dict[str, int] = {}
        seen = set[str]()
        for family in families:
            row = family[0].row
            if str(row.address) in seen or _is_mined(family, outcomes):
                continue
            seen.add(str(row.address))
            first = self._mined_nonce(str(row.address))
            if int(row.nonce or 0) > first:
                found[str(row.family)] = first
        return found

    def payment_by(self, taker: Fact | None, stored: Stored) -> Outcome | None:
        """What the taker of an attempt's number did, unless the node tells that the attempt's payee
        had nothing by it: rows that are an older copy do not know a replacement. Where the node
        does not tell, it may have paid, and is not paid again unasked. Raises NodeDown."""
        if taker is None or taker.block is None:
            return None
        send = send_of(stored)
        told = self._payer.outcomes({taker.txid: send}, tip=self._tip)[taker.txid]
        if told.fact.standing is not Standing.MINED:
            if told.fact.words == ANOTHER_SEND:
                return None
            told = Outcome(taker, proved=False)
        elif not told.succeeded or told.left == 0:
            return None
        log.error("%s may pay what attempt %s should, unknown to us", taker.txid, stored.row.id)
        return told

    def _mined_nonce(self, address: str) -> int:
        if address not in self._mined:
            self._mined[address] = self._payer.mined_nonce(address, at=self._tip.hash)
        return self._mined[address]


def _is_mined(family: Sequence[Stored], outcomes: Outcomes) -> bool:
    return any(outcomes[str(each.row.txid)].fact.standing is Standing.MINED for each in family)
