"""What our keys paid and no row of ours knows: a database that was restored from an older copy must
not pay it anew, though two persons booked what was missing as a loss."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from db.models import History, Payment
from engine.chain import Pay, SentTx
from engine.reconciliation.spends import booked_spends
from engine.sender.judged import PAID_BEFORE, is_judged


class Node(Protocol):
    """What is asked. Raises NodeDown, NodeRefused."""

    def sent_tx(self, txid: str, addresses: Sequence[str]) -> SentTx | None:
        """A chain tx of the wallet; outputs to one of `addresses` are spelled like it."""


class PaidBefore:
    """One currency's booked spends, held against what is to be paid. One thread owns an instance.
    Asks the node nothing as long as none is booked."""

    def __init__(self, currency: str, node: Node) -> None:
        self._currency = currency
        self._node = node
        self._booked: tuple[str, ...] = ()
        self._pays: dict[tuple[str, str], tuple[Pay, ...]] = {}  # by txid and address

    def begin(self) -> None:
        """A round in which payments are to be signed."""
        self._booked = tuple(booked_spends(self._currency))

    def flaw(self, payment: Payment, rows: Iterable[History]) -> str | None:
        """Why a client's payment must not be signed before a person has looked; `rows` are its
        history, which says whether one did."""
        if payment.kind != "withdrawal" or not self._booked or is_judged(rows):
            return None
        address, units = str(payment.address), int(payment.units or 0)
        paid = any(Pay(address, units) in self._paid_by(each, address) for each in self._booked)
        return PAID_BEFORE if paid else None

    def _paid_by(self, txid: str, address: str) -> tuple[Pay, ...]:
        key = txid, address
        if key not in self._pays:
            told = self._node.sent_tx(txid, [address])
            if told is None:
                return ()
            self._pays[key] = tuple(pay for pay in told.pays if pay.address == address)
        return self._pays[key]
