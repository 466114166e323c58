"""The rules of a deposit as pure functions: facts in, moves out. No database and no node here."""

from __future__ import annotations

from dataclasses import dataclass

from engine.chain import Fact, Standing

HELD_NOBODY = "paid to an address that belongs to nobody"
HELD_BLOCKED = "the client is blocked"
HELD_OLD_COIN = "the coin is older than its address"
HELD_BELOW_MINIMUM = "below the minimum"
HELD_DOUBTED = "what it brought is not what the chain says of it"
HELD_BY_RULE = "it is looked at by a person"
REFUSED_BY_RULE = "it is not allowed"
LATE = "arrived after its request had expired"
UNPAID = "nobody paid it in time; a late coin is still credited"
SUM_REACHED = "the sum on this address passed the minimum"
CONFLICT_MINED = "a conflicting payment was mined"
REPLACED = "replaced by its sender"
DROPPED = "dropped by the network"
COIN_GONE = "its coin is gone: a conflicting payment was mined"
BLOCK_LEFT = "its block left the chain"


@dataclass(frozen=True, slots=True)
class Position:
    """What of a deposit decides its next moves."""

    state: str
    unsettled: bool
    block_hash: str | None
    required: int


def confirmations(tip_height: int, block_height: int | None) -> int:
    """Confirmations of a block at this tip; 0 outside of a block or above the tip."""
    if block_height is None or block_height > tip_height:
        return 0
    return tip_height - block_height + 1


def next_events(position: Position, fact: Fact, *, tip_height: int) -> tuple[str, ...]:
    """The moves by which a deposit comes to the state that the facts demand.

    Ends at `confirm`: whether a confirmed deposit is credited or held is decided by `verdict`.
    """
    if position.state == "refunded":
        return ()  # its coin was final, and was paid back from others
    if fact.standing is Standing.GONE:
        return _when_gone(position, fact)
    height = None if fact.block is None else fact.block.height
    deep = confirmations(tip_height, height)
    if position.state in {"credited", "held", "refused"}:
        return _when_posted(position, fact)
    if position.state == "confirmed":
        return () if deep >= position.required else ("unconfirm",)
    start: tuple[str, ...] = ()
    if position.state == "requested":
        start = ("see",)
    elif position.state in {"vanished", "reversed"}:
        if fact.standing is Standing.ABSENT:
            return ()
        start = ("revive",)
    return (*start, "confirm") if deep >= position.required else start


def _when_gone(position: Position, fact: Fact) -> tuple[str, ...]:
    """A coin that a mined conflict excludes. What was posted is only taken back when the conflict
    is as deep as the coin had to be: until then the deposit is unsettled."""
    if position.state == "pending":
        return ("vanish",)
    if position.state == "confirmed":
        return ("unconfirm", "vanish")
    if position.state in {"credited", "held", "refused"}:
        if fact.conflict_depth >= position.required:
            return ("reverse",)
        return () if position.unsettled else ("unsettle",)
    return ()


def _when_posted(position: Position, fact: Fact) -> tuple[str, ...]:
    """Credited, held, refused: posted, and kept so unless its coin is proved gone."""
    if fact.block is None:
        return () if position.unsettled else ("unsettle",)
    moved = position.unsettled or position.block_hash != fact.block.hash
    return ("settle",) if moved else ()
