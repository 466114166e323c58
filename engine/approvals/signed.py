"""A form and the proof that a person of the staff signed it: by a key that is in force now."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.approvals import form as forms
from engine.approvals.acceptance import standing
from engine.approvals.form import Form
from engine.approvals.openssh import namespace, verifies
from engine.approvals.rights import check_right, keys_in_force
from engine.audit.seals import installation_id
from engine.config import Config
from engine.errors import ActRefused


@dataclass(frozen=True, slots=True)
class Signed:
    """A form whose signature was verified now, and the role of the person who signed."""

    form: Form
    signature: str
    role: str

    @property
    def staff(self) -> str:
        return str(self.form["staff"])

    def as_evidence(self) -> dict[str, str]:
        """How a history row names it."""
        return {
            "staff": self.staff,
            "role": self.role,
            "at": self.form["at"],
            "nonce": self.form["nonce"],
            "signature": forms.signature_hash(self.signature),
        }


def keys_that_count(config: Config, name: str, now: datetime) -> list[str]:
    """The public keys by which `name` may sign at `now`: in force and, on main networks, accepted.
    Raises ActRefused with what is missing."""
    keys = keys_in_force(standing(config).staff, name, now)
    if keys:
        return keys
    if keys_in_force(config.staff, name, now):
        raise ActRefused(f"the key of {name} waits for two approvers: cashier keys accept {name}")
    raise ActRefused(f"no key of {name} is in force now")


def verified(config: Config, form: Form, signature: str, now: datetime) -> Signed | None:
    """The signed form, or None when no key of its person that is in force now made the signature.
    Raises ActRefused for a role that may not do this."""
    name = str(form["staff"])
    role = check_right(config.staff, name, str(form["act"]))
    keys = keys_that_count(config, name, now)
    space = namespace(installation_id())
    if verifies(forms.signed_bytes(form), signature, name=name, keys=keys, space=space):
        return Signed(form, signature, role)
    return None
