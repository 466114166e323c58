"""Deposits that nothing but a balance showed: no node can be asked for them again, so that what two
persons signed bears what their client withdraws."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any

from db.models import Payment
from engine.approvals.refunds import PERSONS
from engine.approvals.rights import are_enough
from engine.approvals.spending import carried_out_forms
from engine.config import Config
from engine.history import canonical, row_of
from engine.holdings import is_by_balance
from engine.ledger import client_account
from engine.sender.proof import verified_rows

ACTS = {"release": "approve", "book": "book"}  # by the move that they make


def released_units(config: Config, payments: Iterable[Payment]) -> int:
    """Units of such deposits among these payments of a client that two persons gave this client,
    and that still are the client's."""
    return sum(
        int(row.units)
        for row in payments
        if _is_the_clients(row) and _given(config, row) == row.units
    )


def _is_the_clients(payment: Payment) -> bool:
    return (
        is_by_balance(payment)
        and payment.kind == "deposit"
        and payment.state == "credited"
        and not payment.unsettled
    )


def _given(config: Config, payment: Payment) -> int:
    """Units that its verified history gave its client by signatures; 0 where any other move of it
    changed what the client has."""
    records = verified_rows(payment.id) or []
    rows = [row_of(record) for record in records]
    if not rows or records[-1].hash != payment.last_hash:
        return 0
    key = client_account(str(payment.client)), str(payment.currency)
    moves = [(row, units) for row in rows if (units := _raised(row, key))]
    if len(moves) != 1 or moves[0][0]["event"] not in ACTS:
        return 0
    ((row, units),) = moves
    return units if _is_signed(config, row) else 0


def _raised(row: dict[str, Any], key: tuple[str, str]) -> int:
    lines = row["evidence"].get("entry", ())
    return -sum(int(units) for name, of, units in lines if (name, of) == key)


def _is_signed(config: Config, row: dict[str, Any]) -> bool:
    """Whether enough different persons signed just this entry on the payment as it was."""
    act, subject = ACTS[str(row["event"])], str(row["payment"])
    forms = carried_out_forms(config, act=act, subject=subject, history_hash=str(row["prev"]))
    entry = canonical(row["evidence"]["entry"])
    wanted = subject, hashlib.sha256(entry).hexdigest()
    names = {
        name
        for name, form in forms.items()
        if (form.get("payment"), form.get("entry_hash")) == wanted
    }
    return are_enough(config.staff, names, PERSONS)
