"""What the parts of one reading of cashier.toml share, and how a value says that it is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

from pydantic import ValidationInfo

Role = Literal["engine", "web", "console", "check"]
ROLES: tuple[Role, ...] = get_args(Role)


class Wrong(ValueError):
    """A value that cannot be used: what is wrong with it, and what to write instead."""

    def __init__(self, what: str, cure: str = "") -> None:
        super().__init__(what)
        # What stands in the file may come back in the message, but never drive a terminal.
        self.what = "".join(letter if letter.isprintable() else "?" for letter in what)
        self.cure = cure


@dataclass(slots=True)
class Reading:
    """One reading of the file: by whom, from where, and what was found out before validation.

    `decimals` are those of each currency that can be told; `current` those of the table that is
    being read, None where there is no one currency, and `ground` those of the coin in which its
    network is paid, None where that is the same. `names` collects the environment variables
    that each role needs, whichever role reads now.
    """

    role: Role
    folder: Path
    environ: Mapping[str, str]
    sandbox: bool
    decimals: Mapping[str, int] = field(default_factory=dict)
    current: int | None = None
    ground: int | None = None
    names: dict[Role, set[str]] = field(default_factory=lambda: {role: set() for role in ROLES})


def reading_of(info: ValidationInfo) -> Reading:
    """The reading that a validator works for. Models are never validated without one."""
    context = info.context
    if not isinstance(context, Reading):
        raise TypeError("a table of cashier.toml is only read through load_config")
    return context
