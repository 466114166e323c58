"""What differences there are, who must act on each, and how each is cured: a table, no rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal

from engine.approvals.form import OUTCOMES
from engine.ledger import NewEntry

ENGINE: Final = "engine"
STAFF: Final = "staff"
RECHECK: Final = "recheck"
RECOUNT: Final = "recount"
JUDGE: Final = (
    "look its chain tx up elsewhere, then cashier reconcile --fix BREAK --paid or --not-paid"
    " --as STAFF, the same signed by two"
)
FIX: Final = "cashier reconcile --fix BREAK --as STAFF posts the entry, signed by two"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of break. `means` is for people; `cure` says what is done, with `{subject}` for
    what the break is about. `safe` names the cure that the engine applies by itself."""

    name: str
    owner: Literal["engine", "staff"]
    means: str
    cure: str
    safe: Literal["recheck", "recount", ""] = ""


_ALL = (
    Kind(
        "unknown_arrival",
        STAFF,
        "a coin of nobody is in suspense",
        "cashier book {subject} --to client:ID|house --as STAFF",
    ),
    Kind(
        "missing_on_chain",
        STAFF,
        "the books have a coin that the node does not show",
        f"look the coin up in another node, and rescan the wallet; if it never was: {FIX}",
    ),
    Kind(
        "missing_in_books",
        ENGINE,
        "the node has a coin of which the books know nothing",
        "the engine recounts the wallet and adds its row",
        RECOUNT,
    ),
    Kind(
        "amount_differs",
        STAFF,
        "a row, an account or an entry has another amount than what proves it",
        "cashier verify --database names the first changed row; then cashier reconcile --fix BREAK"
        " --as STAFF where it is about a payment or a coin, else cashier adjust",
    ),
    Kind(
        "state_lags",
        ENGINE,
        "the node says otherwise than our state, for longer than a round",
        "the engine asks the node again and moves the payment",
        RECHECK,
    ),
    Kind(
        "duplicate_credit",
        STAFF,
        "more was posted for a coin than it is worth",
        FIX,
    ),
    Kind(
        "unknown_spend",
        STAFF,
        "a chain tx that is no attempt of ours spends coins of ours",
        f"secure the wallet's keys first; then {FIX}",
    ),
    Kind(
        "fee_differs",
        STAFF,
        "the network's fee in the books is not what the chain tx took",
        FIX,
    ),
    Kind(
        "uncertain_send",
        STAFF,
        "signed some time ago, and the node does not tell what became of it",
        "the same bytes are sent again in every round; look in another node, and pay it by no other"
        " way: only its stored chain tx is certain to pay once",
    ),
    Kind(
        "reorged",
        ENGINE,
        "a posted coin is out of its block",
        "wait: it is mined again, or reversed when a conflict is proved",
    ),
    Kind(
        "negative_balance",
        STAFF,
        "a client owes us after a reversal",
        "the client pays in; or cashier adjust CURRENCY {subject} --by DEBT --against loss",
    ),
    Kind(
        "own_funds_negative",
        STAFF,
        "what we owe is more than what we have",
        "send coins to the hot address and book them to house",
    ),
    Kind(
        "node_disagrees",
        STAFF,
        "two nodes tell different stories",
        "find out which of the nodes is wrong before anything is paid",
    ),
    Kind(
        "node_unwell",
        STAFF,
        "the node cannot be asked, so that nothing can be compared",
        "cashier check {subject} says what is wrong with it",
    ),
)

FIXED = frozenset(
    {
        "unknown_spend",
        "duplicate_credit",
        "amount_differs",
        "fee_differs",
        "missing_on_chain",
        "reorged",
        "uncertain_send",
    }
)
"""Kinds that `cashier reconcile --fix` cures; what cures the others stands in their `cure`."""

KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _ALL})


MEND = "mend"
"""In the evidence of a single coin that a signed act puts right: what its row will say."""


def is_fixable(
    kind: str, subject: str, *, has_entry: bool, evidence: Mapping[str, Any] = MappingProxyType({})
) -> bool:
    """Whether a signed act cures such a break whole: a chain tx that spends, a payment's postings,
    a single coin whose evidence says how, or a send of which persons say what became of it. Another
    subject with a colon is an entry or an account."""
    if kind not in FIXED:
        return False
    if kind == "uncertain_send":
        return asks_outcome(evidence)
    return MEND in evidence or (has_entry and ":" not in subject)


def asks_outcome(evidence: Mapping[str, Any]) -> bool:
    """Whether persons must say what became of a send, because no node tells."""
    return OUTCOMES in evidence


# A safe cure that removed nothing is left to people, with these words.
CURE_FAILED = "the engine could not cure it by itself: cashier adjust, or ask who knows the wallet"


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference, found now. `units` are what it is about and `difference` its part of the
    residual, both signed: what the node has more is positive. `entry` would cure it."""

    kind: str
    currency: str
    subject: str
    units: int
    evidence: Mapping[str, Any] = field(default_factory=dict)
    difference: int = 0
    entry: NewEntry | None = None
    payments: tuple[str, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        return self.currency, self.kind, self.subject

    @property
    def fixable(self) -> bool:
        """Whether a signed act cures it."""
        has_entry = self.entry is not None
        return is_fixable(self.kind, self.subject, has_entry=has_entry, evidence=self.evidence)

    @property
    def owner(self) -> str:
        """Who must act on it: people, where only a signed act cures it."""
        return STAFF if self.fixable else KINDS[self.kind].owner

    @property
    def cure(self) -> str:
        kind = KINDS[self.kind]
        if asks_outcome(self.evidence):
            return JUDGE
        text = kind.cure.replace("{subject}", self.subject)
        return f"{text}; {FIX}" if self.fixable and kind.owner == ENGINE else text
