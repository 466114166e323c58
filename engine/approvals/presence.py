"""Who sits at a console: proved by signing a challenge, which is worth nothing as an act."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from engine.approvals.openssh import sign, sign_with_agent, verifies
from engine.approvals.rights import keys_in_force
from engine.audit.seals import installation_id
from engine.config import Config, Staff
from engine.errors import ActRefused, SigningFailed

CHALLENGE_BYTES = 32


def role_of(staff: Sequence[Staff], name: str) -> str:
    """The role of a person. Raises ActRefused for one whom cashier.toml does not name."""
    roles = sorted({person.role for person in staff if person.name == name})
    if not roles:
        raise ActRefused(f"cashier.toml names no staff {name}")
    return str(roles[0])


def prove(config: Config, name: str, *, key: Path | None, now: datetime) -> str:
    """The role of `name`, after a key of theirs that is in force signed a challenge: the key file,
    else their agent's. Raises ActRefused, SigningFailed."""
    role = role_of(config.staff, name)
    keys = keys_in_force(config.staff, name, now)
    if not keys:
        raise SigningFailed(f"no key of {name} in cashier.toml is in force now")
    challenge, space = secrets.token_bytes(CHALLENGE_BYTES), f"cashier-console@{installation_id()}"
    if key is not None:
        signature = sign(challenge, key=key, space=space)
    else:
        signature = sign_with_agent(challenge, keys=keys, space=space)
    if not verifies(challenge, signature, name=name, keys=keys, space=space):
        raise SigningFailed(f"the key is not one of {name} that is in force now")
    return role
