"""What is proved before anything is signed: nothing is believed that only the database says.

A forged row pays nobody: the payment's own history must verify link by link, and the client's
balance must follow from deposits that the node still shows.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from db.models import History, Payment
from engine.chain import Spend, Wallet
from engine.history import row_hash, row_of
from engine.ledger import client_account

UNPROVED_HISTORY = "its history does not verify"
UNPROVED_AMOUNT = "what it pays is not what its history says"
UNPROVED_BALANCE = "the client's balance does not follow from deposits that the node shows"


@dataclass(frozen=True, slots=True)
class _Sums:
    """A client's history in one currency: what came in, and what it was debited."""

    deposits: dict[str, int]
    others: int


class Proof:
    """Checks withdrawals for one chain. Coins that the node confirmed once are remembered while
    this process lives, so that a long history is asked for once."""

    def __init__(self, node: Wallet) -> None:
        self._node = node
        self._shown: set[Spend] = set()

    def flaw(self, payment: Payment) -> str | None:
        """Why this withdrawal must not be signed; None when everything is proved."""
        rows = _verified_rows(payment.id)
        if rows is None or rows[-1].hash != payment.last_hash:
            return UNPROVED_HISTORY
        if not _says(rows, payment):
            return UNPROVED_AMOUNT
        if payment.kind == "withdrawal" and not self._is_covered(payment):
            return UNPROVED_BALANCE
        return None

    def _is_covered(self, payment: Payment) -> bool:
        """Deposits that the node shows, with all else that moved the account, are not less than
        zero after this withdrawal's own debit."""
        sums = _client_sums(str(payment.client), payment.currency)
        if sums is None:
            return False
        missing = -sums.others
        for deposit, units in sorted(sums.deposits.items(), key=lambda item: -item[1]):
            if missing <= 0:
                return True
            if self._is_shown(deposit, units):
                missing -= units
        return missing <= 0

    def _is_shown(self, deposit: str, units: int) -> bool:
        row = Payment.get_or_none(Payment.id == deposit)
        if row is None or row.txid is None or row.units != units:
            return False
        coin = Spend(str(row.txid), str(row.idx), units, str(row.address))
        if coin not in self._shown:
            if not self._node.received(coin):
                return False
            if row.final:
                self._shown.add(coin)
        return True


def _verified_rows(payment: str) -> list[History] | None:
    """A payment's rows, oldest first; None when one is missing, altered or out of order."""
    rows = list(History.select().where(History.payment == payment).order_by(History.seq))
    prev = payment
    for row in rows:
        if row.prev != prev or row_hash(row_of(row)) != row.hash:
            return None
        prev = row.hash
    return rows or None


def _says(rows: list[History], payment: Payment) -> bool:
    """Whether client, amount, fee and address of the row are those that its history began with."""
    first = row_of(rows[0])
    told = first["evidence"]
    return (
        first["event"] == "request"
        and first["client"] == payment.client
        and first["currency"] == payment.currency
        and first["units"] == str(payment.units)
        and told.get("address") == payment.address
        and told.get("fee_units") == str(payment.fee_units or 0)
        and rows[-1].to_state == payment.state
    )


def _client_sums(client: str, currency: str) -> _Sums | None:
    """The client's account as its histories' entries have it; None when a history does not verify.
    Deposits by payment, everything else (debits, transfers, bookings) in one sum; signs as the
    client sees them."""
    account = client_account(client)
    deposits: dict[str, int] = defaultdict(int)
    others = 0
    owned = Payment.select(Payment.id, Payment.kind).where(
        (Payment.client == client) & (Payment.currency == currency)
    )
    for payment in owned:
        rows = _verified_rows(payment.id)
        if rows is None:
            return None
        for row in rows:
            for name, symbol, units in row_of(row)["evidence"].get("entry", ()):
                if (name, symbol) != (account, currency):
                    continue
                if payment.kind == "deposit":
                    deposits[payment.id] -= int(units)
                else:
                    others -= int(units)
    return _Sums({each: units for each, units in deposits.items() if units > 0}, others)
