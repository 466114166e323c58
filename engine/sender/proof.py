"""What is proved before anything is signed: nothing is believed that only the database says.

A forged row pays nobody: the payment's own history must verify link by link, and the client's
balance must follow from deposits that the node still shows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from db.models import History, Payment
from engine.chain import Spend, Wallet
from engine.history import row_hash, row_of
from engine.ledger import client_account

UNPROVED_HISTORY = "its history does not verify"
UNPROVED_AMOUNT = "what it pays is not what its history says"
SIGNED_BEFORE = "its history says that it was signed already"
UNPROVED_BALANCE = "the client's balance does not follow from deposits that the node shows"

REMEMBERED_MAX = 100_000  # histories

Entry = tuple[str, str, int]  # account, currency, units


Adjusted = Callable[[str, str], tuple[int, int]]
"""Client and currency in; the units that adjustments gave, and those that they took."""


def not_adjusted(_client: str, _currency: str) -> tuple[int, int]:
    """Nobody adjusted anything."""
    return 0, 0


@dataclass(frozen=True, slots=True)
class _Told:
    """What a payment's verified history says: its last hash, and what its entries posted."""

    last_hash: str
    entries: tuple[Entry, ...]


class Proof:
    """Checks payments of one chain. Coins that the node confirmed once beyond finality, and
    histories that verified, are remembered while this process lives."""

    def __init__(self, node: Wallet) -> None:
        self._node = node
        self._shown: set[Spend] = set()
        self._told: dict[str, _Told] = {}

    def flaw(self, payment: Payment, *, adjusted: Adjusted = not_adjusted) -> str | None:
        """Why this payment must not be signed; None when everything is proved. What a refund gives
        back is no client's balance, and proved elsewhere. `adjusted` tells what signed adjustments
        gave a client in a currency, and what adjustments took."""
        rows = verified_rows(payment.id)
        if rows is None or rows[-1].hash != payment.last_hash:
            return UNPROVED_HISTORY
        if not _says(rows, payment):
            return UNPROVED_AMOUNT
        if _is_signed(rows):
            return SIGNED_BEFORE
        of_client = payment.kind == "withdrawal" and payment.refund_of is None
        if of_client and not self._is_covered(payment, adjusted):
            return UNPROVED_BALANCE
        return None

    def _is_covered(self, payment: Payment, adjusted: Adjusted) -> bool:
        """Deposits that the node shows, and signed adjustments, bear all that went off the client's
        account, this withdrawal's own debit too."""
        client, currency = str(payment.client), payment.currency
        spent, deposits = 0, []
        for row in Payment.select().where(
            (Payment.client == client) & (Payment.currency == currency)
        ):
            told = self._history(row)
            if told is None:
                return False
            account = client_account(client)
            change = -sum(u for name, of, u in told.entries if (name, of) == (account, currency))
            if row.kind == "deposit" and change > 0:
                deposits.append((change, row))
            elif change < 0:  # what only rows say was given to a client is not believed
                spent -= change
        gave, took = adjusted(client, currency)
        return self._is_borne(spent + took - gave, deposits)

    def _is_borne(self, spent: int, deposits: list[tuple[int, Payment]]) -> bool:
        counted: set[Spend] = set()
        for units, row in sorted(deposits, key=lambda each: -each[0]):
            if spent <= 0:
                break
            coin = self._shown_coin(row, units)
            if coin is not None and coin not in counted:
                counted.add(coin)
                spent -= units
        return spent <= 0

    def _history(self, payment: Payment) -> _Told | None:
        known = self._told.get(payment.id)
        if known is not None and known.last_hash == payment.last_hash:
            return known
        rows = verified_rows(payment.id)
        if rows is None or rows[-1].hash != payment.last_hash:
            return None
        entries = tuple(
            (str(name), str(currency), int(units))
            for row in rows
            for name, currency, units in row_of(row)["evidence"].get("entry", ())
        )
        if len(self._told) >= REMEMBERED_MAX:
            self._told.clear()
        self._told[payment.id] = _Told(payment.last_hash, entries)
        return self._told[payment.id]

    def _shown_coin(self, row: Payment, units: int) -> Spend | None:
        """The deposit's coin, if the node shows it with these units."""
        if row.txid is None or row.units != units:
            return None
        coin = Spend(str(row.txid), str(row.idx), units, str(row.address))
        if coin not in self._shown:
            if not self._node.received(coin):
                return None
            if row.final:
                self._shown.add(coin)
        return coin


def verified_rows(payment: str) -> list[History] | None:
    """A payment's rows, oldest first; None when one is missing, altered or out of order."""
    rows = list(History.select().where(History.payment == payment).order_by(History.seq))
    prev = payment
    for row in rows:
        if row.prev != prev or row_hash(row_of(row)) != row.hash:
            return None
        prev = row.hash
    return rows or None


def _says(rows: list[History], payment: Payment) -> bool:
    """Whether client, amount, fee, address and state of the payment are those of its history."""
    first = row_of(rows[0])
    told = first["evidence"]
    return (
        first["event"] == "request"
        and first["kind"] == payment.kind
        and first["client"] == payment.client
        and first["currency"] == payment.currency
        and first["units"] == str(payment.units)
        and told.get("address") == payment.address
        and told.get("fee_units") == str(payment.fee_units or 0)
        and rows[-1].to_state == payment.state
    )


def _is_signed(rows: list[History]) -> bool:
    """Whether an attempt was stored for it that was never proved dead: another would pay twice."""
    turns = [row.event for row in rows if row.event in {"sign", "retry"}]
    return bool(turns) and turns[-1] == "sign"
