"""What is proved before anything is signed: nothing is believed that only the database says.

A forged row pays nobody: the payment's own history must verify link by link, the client's balance
must follow from deposits that the node still shows, and all of it must be what was sealed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from db import bulk
from db.connection import database
from db.models import History, Payment
from engine.audit.sealed import SealedHistory
from engine.chain import Spend
from engine.history import record_hash
from engine.ledger import client_account
from engine.sender.asked import Asked
from engine.sender.mended import Mend, mends_of

UNPROVED_HISTORY = "its history does not verify"
UNPROVED_AMOUNT = "what it pays is not what its history says"
SIGNED_BEFORE = "its history says that it was signed already"
UNPROVED_SEALS = "its history, or one that bears it, is not what was sealed"
UNPROVED_BALANCE = "the client's balance does not follow from deposits that the node shows"

REMEMBERED_MAX = 100_000  # histories
ASKED_MAX = 500  # payments in one query

_SAME_COIN = """SELECT 1 FROM payment WHERE chain = {0} AND currency = {0} AND id <> {0} AND (
    (txid = {0} AND idx = {0}) OR (txid = {0} AND idx = {0})
    OR (address = {0} AND idx IN ({0}, {0}) AND txid LIKE {0})) LIMIT 1"""

_OF_ANOTHER = """SELECT 1 FROM payment JOIN history ON history.payment = payment.id
    WHERE payment.chain = {0} AND payment.address = {0} AND payment.kind = 'deposit'
    AND history.prev = payment.id AND history.client <> {0} LIMIT 1"""

Entry = tuple[str, str, int]  # account, currency, units
_Claim = tuple[str, Spend]  # whose the node has shown the coin for: a payment's id


Adjusted = Callable[[str, str, Sequence[Payment], Sequence[Mend]], tuple[int, int]]
"""Client, currency, all that the client has in it and the mends of these payments in; the units
that adjustments gave, and those that they took, mends that nobody signed among them."""


def not_adjusted(
    _client: str, _currency: str, _payments: Sequence[Payment], _mends: Sequence[Mend]
) -> tuple[int, int]:
    """Nobody adjusted anything."""
    return 0, 0


@dataclass(frozen=True, slots=True)
class _Told:
    """What a payment's verified history says: its last hash, what its entries posted, which of them
    put it right, and the client for whom it was opened."""

    last_hash: str
    entries: tuple[Entry, ...]
    mends: tuple[Mend, ...] = ()
    came_for: str | None = None


class Proof:
    """Checks payments of one chain. Coins that the node confirmed once beyond finality, and
    histories that verified, are remembered while this process lives."""

    def __init__(self, node: Asked, sealed: SealedHistory) -> None:
        self._node = node
        self._sealed = sealed
        self._told: dict[str, _Told] = {}
        self._final: set[_Claim] = set()
        self._shown: set[_Claim] = set()
        self._shown_at = ""
        self._covered: dict[tuple[str, str], str | None] = {}
        self._rows: dict[str, list[History]] = {}
        self._linked: dict[str, list[History]] = {}

    def begin(self, payments: Sequence[Payment], tip_hash: str) -> None:
        """A round in which these payments are to be proved: what holds within one round, or at one
        tip, is asked once."""
        self._covered.clear()
        if tip_hash != self._shown_at:
            self._shown.clear()
        self._shown_at = tip_hash
        self._rows = rows_of(payment.id for payment in payments)
        self._linked.clear()

    def verified_rows(self, payment: str) -> list[History] | None:
        """A payment's rows as `flaw` verified them in this round; else as `verified_rows` says."""
        return self._linked.get(payment) or verified_rows(payment)

    def flaw(self, payment: Payment, *, adjusted: Adjusted = not_adjusted) -> str | None:
        """Why this payment must not be signed; None when everything is proved. What a refund gives
        back is no client's balance, and proved elsewhere. `adjusted` tells what signed adjustments
        gave a client in a currency, and what adjustments took."""
        rows = self._rows.pop(payment.id, None) or rows_of([payment.id]).get(payment.id, [])
        if not are_linked(rows) or rows[-1].hash != payment.last_hash:
            return UNPROVED_HISTORY
        self._linked[payment.id] = rows
        if not self._sealed.hold(rows):
            return UNPROVED_SEALS
        if not says(rows, payment):
            return UNPROVED_AMOUNT
        if _is_signed(rows):
            return SIGNED_BEFORE
        if payment.kind != "withdrawal" or payment.refund_of is not None:
            return None
        key = str(payment.client), str(payment.currency)
        if key not in self._covered:
            self._covered[key] = self._flaw_of_balance(*key, adjusted)
        return self._covered[key]

    def _flaw_of_balance(self, client: str, currency: str, adjusted: Adjusted) -> str | None:
        """Deposits that the node shows, and signed adjustments, must bear all that went off the
        client's account, the debits of withdrawals that are to be signed too."""
        spent, deposits = 0, []
        account = client_account(client)
        payments = bulk.read_by(Payment, client=client, currency=currency, order="first_seq")
        flaw = self._read(payments)
        if flaw is not None:
            return flaw
        for row in payments:
            told = self._told[row.id]
            change = -sum(u for name, of, u in told.entries if (name, of) == (account, currency))
            if row.kind == "deposit" and change > 0:
                deposits.append((change, row))
            elif change < 0:  # what only rows say was given to a client is not believed
                spent -= change
        mends = [mend for row in payments for mend in self._told[row.id].mends]
        gave, took = adjusted(client, currency, payments, mends)
        borne = self._is_borne(spent + took - gave, deposits)
        return None if borne else UNPROVED_BALANCE

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

    def _read(self, payments: Sequence[Payment]) -> str | None:
        """Read the histories that are not remembered as they stand; what is wrong with one."""
        if len(self._told) >= REMEMBERED_MAX:
            self._told.clear()
        known = {each.id for each in payments if self._is_known(each)}
        histories = rows_of(each.id for each in payments if each.id not in known)
        for payment in payments:
            if payment.id in known:
                continue
            rows = histories.get(payment.id, [])
            if not are_linked(rows) or rows[-1].hash != payment.last_hash:
                return UNPROVED_BALANCE
            if not self._sealed.hold(rows):
                return UNPROVED_SEALS
            told = _Told(payment.last_hash, _entries(rows), mends_of(rows), rows[0].client)
            self._told[payment.id] = told
        return None

    def _is_known(self, payment: Payment) -> bool:
        known = self._told.get(payment.id)
        return known is not None and known.last_hash == payment.last_hash

    def _shown_coin(self, row: Payment, units: int) -> Spend | None:
        """The deposit's coin, if the node shows it with these units."""
        if row.txid is None or row.units != units:
            return None
        coin = Spend(str(row.txid), str(row.idx), units, str(row.address))
        claim = str(row.id), coin
        if claim not in self._final and claim not in self._shown:
            if _is_claimed_twice(row) or self._is_of_another(row) or not self._node.received(coin):
                return None
            (self._final if row.final else self._shown).add(claim)
        return coin

    def _is_of_another(self, row: Payment) -> bool:
        """Whether the coin came to an address that another client was given. What came for nobody
        is whose staff signed that it is."""
        came_for = self._told[row.id].came_for
        if came_for is None:
            return False
        values = (row.chain, row.address, came_for)
        return (
            database.execute_sql(_OF_ANOTHER.format(database.param), values).fetchone() is not None
        )


