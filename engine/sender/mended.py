"""What two persons put right in a payment's own history: read apart, because only signatures make
it true."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from db.models import History
from engine.history import canonical
from engine.ledger import client_account


@dataclass(frozen=True, slots=True)
class Mend:
    """A row of a payment's verified history that says it was put right: `prev` is the hash that
    the signatures name, `lines` the entry as it stands there."""

    payment: str
    prev: str
    lines: tuple[tuple[str, str, str], ...]

    def given(self, client: str, currency: str) -> int:
        """Units by which it raised a client; below zero what it took."""
        key = (client_account(client), currency)
        return -sum(int(units) for name, of, units in self.lines if (name, of) == key)

    @property
    def entry_hash(self) -> str:
        """What is signed of the entry."""
        return hashlib.sha256(canonical([list(line) for line in self.lines])).hexdigest()


def mends_of(rows: Iterable[History]) -> tuple[Mend, ...]:
    """The mends among a payment's rows that posted something."""
    told = ((row, json.loads(row.evidence).get("entry", ())) for row in rows if row.event == "mend")
    return tuple(
        Mend(str(row.payment), str(row.prev), tuple((a, c, units) for a, c, units in entry))
        for row, entry in told
        if entry
    )
