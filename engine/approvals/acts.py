"""Every staff act, by name: the one table that says what each would do now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from engine.approvals import deposits, switches
from engine.approvals.plan import Plan, Proposal
from engine.config import Config
from engine.errors import ActRefused

Planner = Callable[[Config, Proposal], Plan]

ACTS: Mapping[str, Planner] = MappingProxyType(
    {
        "approve": deposits.approve,
        "refuse": deposits.refuse,
        "book": deposits.book,
        "pause": switches.pause,
        "resume": switches.resume,
        "block": switches.block,
        "unblock": switches.unblock,
        "note": switches.note,
    }
)


def plan_of(config: Config, proposal: Proposal) -> Plan:
    """What the proposed act would do now. Raises ActRefused and whatever else forbids it."""
    planner = ACTS.get(proposal.act)
    if planner is None:
        raise ActRefused(f"there is no act {proposal.act}")
    return planner(config, proposal)
