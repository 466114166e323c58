"""Signatures at the moment of spending: a row that says "approved" pays nobody.

Each is verified anew by the keys in force now, so that removing a person's key voids what it
approved and was not paid yet. What was carried out long ago, and bears what is paid now, stays good
when its keys end: only a row that is gone from cashier.toml voids that.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from db.models import Approval
from engine.approvals import form as forms
from engine.approvals.form import Form
from engine.approvals.signed import verified
from engine.clock import parse_rfc3339
from engine.config import Config
from engine.errors import ActRefused

log = logging.getLogger(__name__)


def signed_forms(
    config: Config, *, act: str, subject: str, history_hash: str, now: datetime
) -> dict[str, Form]:
    """What different persons signed for `act` on `subject` as it was at `history_hash`, by
    person; what does not verify by a key that is in force at `now` is left out."""
    return _verified(config, (act, subject, history_hash), lambda _: now)


def carried_out_forms(
    config: Config, *, act: str, subject: str, history_hash: str
) -> dict[str, Form]:
    """The same of an act that was carried out: a key that ended since, and whose row stays, still
    vouches for what it signed before."""
    return _verified(config, (act, subject, history_hash), _signed_at)


def _signed_at(form: Form) -> datetime:
    try:
        return parse_rfc3339(form["at"])
    except (ValueError, OverflowError):
        raise ActRefused("at is not a time") from None


def _verified(
    config: Config, wanted: tuple[str, str, str], moment: Callable[[Form], datetime]
) -> dict[str, Form]:
    """`wanted`: act, subject and the hash that it continues; `moment`: at which a key must have
    been in force."""
    act, subject, history_hash = wanted
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
            signed = verified(config, form, row.signature, moment(form)) if same else None
        except ActRefused as error:
            log.warning("approval %s does not count: %s", row.nonce, error)
            continue
        if signed is not None:
            found.setdefault(signed.staff, form)
    return found
