"""What an act would do now: the fields to be signed, the entry, and how many persons it takes.

The desk and the engine each make it from the same proposal, so that any difference between what a
person saw and what would happen now is found by comparing two forms.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from engine.approvals.form import entry_hash
from engine.config import Config
from engine.ledger import NewEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a person wants done. `account` is where coins are booked to, `kind` what is paused,
    `address` where a refund goes, `units` (as text) how much of a currency moves, `outcome` what
    became of a send of which no node tells: empty while that is still to be said."""

    act: str
    payment: str | None = None
    client: str | None = None
    currency: str | None = None
    kind: str | None = None
    account: str | None = None
    address: str | None = None
    units: str | None = None
    outcome: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """What carrying out needs: who, when, with what proof, and what else belongs to the same
    database transaction. `guard` runs first in it, `also` last."""

    config: Config
    actor: str
    reason: str
    evidence: Mapping[str, Any]
    guard: Callable[[], None]
    also: Callable[[], None]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`subject` is the id of the history that the act continues, `history_hash` its last row;
    `persons` how many different people must sign, none of them `barred`; `otherwise` says, by
    person, what they signed that contradicts it; `carry_out` writes it."""

    act: str
    subject: str
    history_hash: str
    says: str
    fields: Mapping[str, str]
    entry: NewEntry | None = None
    persons: int = 1
    barred: frozenset[str] = frozenset()
    otherwise: Mapping[str, str] = field(default_factory=dict)
    carry_out: Callable[[Doing], None] = field(repr=False)

    def form_fields(self) -> dict[str, str]:
        """What is signed of it, but for who signs and when."""
        fields = {"act": self.act, **self.fields, "history_hash": self.history_hash}
        if self.entry is not None:
            fields["entry_hash"] = entry_hash(self.entry)
        return fields

    def objection(self, staff: str, signed: Collection[str]) -> str:
        """Why `staff` cannot be the next to sign after those who `signed`; empty for nothing."""
        if staff in self.barred:
            return f"{staff} proposed this sum: another person must approve it"
        if staff in signed:
            return f"{staff} has signed this already ({len(set(signed))} of {self.persons})"
        others = (words for name, words in sorted(self.otherwise.items()) if name != staff)
        return next(others, "")


def proposal_of(form: Mapping[str, Any]) -> Proposal:
    """The proposal that a signed form makes. What else the form says is compared with the plan."""
    given = {each.name: form[each.name] for each in fields(Proposal) if each.name in form}
    if "payment" in given:
        # They follow from the payment; what the form says of them must agree.
        follow = {"client", "currency", "kind", "units"}
        given = {k: v for k, v in given.items() if k not in follow}
    return Proposal(**given)
