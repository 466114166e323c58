"""How clients of a house that pays ask for money, and what became of it."""

from __future__ import annotations

from datetime import datetime

from db.models import Payment
from engine.config import Config
from engine.lifecycle import Batch
from engine.sender import entries


class Asking:
    """A house whose clients withdraw. Amounts are units."""

    config: Config
    now: datetime

    def ask(self, client: str, units: int, currency: str, *, address: str, fee: int) -> Payment:
        """The client asks, and is debited; nothing stands against it."""
        asked = self.config.currencies[currency]
        with Batch(self.config, actor=f"client:{client}", now=self.now) as batch:
            return batch.open(
                kind="withdrawal",
                client=client,
                currency=currency,
                chain=asked.chain,
                address=address,
                units=units,
                fee_units=fee,
                required=asked.confirmations.required(units),
                evidence={"address": address, "fee_units": str(fee)},
                entry=entries.debit(client, currency, units=units, fee=fee),
            )

    @staticmethod
    def now_of(payment: Payment) -> Payment:
        """Its row as it is now."""
        row: Payment = Payment.get_by_id(payment.id)
        return row

    def state_of(self, payment: Payment) -> str:
        return str(self.now_of(payment).state)

    def shown(self, payment: Payment) -> tuple[str, str, str]:
        """State, sub-state and reason."""
        row = self.now_of(payment)
        return row.state, row.sub_state, row.reason
