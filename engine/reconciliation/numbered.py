"""What payments were sent by where addresses count their sends, and what their postings must sum
to: by what their chain tx moved, and by what it cost in the chain's own coin.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from db import bulk
from db.attempts import Attempt, AttemptInput, AttemptOutput, Outflow
from db.models import Coin, Payment
from engine.ledger import WALLET_HOT, client_account
from engine.outflows import GAS, VALUE
from engine.reconciliation.outlays import NOTHING_TOLD, Told
from engine.sender.by_nonce.entries import LOSS, source_account, target_account
from engine.sender.entries import FEES_SERVICE, IN_TRANSIT

Sums = dict[str, int]  # account → units of the payment's currency


@dataclass(frozen=True, slots=True)
class Sent:
    """A chain tx of an address that counts its sends, by our rows: `left` its address, `arrived` at
    another one of ours, in units of the payment's currency; `fee` in units of the chain's coin, on
    wallet account `account`. `in_block`: what left is of the block where it is now."""

    row: Attempt
    account: str
    left: int
    arrived: int
    fee: int
    in_block: bool


def sent_by(attempts: Sequence[Attempt], told: Told = NOTHING_TOLD) -> dict[str, Sent]:
    """Those of `attempts` that took a number, by their ids; by the node's word where it was
    heard."""
    numbered = [row for row in attempts if row.nonce is not None]
    ids = [str(row.id) for row in numbered]
    if not ids:
        return {}
    out = _outflows(ids)
    accounts = {
        str(row.attempt): str(row.account)
        for row in AttemptInput.select().where(bulk.one_of(AttemptInput.attempt, ids))
    }
    paid = {
        str(row.attempt): int(row.units)
        for row in AttemptOutput.select().where(bulk.one_of(AttemptOutput.attempt, ids))
    }
    landed = _landed([str(row.txid) for row in numbered])
    found = {}
    for row in numbered:
        value, gas = out.get((row.id, VALUE)), out.get((row.id, GAS))
        asked = paid.get(str(row.id), 0)
        outlay = told.get(str(row.txid))
        left = asked if value is None else int(value.units)
        arrived = landed.get(str(row.txid), asked)
        fee = int((row.paid_units if gas is None else gas.units) or 0)
        if outlay is not None:
            fee = outlay.fee
            left, arrived = outlay.outputs or (left, arrived)
        found[str(row.id)] = Sent(
            row,
            accounts.get(str(row.id), WALLET_HOT),
            left,
            arrived,
            fee,
            value is not None and value.height is not None,
        )
    return found


def _outflows(attempts: Collection[str]) -> dict[tuple[str, str], Outflow]:
    rows = Outflow.select().where(bulk.one_of(Outflow.attempt, sorted(attempts)))
    return {(row.attempt, row.idx): row for row in rows}


def _landed(txids: Collection[str]) -> dict[str, int]:
    """Units of the coins that moves of ours made, by chain tx."""
    rows: Any = (
        Coin.select(Coin.txid, Coin.units)
        .join(Payment, on=(Coin.payment == Payment.id))
        .where(bulk.one_of(Coin.txid, sorted(txids)) & (Payment.kind == "transfer"))
        .tuples()
    )
    return {str(txid): int(units) for txid, units in rows}


def settled_for(payments: Collection[str], told: Told = NOTHING_TOLD) -> dict[str, Sent]:
    """The settled chain tx of each of these payments that was sent by number."""
    rows: Any = (
        AttemptOutput.select(AttemptOutput.attempt, AttemptOutput.payment)
        .join(Attempt, on=(AttemptOutput.attempt == Attempt.id))
        .where(
            bulk.one_of(AttemptOutput.payment, sorted(payments))
            & (Attempt.state == "settled")
            & ~Attempt.nonce.is_null()
        )
        .tuples()
    )
    payment_of = {str(attempt): str(payment) for attempt, payment in rows}
    attempts = Attempt.select().where(bulk.one_of(Attempt.id, sorted(payment_of)))
    return {payment_of[name]: sent for name, sent in sent_by(list(attempts), told).items()}


def demanded(payment: Payment, sent: Sent) -> Mapping[str, int]:
    """What the postings of a payment that `sent` settled must sum to, the network's fee left out:
    units by account."""
    sums: Sums = defaultdict(int)
    if payment.kind == "transfer":
        if payment.state == "credited":
            left, arrived = _moved(payment, sent)
            sums[str(target_account(payment))] += arrived
            sums[source_account(payment)] -= left
            sums[LOSS] += left - arrived
        return sums
    units, fee = int(payment.units or 0), int(payment.fee_units or 0)
    is_debited = payment.refund_of is None
    if is_debited:
        sums[client_account(str(payment.client))] += units + fee
        sums[IN_TRANSIT] -= units + fee
    if payment.state == "credited":
        left, _ = _moved(payment, sent)
        sums[IN_TRANSIT] += units + fee
        sums[source_account(payment)] -= left
        sums[LOSS] += left - units
        sums[FEES_SERVICE] -= fee
    elif payment.state == "failed" and is_debited:
        kept = min(fee, sent.fee) if payment.currency == payment.chain else 0
        sums[IN_TRANSIT] += units + fee
        sums[client_account(str(payment.client))] -= units + fee - kept
        sums[FEES_SERVICE] -= kept
    return sums


def _moved(payment: Payment, sent: Sent) -> tuple[int, int]:
    """What left and what arrived when it was booked; in another block it may have failed since,
    which is not booked before that block is final."""
    if payment.unsettled and sent.in_block:
        return int(payment.units or 0), int(payment.units or 0)
    return sent.left, sent.arrived
