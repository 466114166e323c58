"""The signatures of staff that a withdrawal needs, verified again at the moment of signing.

Whether it needs any follows from the rules in force and the node's money, never from a row alone:
a row that lost its hold, or gained a release, pays nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from db.models import History, Payment
from engine.approvals.spending import signed_forms
from engine.config import Config
from engine.sender.asked import Asked
from engine.sender.proof import verified_rows
from engine.sender.refund_proof import refund_flaw
from engine.withdrawals.decide import Verdict, recheck

UNSIGNED = "its release is not signed by enough persons whose keys are in force"
NOT_ALLOWED = "the rules in force do not allow it"
SIGNED_FIELDS = ("payment", "client", "currency", "units", "fee_units", "address")


Rows = Callable[[str], list[History] | None]


def paper_flaw(
    config: Config, node: Asked, payment: Payment, *, now: datetime, rows: Rows = verified_rows
) -> str | None:
    """Why this payment must not be signed for want of signatures; None when it has what it needs.
    `rows` reads and verifies a payment's history. Raises NodeDown."""
    if payment.refund_of is not None:
        return refund_flaw(config, node, payment, now=now)
    if payment.kind != "withdrawal":
        return None
    verdict = recheck(config.currencies[payment.currency], payment)
    if verdict.event == "refuse":
        return NOT_ALLOWED
    releases = [row for row in rows(payment.id) or () if row.event == "release"]
    needed = _needed(payment, verdict, released=bool(releases))
    if needed and len(_signers(config, payment, releases, now=now)) < needed:
        return UNSIGNED
    return None


def _needed(payment: Payment, verdict: Verdict, *, released: bool) -> int:
    """Persons who must have signed: what the rules want now, and no release without anybody."""
    wanted = verdict.approvals if verdict.event == "hold" else 0
    if released:
        wanted = max(wanted, 1, int(payment.approvals_required or 1))
    return wanted


def _signers(
    config: Config, payment: Payment, releases: list[History], *, now: datetime
) -> set[str]:
    """Persons whose signature on the last release stands, over just this payment as it is."""
    if not releases:
        return set()
    forms = signed_forms(
        config, act="approve", subject=payment.id, history_hash=releases[-1].prev, now=now
    )
    is_now = (
        payment.id,
        payment.client,
        payment.currency,
        str(payment.units),
        None if payment.fee_units is None else str(payment.fee_units),
        payment.address,
    )
    return {
        name
        for name, form in forms.items()
        if tuple(form.get(field) for field in SIGNED_FIELDS) == is_now
    }
