"""What one check found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from engine.errors import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """`what` was found; where that is not `ok`, `cure` says what to do about it. `key` is the
    place in cashier.toml that it is about. Texts may hold a node's words: print them escaped."""

    check: str
    ok: bool
    what: str
    cure: str = ""
    currency: str | None = None
    key: str = ""

    @property
    def name(self) -> str:
        """The check with its currency, such as `LTC node`."""
        return self.check if self.currency is None else f"{self.currency} {self.check}"

    @property
    def problem(self) -> Problem:
        """The same as everything else that is wrong with a configuration is said."""
        return Problem(self.key or self.name, self.what, self.cure)

    def as_json(self) -> dict[str, Any]:
        return {
            "check": self.check,
            "currency": self.currency,
            "ok": self.ok,
            "what": self.what,
            "cure": self.cure or None,
        }
