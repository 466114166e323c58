"""This installation: its id, and the record of the configuration in force as chained rows.

A change of limits or staff leaves a row in the histories (kind `installation`), so that the `rule`
of any decision can be looked up and a quiet change is found.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Any

from db.connection import database
from db.models import History, Installation
from engine.approvals.founding import staff_record
from engine.audit.seals import INSTALLATION_ID, installation_id
from engine.clock import rfc3339
from engine.config import Config
from engine.history import canonical
from engine.lifecycle.batch import write_row


def ensure_id() -> str:
    """The id of this installation, 32 hex digits; made at first use."""
    Installation.insert(
        key=INSTALLATION_ID, value=secrets.token_hex(16)
    ).on_conflict_ignore().execute()
    return installation_id()


def note_configuration(config: Config, now: datetime) -> bool:
    """Record the rules and staff in force if they differ from the last record; returns whether a
    row was written."""
    force = _in_force(config)
    with database.atomic():
        identity = ensure_id()
        _wait_for_others()
        last = (
            History.select()
            .where((History.payment == identity) & (History.event == "configured"))
            .order_by(History.seq.desc())
            .first()
        )
        if last is not None and last.evidence == canonical(force).decode():
            return False
        write_row(
            {
                "payment": identity,
                "kind": "installation",
                "client": None,
                "currency": "",
                "units": None,
                "amount": None,
                "event": "configured",
                "from": None if last is None else "configured",
                "to": "configured",
                "at": rfc3339(now),
                "actor": "engine",
                "reason": "",
                "rule": "",
                "evidence": force,
                "prev": identity if last is None else last.hash,
            }
        )
    return True


def _wait_for_others() -> None:
    """Hold the installation's row until the commit: of two engines that start together, the second
    sees what the first recorded."""
    Installation.update(value=Installation.value).where(
        Installation.key == INSTALLATION_ID
    ).execute()


def _in_force(config: Config) -> dict[str, Any]:
    return {
        "currencies": {
            symbol: {"rule": currency.rule_version, "rules": currency.rules()}
            for symbol, currency in sorted(config.currencies.items())
        },
        "staff": [staff_record(person) for person in config.staff],
    }
