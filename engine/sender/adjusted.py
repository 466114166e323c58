"""What adjustments gave a client, or took: the signatures count, not the rows that tell of them."""

from __future__ import annotations

from datetime import datetime

from engine.approvals.funds import adjustments_of
from engine.approvals.refunds import PERSONS
from engine.approvals.spending import signed_forms
from engine.config import Config
from engine.history import row_of
from engine.ledger import client_account
from engine.sender.proof import verified_rows


def adjusted_units(config: Config, client: str, currency: str, *, now: datetime) -> tuple[int, int]:
    """Units that adjustments signed by two persons gave this client, and those that any took; what
    not enough people signed gave nothing."""
    gave = took = 0
    account = client_account(client)
    for record in verified_rows(adjustments_of(client).id) or ():
        row = row_of(record)
        lines = row["evidence"].get("entry", ())
        change = -sum(int(u) for name, of, u in lines if (name, of) == (account, currency))
        if change < 0:
            took -= change
        elif change > 0 and _signers(config, row, change, client, currency, now) >= PERSONS:
            gave += change
    return gave, took


def _signers(
    config: Config,
    row: dict[str, object],
    change: int,
    client: str,
    currency: str,
    now: datetime,
) -> int:
    """How many different persons signed just this adjustment."""
    subject, prev = str(row["payment"]), str(row["prev"])
    forms = signed_forms(config, act="adjust", subject=subject, history_hash=prev, now=now)
    wanted = (client, currency, str(change))
    return sum(
        tuple(form.get(name) for name in ("client", "currency", "units")) == wanted
        for form in forms.values()
    )
