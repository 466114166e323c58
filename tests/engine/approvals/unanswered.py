"""A send of which no node tells what became of it, as a comparison leaves it for persons."""

from __future__ import annotations

import json
import secrets
from datetime import datetime

from db.findings import Break
from db.models import Payment
from engine.approvals.form import NOT_PAID, OUTCOMES, PAID
from engine.clock import rfc3339
from engine.config import Config
from engine.lifecycle import Batch
from engine.reconciliation.kinds import JUDGE
from engine.sender.by_nonce.settle import UNCLEAR
from tests.engine.house import add_client

COIN = 10**8
ENTRIES = {
    PAID: [["in_transit", "LTC", str(COIN)], ["wallet:hot", "LTC", str(-COIN)]],
    NOT_PAID: [["in_transit", "LTC", str(COIN)], ["client:CR1", "LTC", str(-COIN)]],
}


def unanswered(
    config: Config, now: datetime, *, actor: str = "client:CR1", outcomes: object = None
) -> tuple[Payment, str]:
    """A client's withdrawal, and the id of the break about it."""
    if actor.startswith("client:"):
        add_client("CR1")
    with Batch(config, actor=actor, now=now) as batch:
        payment = batch.open(
            kind="withdrawal",
            client="CR1",
            currency="LTC",
            chain="LTC",
            units=COIN,
            fee_units=0,
            address="rltc1qsomebody",
            required=3,
            evidence={"address": "rltc1qsomebody", "fee_units": "0"},
        )
    with Batch(config, actor="engine", now=now) as batch:
        batch.move(payment, "send", evidence={}, reason=UNCLEAR)
    evidence = {
        "because": UNCLEAR,
        "payment": payment.id,
        "state": payment.state,
        OUTCOMES: ENTRIES if outcomes is None else outcomes,
    }
    found = secrets.token_hex(16)
    Break.create(
        id=found,
        chain="LTC",
        currency="LTC",
        kind="uncertain_send",
        subject=secrets.token_hex(16),
        units=-COIN,
        evidence=json.dumps(evidence),
        owner="staff",
        cure=JUDGE,
        entry=None,
        state="open",
        first_seen=rfc3339(now),
        last_seen=rfc3339(now),
        closed_at=None,
        closed_by="",
    )
    return payment, found
