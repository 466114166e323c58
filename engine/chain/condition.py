"""How a node is: who it says it is, and how far its answers may be used. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from engine.chain.facts import Block


class Trust(Enum):
    """How far a node's answers may be used."""

    FULL = "full"
    SHOW = "show"  # arrivals may be shown as pending; nothing is confirmed, credited or taken back
    NONE = "none"  # another network or wallet: nothing it says is about our coins


@dataclass(frozen=True, slots=True)
class Health:
    """A node's state of health. `reason` is for people, empty when well; `facts` are raw."""

    trust: Trust
    reason: str = ""
    tip: Block | None = None
    peers: int | None = None
    version: str = ""
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def well(self) -> bool:
        return self.trust is Trust.FULL


@dataclass(frozen=True, slots=True)
class Expectation:
    """What we know and the node must match: remembered genesis and fork hashes, an address that
    its wallet must own, the height that we have followed to."""

    genesis: str | None
    fork: str | None
    address: str | None
    height: int


@dataclass(frozen=True, slots=True)
class Identity:
    """How a node's chain names itself: hash of block 0, and of the first block after a fork where
    two chains share block 0 (None where that does not apply or is not reached yet)."""

    genesis: str
    fork: str | None
