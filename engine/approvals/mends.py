"""Putting right a single coin of the books: its row, its payment and the entry as the node has it.
What the rows said before stays in the history."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from db.attempts import Outflow
from db.findings import Break
from db.models import Client, Coin, Payment
from engine.approvals.curing import (
    STALE,
    Cure,
    chronicled,
    close,
    evidence_of,
    reason_of,
)
from engine.approvals.plan import Doing
from engine.clock import rfc3339
from engine.config import Currency
from engine.deposits.watch import POSTED
from engine.errors import ActRefused
from engine.ledger import NewEntry
from engine.lifecycle import Batch
from engine.reconciliation.kinds import MEND
from engine.reconciliation.lines import OUTFLOW, Line, lines_without_coin, read_lines
from engine.reconciliation.mending import entry_of, own_coins
from engine.reconciliation.postings import posted_for
from engine.reconciliation.spends import cures_in
from engine.sender.proof import verified_rows

NEVER_WAS = "its coin is not in the chain: two persons looked it up"


def mend(currency: Currency, row: Break) -> Cure:
    """Cure a coin that the node does not show, or shows with another amount. Raises ActRefused when
    the books have changed since."""
    told = json.loads(row.evidence)
    units = None if told[MEND]["units"] is None else int(told[MEND]["units"])
    line = _line(currency, (str(told["txid"]), str(told["index"])))
    if line.units != int(told["books"]["units"]) or line.hash != told["books"]["hash"]:
        raise ActRefused(STALE)
    if line.is_deposit and (units is not None or line.state != "refunded"):
        payment: Payment = Payment.get_by_id(line.payment)
        require_history(payment)
        entry = entry_of(currency.symbol, line, units, posted=posted_for(payment.id))
        move = partial(_of_deposit, currency, line, payment, units, entry)
        return Cure(payment.id, payment.last_hash, entry, move)
    own = own_coins(currency.symbol, [line.coin]).get(line.coin, 0)
    return chronicled(
        cures_in(currency.symbol),
        entry_of(currency.symbol, line, units, own_units=own),
        partial(_write_coin, currency, line, units),
        evidence={"coin_was": _was(line)},
    )


def _line(currency: Currency, coin: tuple[str, str]) -> Line:
    found = read_lines(currency.chain, currency.symbol, of=coin)
    found = found or lines_without_coin(currency.chain, currency.symbol, of=coin)
    if len(found) != 1:
        raise ActRefused(STALE)
    return found[0]


def require_history(payment: Payment) -> None:
    """Raises ActRefused unless a payment is whose, and stands where, its own verified history says.
    Its amount may lie: that is what is cured."""
    rows = verified_rows(payment.id)
    last = rows[-1] if rows else None
    said = None if last is None else (last.hash, last.to_state, last.client, last.currency)
    if said != (payment.last_hash, payment.state, payment.client, payment.currency):
        raise ActRefused(
            "the payment is not what its history says: it was changed; run cashier verify"
            " --database"
        )


def _of_deposit(
    currency: Currency,
    line: Line,
    payment: Payment,
    units: int | None,
    entry: NewEntry | None,
    doing: Doing,
    row: Break,
) -> None:
    evidence = {**evidence_of(doing, row), "coin_was": _was(line)}
    evidence |= {"txid": line.txid, "index": line.index, "address": line.address}
    with Batch(doing.config, actor=doing.actor, now=doing.now, guard=doing.guard) as batch:
        move = partial(batch.move, payment, reason=reason_of(doing, row), evidence=evidence)
        if units is not None:
            move("mend", entry=entry, units=units)
        else:
            _take_back(batch, move, payment, entry, doing)
        batch.also(partial(_write_coin, currency, line, units))
        batch.also(partial(close, doing, row))
        batch.also(doing.also)


def _take_back(
    batch: Batch,
    move: Callable[..., None],
    payment: Payment,
    entry: NewEntry | None,
    doing: Doing,
) -> None:
    """As if its coin had been proved gone; it revives if it is mined after all."""
    nowhere: dict[str, Any] = {"block_hash": None, "block_height": None}
    changes = {**nowhere, "unsettled": False, "final": False, "sub_state": ""}
    if payment.state in POSTED:
        owed = payment.state == "credited" and payment.client is not None
        move("reverse", entry=entry, **changes)
        if owed:
            batch.also(partial(_block, str(payment.client), payment.id, doing))
        return
    move("unconfirm", entry=entry, **changes)
    batch.move(payment, "vanish", reason=NEVER_WAS, evidence=doing.evidence)


def _block(client: str, payment: str, doing: Doing) -> None:
    """Nothing of a client's goes out who may owe us, until staff decided."""
    reason = f"deposit {payment} was reversed"
    Client.update(blocked=True, blocked_reason=reason, blocked_at=rfc3339(doing.now)).where(
        (Client.id == client) & (Client.blocked == 0)
    ).execute()


def _write_coin(currency: Currency, line: Line, units: int | None) -> None:
    if line.kind == OUTFLOW:
        Outflow.update(units=units).where(
            (Outflow.chain == currency.chain)
            & (Outflow.txid == line.txid)
            & (Outflow.idx == line.index)
            & (Outflow.currency == currency.symbol)
        ).execute()
        return
    changes = {"height": None, "hash": None} if units is None else {"units": units}
    Coin.update(**changes).where(
        (Coin.chain == currency.chain)
        & (Coin.txid == line.txid)
        & (Coin.idx == line.index)
        & (Coin.currency == currency.symbol)
    ).execute()


def _was(line: Line) -> dict[str, Any]:
    """The trace of what the rows said."""
    return {
        "account": line.account,
        "units": str(line.units),
        "coin_units": None if line.coin_units is None else str(line.coin_units),
        "height": line.height,
        "hash": line.hash,
        "payment": line.payment,
        "state": line.state or None,
    }
