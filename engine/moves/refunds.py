"""Refunds on their way: a deposit that staff refunded gets its one withdrawal, whose amount is what
the deposit brought less what the network will take.

When the withdrawal ends without paying, the coins are back in suspense and the deposit refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import peewee

from db.models import History, Payment
from engine import ledger
from engine.chain import Spend
from engine.config import Currency
from engine.history import row_of
from engine.ledger import Line, NewEntry
from engine.lifecycle import Batch
from engine.moves.refund_costs import RefundCosts, RefundWaits
from engine.sender.entries import IN_TRANSIT

ENDED = ("refused", "cancelled", "failed")
TOO_SMALL = "it is not worth what the network takes for sending it back"
WAITING = "waiting: "
PER_ROUND = 50


class Refunds:
    """One currency's refunds. One thread owns an instance, with the node that `costs` ask."""

    def __init__(
        self, currency: Currency, costs: RefundCosts, new_batch: Callable[[], Batch]
    ) -> None:
        self._currency = currency
        self._costs = costs
        self._new_batch = new_batch

    def step(self) -> int:
        """Open what is missing and take back what ended; the moves made. Asks the node only for
        those. Raises NodeDown, NodeRefused."""
        return sum(self._settle(deposit) for deposit in self._unpaid())

    def _unpaid(self) -> list[Payment]:
        """Refunded deposits without a withdrawal that pays, or paid, them back."""
        back = Payment.alias()
        alive = (back.refund_of == Payment.id) & back.state.not_in(ENDED)
        rows = (
            Payment.select()
            .join(back, peewee.JOIN.LEFT_OUTER, on=alive)
            .where(
                (Payment.chain == self._currency.chain)
                & (Payment.currency == self._currency.symbol)
                & (Payment.kind == "deposit")
                & (Payment.state == "refunded")
                & back.id.is_null()
            )
        )
        return list(rows.order_by(Payment.first_seq).limit(PER_ROUND))

    def _settle(self, deposit: Payment) -> int:
        before = list(
            Payment.select()
            .where(Payment.refund_of == deposit.id)
            .order_by(Payment.first_seq.desc())
        )
        asked = refund_row(deposit.id)
        if before and before[0].first_seq > asked["seq"]:
            return self._take_back(deposit, str(before[0].reason))
        address = asked["evidence"]["seen"]["address"]
        coin = Spend(
            str(deposit.txid), str(deposit.idx), int(deposit.units or 0), str(deposit.address)
        )
        try:
            fee = self._costs.fee(coin, address)
        except RefundWaits as error:
            return self._wait(deposit, f"{WAITING}{error}")
        units = int(deposit.units or 0) - fee
        if units < self._costs.dust(address):
            return self._take_back(deposit, TOO_SMALL)
        return self._open(deposit, asked, address=address, units=units, fee=fee)

    def _wait(self, deposit: Payment, reason: str) -> int:
        """Show why it is not paid back yet: its amount follows from the fee."""
        if deposit.reason != reason:
            with self._new_batch() as batch:
                batch.touch(deposit, reason=reason)
        return 0

    def _open(
        self, deposit: Payment, asked: dict[str, Any], *, address: str, units: int, fee: int
    ) -> int:
        with self._new_batch() as batch:
            batch.open(
                kind="withdrawal",
                client=None,  # nobody's balance bears it, and no client cancels it
                currency=deposit.currency,
                chain=deposit.chain,
                address=address,
                units=units,
                fee_units=fee,
                required=self._currency.confirmations.required(units),
                asked_by=asked["actor"],
                refund_of=deposit.id,
                evidence={
                    "address": address,
                    "fee_units": str(fee),
                    "refund_of": deposit.id,
                    "refund_hash": asked["hash"],
                },
                reason="a refund",
            )
            if deposit.reason.startswith(WAITING):
                batch.touch(deposit, reason="")
        return 1

    def _take_back(self, deposit: Payment, reason: str) -> int:
        """The coins stand in suspense again, where staff decide anew."""
        units = int(deposit.units or 0)
        lines = (
            Line(IN_TRANSIT, deposit.currency, units),
            Line(ledger.suspense_account(deposit.id), deposit.currency, -units),
        )
        with self._new_batch() as batch:
            batch.move(
                deposit,
                "take_back",
                evidence={"address": deposit.address, "units": str(units)},
                reason=f"not refunded: {reason}",
                entry=NewEntry("take_back", lines),
            )
        return 1


def refund_row(deposit: str) -> dict[str, Any]:
    """The history row by which staff refunded a deposit last."""
    row = (
        History.select()
        .where((History.payment == deposit) & (History.event == "refund"))
        .order_by(History.seq.desc())
        .first()
    )
    assert row is not None
    return dict(row_of(row))