def _is_claimed_twice(row: Payment) -> bool:
    """Whether another payment says that it came with the same coin: a copy of somebody's deposit
    bears nothing, nor does a coin that the house moved between its own wallets. A coin of which a
    person was asked is named by its block and by chain tx and index together."""
    txid, _, index = str(row.idx).partition(":")
    values = (
        *(row.chain, row.currency, row.id),
        *(row.txid, row.idx, txid, index),
        *(row.address, row.idx, f"{row.txid}:{row.idx}", "block:%"),
    )
    sql = _SAME_COIN.format(database.param)
    return database.execute_sql(sql, values).fetchone() is not None


def rows_of(payments: Iterable[str]) -> dict[str, list[History]]:
    """The history rows of each of these payments, oldest first."""
    wanted, found = sorted(set(payments)), dict[str, list[History]]()
    for at in range(0, len(wanted), ASKED_MAX):
        part = wanted[at : at + ASKED_MAX]
        for row in bulk.read_by(History, payment=part, order="seq"):
            found.setdefault(str(row.payment), []).append(row)
    return found


def are_linked(rows: Sequence[History]) -> bool:
    """Whether these rows are a payment's whole history, none altered or out of order."""
    prev = rows[0].payment if rows else None
    for row in rows:
        if row.prev != prev or record_hash(row.__data__) != row.hash:
            return False
        prev = row.hash
    return bool(rows)


def verified_rows(payment: str) -> list[History] | None:
    """A payment's rows, oldest first; None when one is missing, altered or out of order."""
    rows = rows_of([payment]).get(payment, [])
    return rows if are_linked(rows) else None


def _entries(rows: Sequence[History]) -> tuple[Entry, ...]:
    return tuple(
        (str(name), str(currency), int(units))
        for row in rows
        for name, currency, units in _evidence(row).get("entry", ())
    )


def _evidence(row: History) -> dict[str, Any]:
    evidence: dict[str, Any] = json.loads(row.evidence)
    return evidence


def says(rows: list[History], payment: Payment) -> bool:
    """Whether client, amount, fee, addresses, purpose and state of the payment are those of its
    history."""
    first = rows[0]
    told = _evidence(first)
    return (
        first.event == "request"
        and first.kind == payment.kind
        and first.client == payment.client
        and first.currency == payment.currency
        and first.units is not None
        and first.units == payment.units
        and told.get("address") == payment.address
        and told.get("fee_units") == str(payment.fee_units or 0)
        and told.get("source") == payment.source
        and told.get("purpose") == payment.purpose
        and rows[-1].to_state == payment.state
    )


def _is_signed(rows: list[History]) -> bool:
    """Whether an attempt was stored for it that was never proved dead: another would pay twice."""
    turns = [row.event for row in rows if row.event in {"sign", "retry"}]
    return bool(turns) and turns[-1] == "sign"
