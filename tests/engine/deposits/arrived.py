"""What a test's house was paid, whatever its chain."""

from __future__ import annotations

from db.models import Payment


class Arrived:
    """A house whose clients pay in."""

    @staticmethod
    def deposits(client: str | None = None) -> list[Payment]:
        """Deposits with a coin, oldest first; of one client if one is named."""
        rows = Payment.select().where((Payment.kind == "deposit") & ~Payment.txid.is_null())
        if client is not None:
            rows = rows.where(Payment.client == client)
        return list(rows.order_by(Payment.first_seq))

    def deposit(self, client: str | None = None) -> Payment:
        """The one deposit that there must be."""
        (payment,) = self.deposits(client)
        return payment
