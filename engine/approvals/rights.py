"""Which role may do which act: the one table of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from engine.config import Staff
from engine.errors import ActRefused

# Support and auditors look; who works at payments acts; releasing money takes an approver.
RIGHTS: dict[str, tuple[str, ...]] = {
    "approve": ("approver",),
    "refuse": ("payments", "approver"),
    "book": ("payments", "approver"),
    "refund": ("payments", "approver"),
    "move": ("payments", "approver"),
    "adjust": ("payments", "approver"),
    "cure": ("payments", "approver"),
    "pause": ("payments", "approver"),
    "resume": ("payments", "approver"),
    "block": ("payments", "approver"),
    "unblock": ("payments", "approver"),
    "accept": ("approver",),
    "note": ("payments", "approver"),
}


def check_right(staff: Sequence[Staff], name: str, act: str) -> str:
    """The role by which `name` may do `act`. Raises ActRefused for a person whom cashier.toml does
    not name, or whose role may not."""
    roles = sorted({person.role for person in staff if person.name == name})
    if not roles:
        raise ActRefused(f"cashier.toml names no staff {name}")
    allowed = RIGHTS.get(act, ())
    if roles[0] not in allowed:
        who = " or ".join(allowed) or "nobody"
        raise ActRefused(f"{name} is {roles[0]}: to {act} is for {who}")
    return str(roles[0])


def are_enough(staff: Sequence[Staff], names: Collection[str], persons: int) -> bool:
    """Whether the signatures of these different people are enough where `persons` must sign: where
    more than one must, one of them at least is an approver."""
    if len(set(names)) < persons:
        return False
    return persons < 2 or any(each.role == "approver" and each.name in names for each in staff)


def keys_in_force(staff: Sequence[Staff], name: str, now: datetime) -> list[str]:
    """The public keys by which `name` may sign at `now`."""
    return [person.key for person in staff if person.name == name and person.current(now)]
