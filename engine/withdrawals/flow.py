"""What clients asked to be paid lately: the sums and counts that limits and rules look at.

Amounts without fees, by the time of the request; what was refused, cancelled or failed went back
and does not count.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import peewee

from db.connection import database
from db.exact import sum_sql
from db.models import Payment
from engine.clock import parse_rfc3339, rfc3339

RETURNED = ("refused", "cancelled", "failed")
PAID = ("pending", "confirmed", "credited")


class WithdrawalFlow:
    """engine.rules.Flow for one withdrawal, asked for or about to be.

    `units` is what is not in the database yet: 0 for a withdrawal that is. With `until` only what
    was asked for before it counts, and itself.
    """

    def __init__(
        self,
        *,
        currency: str,
        client: str,
        address: str,
        now: datetime,
        units: int = 0,
        until: int | None = None,
    ) -> None:
        self._currency = currency
        self._client = client
        self._address = address
        self._now = now
        self._units = units
        self._until = until

    @classmethod
    def of(cls, payment: Payment) -> WithdrawalFlow:
        """The flow as it was when `payment` was asked for."""
        return cls(
            currency=payment.currency,
            client=str(payment.client),
            address=str(payment.address),
            now=parse_rfc3339(payment.created_at),
            until=int(payment.first_seq),
        )

    def of_client(self, window: timedelta) -> int:
        return self._sum(self._asked(window) & (Payment.client == self._client))

    def of_all(self, window: timedelta) -> int:
        return self._sum(self._asked(window))

    def count(self, window: timedelta) -> int:
        rows = Payment.select().where(self._asked(window) & (Payment.client == self._client))
        return int(rows.count()) + bool(self._units)

    def is_new_address(self) -> bool:
        paid = (
            (Payment.kind == "withdrawal")
            & (Payment.client == self._client)
            & (Payment.currency == self._currency)
            & (Payment.address == self._address)
            & Payment.state.in_(PAID)
        )
        if self._until is not None:
            paid &= Payment.first_seq < self._until
        return not Payment.select().where(paid).exists()

    def _asked(self, window: timedelta) -> Any:
        # A clock that was set back puts rows into the future: they count too.
        found = (
            (Payment.kind == "withdrawal")
            & (Payment.currency == self._currency)
            & (Payment.created_at > rfc3339(self._now - window))
            & Payment.state.not_in(RETURNED)
            & Payment.refund_of.is_null()
        )
        return found if self._until is None else found & (Payment.first_seq <= self._until)

    def _sum(self, condition: Any) -> int:
        total = peewee.SQL(sum_sql(database.obj, "units"))
        return int(Payment.select(total).where(condition).scalar() or 0) + self._units
