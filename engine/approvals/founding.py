"""The configuration on which acceptance rests: the first recorded one of a main network with two
approvers. Before it, everything counts: somebody must be the first."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from db.models import History
from engine.audit.seals import installation_id
from engine.clock import rfc3339
from engine.config import Config, Staff
from engine.errors import AuditError
from engine.history import row_hash, row_of

log = logging.getLogger(__name__)

PERSONS = 2
_MAIN = "main"


def is_guarded(config: Config) -> bool:
    """Whether a coin of this configuration is worth something."""
    return any(currency.main for currency in config.currencies.values())


def founding_rows(config: Config) -> list[History]:
    """The rows of the history on which acceptance rests, up to the founding one."""
    return _configured()[: _founding_at() + 1] if is_guarded(config) else []


def founding() -> Mapping[str, Any] | None:
    """The first recorded configuration of a main network with two approvers; None while there is
    none. A record that does not verify leaves nobody: better nothing is signed than anything."""
    at = _founding_at()
    if at < 0:
        return None
    rows = _configured()[: at + 1]
    if not _is_linked(rows):
        log.error("the record of the first configuration was changed: no key counts")
        return {}
    return _evidence(rows[-1])


def _founding_at() -> int:
    for at, row in enumerate(_configured()):
        if _founds(_evidence(row)):
            return at
    return -1


def _founds(told: Mapping[str, Any]) -> bool:
    networks = (each["rules"]["network"] for each in told.get("currencies", {}).values())
    approvers = {row["name"] for row in told.get("staff", ()) if row["role"] == "approver"}
    return _MAIN in networks and len(approvers) >= PERSONS


def _configured() -> list[History]:
    try:
        identity = installation_id()
    except AuditError:
        return []
    wanted = (History.payment == identity) & (History.event == "configured")
    return list(History.select().where(wanted).order_by(History.seq))


def _is_linked(rows: Iterable[History]) -> bool:
    prev = installation_id()
    for row in rows:
        try:
            if row.prev != prev or row_hash(row_of(row)) != row.hash:
                return False
        except ValueError:
            return False
        prev = row.hash
    return True


def _evidence(row: History) -> dict[str, Any]:
    """What a row tells; nothing when it cannot be read, which its hash shows, too."""
    try:
        return dict(row_of(row)["evidence"])
    except ValueError:
        return {}


def staff_record(row: Staff) -> dict[str, Any]:
    """A row of staff as the recorded configuration has it."""
    return {
        "name": row.name,
        "role": row.role,
        "key": row.key,
        "from": None if row.from_ is None else rfc3339(row.from_),
        "until": None if row.until is None else rfc3339(row.until),
    }
