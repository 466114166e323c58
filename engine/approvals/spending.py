"""Signatures at the moment of spending: a row that says "approved" pays nobody.

Each is verified anew by the keys in force now, so that removing a person's key voids what it
approved and was not paid yet.
"""

from __future__ import annotations

import logging
from datetime import datetime

from db.models import Approval
from engine.approvals import form as forms
from engine.approvals.form import Form
from engine.approvals.signed import verified
from engine.config import Config
from engine.errors import ActRefused

log = logging.getLogger(__name__)


def signed_forms(
    config: Config, *, act: str, subject: str, history_hash: str, now: datetime
) -> dict[str, Form]:
    """What different persons signed for `act` on `subject` as it was at `history_hash`, by
    person; what does not verify is left out."""
    rows = Approval.select().where(
        (Approval.act == act)
        & (Approval.subject == subject)
        & (Approval.history_hash == history_hash)
    )
    found: dict[str, Form] = {}
    for row in rows.order_by(Approval.arrived_at):
        try:
            form = forms.parse(row.body)
            same = (form["act"], form["history_hash"]) == (act, history_hash)
            signed = verified(config, form, row.signature, now) if same else None
        except ActRefused as error:
            log.warning("approval %s does not count: %s", row.nonce, error)
            continue
        if signed is not None:
            found.setdefault(signed.staff, form)
    return found
