"""What differences there are, who must act on each, and how each is cured: a table, no rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, Literal

from engine.ledger import NewEntry

ENGINE: Final = "engine"
STAFF: Final = "staff"
RECHECK: Final = "recheck"
RECOUNT: Final = "recount"
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
        "look the coin up in another node; if it never was: cashier adjust, as the entry says",
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
        "cashier verify --database names the first changed row; then cashier adjust",
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
        "signed some time ago, and the node neither has nor refuses it",
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

FIXED = frozenset({"unknown_spend", "duplicate_credit", "amount_differs", "fee_differs"})
"""Kinds that `cashier reconcile --fix` cures; what cures the others stands in their `cure`."""

KINDS: Mapping[str, Kind] = MappingProxyType({kind.name: kind for kind in _ALL})


def is_fixable(kind: str, subject: str, *, has_entry: bool) -> bool:
    """Whether a signed act cures such a break whole: a chain tx that spends, or a payment's
    postings. A subject with a colon is a single coin, entry or account."""
    return kind in FIXED and has_entry and ":" not in subject


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
    def cure(self) -> str:
        return KINDS[self.kind].cure.replace("{subject}", self.subject)
