"""What chain txs of ours truly spend and pay, by the node's own word, whatever our rows say.

Asked once for each: a txid names the bytes, and what they say is so for ever.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from db.attempts import Attempt
from engine.chain import Countable, Senders, Standing
from engine.own_sends import TellsOutcomes
from engine.sending import Outcome

ASKED_MAX = 100  # chain txs in one run; the others follow in the next
KEPT_MAX = 20_000

Coin = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Outlay:
    """The coins that a chain tx spends, with their units, and the units of its outputs in order."""

    inputs: Mapping[Coin, int]
    outputs: tuple[int, ...]

    @property
    def fee(self) -> int:
        """What the network took, in units."""
        return sum(self.inputs.values()) - sum(self.outputs)

    @classmethod
    def of(cls, senders: Senders | None) -> Self | None:
        """What a node told; None unless it knows every coin and every output."""
        if senders is None or not senders.known or sum(senders.outputs) != senders.paid:
            return None
        units = {(coin.txid, coin.index): coin.units for coin in senders.coins}
        known = {coin: each for coin, each in units.items() if each is not None}
        return cls(known, senders.outputs) if len(known) == len(senders.coins) else None

    @classmethod
    def of_number(cls, row: Attempt, outcome: Outcome) -> Self:
        """What a node told of a chain tx whose address counts its sends: as outputs what left and
        what arrived, in units of its currency, and the rest is the fee in the chain's coin."""
        moved = tuple(each for each in (outcome.left, outcome.arrived) if each is not None)
        moved = moved if len(moved) == 2 else ()
        return cls({(str(row.address), f"nonce:{row.nonce}"): outcome.fee + sum(moved)}, moved)

    def as_json(self) -> dict[str, Any]:
        """As it stands in a break's evidence; `from_json` reads it."""
        spent = [[txid, index, str(units)] for (txid, index), units in sorted(self.inputs.items())]
        return {"inputs": spent, "outputs": [str(units) for units in self.outputs]}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """The outlay in a break's evidence. Raises KeyError, ValueError, TypeError."""
        inputs = {(str(txid), str(index)): int(units) for txid, index, units in told["inputs"]}
        return cls(inputs, tuple(int(units) for units in told["outputs"]))


Told = Mapping[str, Outlay]
"""Outlays by txid; what is not among them was not asked for, or the node does not know it."""


class Outlays:
    """What one chain's node has told so far. One thread owns it."""

    def __init__(self) -> None:
        self.told: dict[str, Outlay] = {}
        self._asked: set[str] = set()

    def follow(self, node: Countable, chain: str) -> None:
        """Ask for the attempts in blocks that are not final yet. No call when all are known. Where
        addresses count their sends, only what differs is asked for: what a chain tx costs depends
        on its block."""
        if isinstance(node, TellsOutcomes):
            self.told, self._asked = {}, set()
            return
        rows = Attempt.select(Attempt.txid).where(
            (Attempt.chain == chain)
            & (Attempt.final == 0)
            & Attempt.state.in_(("mined", "settled"))
            & ~Attempt.block_hash.is_null()
        )
        self.ask(node, (str(row.txid) for row in rows.order_by(Attempt.created_at)))

    def ask(self, node: Countable, txids: Iterable[str]) -> bool:
        """Ask for a bounded number of these that were never asked for; whether any was told."""
        if len(self._asked) > KEPT_MAX:
            self.told, self._asked = {}, set()
        new = [txid for txid in dict.fromkeys(txids) if txid not in self._asked]
        if isinstance(node, TellsOutcomes):
            return self._ask_outcomes(node, new[:ASKED_MAX])
        told = [self._ask(node, txid) for txid in new[:ASKED_MAX]]
        return any(told)

    def _ask_outcomes(self, node: TellsOutcomes, txids: Sequence[str]) -> bool:
        rows = list(Attempt.select().where(Attempt.txid.in_(txids))) if txids else []
        outcomes = node.outcomes(rows)
        told = {
            str(row.txid): Outlay.of_number(row, outcomes[row.txid])
            for row in rows
            if row.txid in outcomes and outcomes[row.txid].fact.standing is Standing.MINED
        }
        self._asked.update(txids)
        self.told |= told
        return bool(told)

    def _ask(self, node: Countable, txid: str) -> bool:
        found = Outlay.of(node.senders(txid))
        self._asked.add(txid)
        if found is not None:
            self.told[txid] = found
        return found is not None


NOTHING_TOLD: Told = {}


def unheard(evidence: Iterable[Mapping[str, Any]]) -> Collection[str]:
    """Chain txs of which something differs by our rows alone: the node is to be asked."""
    return {str(each["txid"]) for each in evidence if each.get("txid") and "node" not in each}
