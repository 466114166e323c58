"""Signatures and notes, as read-only rows for commands and console."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from db.models import Approval, History, Payment
from engine import chronicle
from engine.approvals import form as forms
from engine.chronicle import Remark, Subject
from engine.errors import ActRefused


@dataclass(frozen=True, slots=True)
class ApprovalView:
    """A staff signature. `state`: `used` (its act was carried out), `waiting` for another person's,
    or `void` because the payment moved since."""

    act: str
    staff: str
    at: str
    account: str | None
    reason: str | None
    state: str
    nonce: str
    signature: str

    def as_json(self) -> dict[str, Any]:
        return {
            "act": self.act,
            "staff": self.staff,
            "at": self.at,
            "account": self.account,
            "reason": self.reason,
            "state": self.state,
            "nonce": self.nonce,
            "signature": self.signature,
        }


@dataclass(frozen=True, slots=True)
class Note:
    """What staff wrote beside a payment. `at` is RFC 3339 UTC."""

    at: str
    staff: str
    text: str

    def as_json(self) -> dict[str, str]:
        return {"at": self.at, "staff": self.staff, "text": self.text}


def approvals_of(payment_id: str) -> tuple[ApprovalView, ...]:
    """Every signature on a payment, oldest first; notes are signed, too, and stand apart."""
    rows = Approval.select().where((Approval.subject == payment_id) & (Approval.act != "note"))
    payment = Payment.get_or_none(Payment.id == payment_id)
    used = _used(payment_id)
    views = []
    for row in rows.order_by(Approval.arrived_at):
        try:
            form = forms.parse(row.body)
        except ActRefused:
            form = {}  # altered by hand: shown, and counts for nothing
        state = "void"
        if row.nonce in used:
            state = "used"
        elif payment is not None and row.history_hash == payment.last_hash:
            state = "waiting"
        views.append(_view(row, form, state))
    return tuple(views)


def notes_of(payment_id: str) -> tuple[Note, ...]:
    """What staff wrote beside a payment, oldest first."""
    return tuple(
        Note(each.at, each.actor.removeprefix("staff:"), each.reason)
        for each in _beside(payment_id)
        if each.event == "note"
    )


def _view(row: Approval, form: dict[str, Any], state: str) -> ApprovalView:
    return ApprovalView(
        act=row.act,
        staff=row.staff,
        at=form.get("at", row.arrived_at),
        account=form.get("account"),
        reason=form.get("reason"),
        state=state,
        nonce=row.nonce,
        signature=forms.signature_hash(row.signature),
    )


def _used(payment_id: str) -> set[str]:
    """The nonces that the payment's moves name."""
    rows = History.select(History.evidence).where(
        (History.payment == payment_id) & History.actor.startswith("staff:")
    )
    evidence: Sequence[dict[str, Any]] = [json.loads(row.evidence) for row in rows]
    return {each["nonce"] for found in evidence for each in found.get("approvals", [])}


def _beside(payment_id: str) -> tuple[Remark, ...]:
    return chronicle.remarks(Subject("staff", payment_id))
