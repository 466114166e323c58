"""What staff put right in a payment's own history, or decided on a deposit: read apart, because
only signatures make it true."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from db.models import History
from engine.deposits.rules import HELD_BELOW_MINIMUM
from engine.history import canonical
from engine.ledger import client_account


@dataclass(frozen=True, slots=True)
class Mend:
    """A row of a payment's verified history that says so: `act` is what must have been signed,
    `prev` the hash that the signatures name, `lines` the entry as it stands there."""

    payment: str
    prev: str
    lines: tuple[tuple[str, str, str], ...]
    act: str = "cure"

    def given(self, client: str, currency: str) -> int:
        """Units by which it raised a client; below zero what it took."""
        key = (client_account(client), currency)
        return -sum(int(units) for name, of, units in self.lines if (name, of) == key)

    @property
    def entry_hash(self) -> str:
        """What is signed of the entry."""
        return hashlib.sha256(canonical([list(line) for line in self.lines])).hexdigest()


def mends_of(rows: Sequence[History]) -> tuple[Mend, ...]:
    """Those among a payment's rows that posted something."""
    return tuple(
        Mend(str(row.payment), str(row.prev), tuple((a, c, units) for a, c, units in entry), act)
        for row, act in _of_staff(rows)
        if (entry := json.loads(row.evidence).get("entry", ()))
    )


def _of_staff(rows: Sequence[History]) -> Iterator[tuple[History, str]]:
    """The rows that need signatures, each with the act that must have been signed. A deposit that
    was held, or that is somebody else's than it came for, is not the engine's to credit."""
    held: History | None = None
    for row in rows:
        if row.event == "mend":
            yield row, "cure"
        elif row.kind != "deposit":
            continue
        elif row.event in {"hold", "refuse"}:
            held = row
        elif row.event in {"revive", "unconfirm"}:
            held = None  # it is judged anew once it is deep enough again
        elif row.event == "book" or (row.event == "credit" and row.client != rows[0].client):
            yield row, "book"
        elif (row.event == "release" and not _completes_a_sum(row, held)) or (
            row.event == "credit" and held is not None
        ):
            yield row, "approve"


def _completes_a_sum(row: History, held: History | None) -> bool:
    """Whether a small coin went to its own client along with another one: no person's decision."""
    small = held is not None and held.reason == HELD_BELOW_MINIMUM
    return small and held is not None and row.client == held.client
