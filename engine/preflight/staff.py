"""Checks of what staff need: OpenSSH to verify by, and a key in force for each person."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime

from engine.approvals.acceptance import STAFF_KEY, standing
from engine.approvals.openssh import PROGRAM
from engine.config import Config
from engine.preflight.finding import Finding


def check_acceptance(config: Config) -> Iterator[Finding]:
    """What of cashier.toml does not count yet. Needs the open database."""
    for item in standing(config).waiting:
        yield Finding(
            check="acceptance",
            ok=False,
            what=f"{item.says} waits for two approvers and does not count",
            cure=f"cashier keys accept {item.name}",
            key="staff" if item.kind == STAFF_KEY else f"currency.{item.name}.cold.address",
        )


def check_staff(config: Config, *, now: datetime) -> Iterator[Finding]:
    """Nothing without `[[staff]]`. Keys that have ended are no fault: rotation leaves them."""
    if not config.staff:
        return
    where = shutil.which(PROGRAM)
    what = f"{PROGRAM} verifies signatures" if where else f"{PROGRAM} was not found"
    cure = "" if where else "install OpenSSH's client"
    yield Finding(check="staff signatures", ok=where is not None, what=what, cure=cure)
    names = {person.name for person in config.staff}
    current = {person.name for person in config.staff if person.current(now)}
    idle = ", ".join(sorted(names - current))
    yield Finding(
        check="staff keys",
        ok=bool(current),
        what=f"{len(current)} of {len(names)} can sign" + (f", not: {idle}" if idle else ""),
        cure="" if current else "give a [[staff]] row a key that is in force",
        key="" if current else "staff",
    )
