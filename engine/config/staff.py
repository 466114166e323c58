"""[[staff]]: the people who act, and the OpenSSH keys by which the engine knows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from pydantic import Field, PlainValidator, WithJsonSchema, model_validator

from engine.config.reading import Wrong
from engine.config.table import Table
from engine.config.values import Moment, Name

_KEY_TYPES = (
    "ssh-ed25519",
    "sk-ssh-ed25519@openssh.com",
    "ecdsa-sha2-nistp256",
    "sk-ecdsa-sha2-nistp256@openssh.com",
)


def _ssh_key(value: Any) -> str:
    """An OpenSSH public key without its comment: type and body, the form that keys compare by."""
    words = value.split() if isinstance(value, str) else []
    if len(words) < 2 or words[0] not in _KEY_TYPES:
        raise Wrong("must be an OpenSSH public key", 'the line of a .pub file: "ssh-ed25519 AAAA…"')
    plain = f"{words[0]} {words[1]}"
    try:
        load_ssh_public_key(plain.encode())
    except (ValueError, UnsupportedAlgorithm):
        cure = "copy the whole line of the .pub file"
        raise Wrong("is a broken OpenSSH public key", cure) from None
    return plain


SshKey = Annotated[
    str, PlainValidator(_ssh_key), WithJsonSchema({"type": "string", "examples": ["ssh-ed25519 …"]})
]


class Staff(Table):
    """One key of one person. A person may have several, one after the other, under one role."""

    name: Name = Field(description="The person; counts of signatures count persons.")
    role: Literal["support", "payments", "approver", "auditor"] = Field(
        description="support (view), payments (act), approver (sign), auditor (read and export)."
    )
    key: SshKey = Field(description="OpenSSH public key that signs this person's acts.")
    from_: Moment | None = Field(
        default=None, alias="from", description="The key counts from this moment (UTC)."
    )
    until: Moment | None = Field(
        default=None, description="... and until before this one; old signatures stay good."
    )

    @model_validator(mode="after")
    def _forward_in_time(self) -> Staff:
        if self.from_ and self.until and self.from_ >= self.until:
            raise Wrong("until is not after from", "swap or correct the dates")
        return self

    def current(self, now: datetime) -> bool:
        """Whether the key may sign at `now`."""
        return (self.from_ is None or self.from_ <= now) and (
            self.until is None or now < self.until
        )


def staff_conflicts(staff: Mapping[int, Staff]) -> list[tuple[int, Wrong]]:
    """What is wrong with the rows, given by their index, as a whole: (index, problem)."""
    found = []
    owners: dict[str, Staff] = {}
    roles: dict[str, str] = {}
    for index, person in staff.items():
        first = owners.setdefault(person.key, person)
        if first is not person:
            found.append((index, Wrong(f"has the same key as {first.name}", "one key, one person")))
        role = roles.setdefault(person.name, person.role)
        if role != person.role:
            found.append((index, Wrong(f"{person.name} is {role} already", "one person, one role")))
    return found
