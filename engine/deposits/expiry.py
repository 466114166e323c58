"""Requests that nobody paid in time. Their address stays the client's, and stays watched."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from db import bulk
from db.models import Payment
from engine.clock import rfc3339
from engine.deposits.rules import UNPAID
from engine.lifecycle import Batch

PER_ROUND = 100


def expire_requests(chain: str, new_batch: Callable[[], Batch], *, now: datetime) -> int:
    """Expire what is due, a bounded number; returns how many."""
    due = bulk.read_rows(
        Payment.select()
        .where(
            (Payment.chain == chain)
            & (Payment.kind == "deposit")
            & (Payment.state == "requested")
            & (Payment.final == 0)
            & (Payment.expires_at <= rfc3339(now))
        )
        .limit(PER_ROUND)
    )
    if due:
        with new_batch() as batch:
            for payment in due:
                batch.move(
                    payment,
                    "expire",
                    evidence={"expires_at": payment.expires_at, "address": payment.address},
                    reason=UNPAID,
                    final=True,
                )
    return len(due)
