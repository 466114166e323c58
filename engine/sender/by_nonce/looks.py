"""One family of attempts as the node shows it at a tip, and what that means for its payment."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from db.models import Payment
from engine.chain import BlockRef, Fact, Standing
from engine.config import Currency
from engine.deposits.rules import confirmations
from engine.sender.attempts import Stored
from engine.sending import Outcome, Send

FinalHeight = Callable[[], int | None]
"""The highest block that the node calls final; None where nobody asked it, or it calls none so."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What persons signed of an outcome that no node tells: whether it paid. `found` is the id of
    the break that they cured, `staff` their names."""

    paid: bool
    found: str
    staff: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        """As it stands in a history."""
        return {"paid": self.paid, "break": self.found, "staff": list(self.staff)}


class Verdict(Enum):
    """What a chain tx in a block did."""

    PAID = "paid"
    FAILED = "failed"  # undone, or nothing left the source
    UNCLEAR = "unclear"  # the node does not tell, or what moved is not what was sent


@dataclass(frozen=True, slots=True)
class Look:
    """One family under the outcomes of now.

    `used_by` is the chain tx in a block, none of ours, that took its number, without a block where
    the node does not name it, and `paid_by` what that did, where it may be what this one should;
    `gap` is a number of its address that comes first and that no send of ours is out for; `sent`
    names those of its attempts whose bytes were sent just now; `deepest` is the highest block that
    is final for its currency; `vouched` says that balances of now bear out what only a log says. Of
    what no node tells, `judged` is what persons signed, and `adopted` the attempt that was made of
    the one that took the number."""

    family: Sequence[Stored]
    outcomes: Mapping[str, Outcome]
    tip: BlockRef
    deepest: int
    used_by: Fact | None = None
    sent: frozenset[str] = frozenset()
    vouched: bool = False
    paid_by: Outcome | None = None
    gap: int | None = None
    judged: Judgement | None = None
    adopted: Stored | None = None

    @property
    def newest(self) -> Stored:
        return self.family[-1]

    @property
    def winner(self) -> Stored | None:
        """The attempt that is in a block, if one is."""
        for stored in self.family:
            if self.fact(stored).standing is Standing.MINED:
                return stored
        return None

    @property
    def paid(self) -> bool:
        """Whether a chain tx that our rows do not know may have paid what this family should."""
        return self.paid_by is not None

    @property
    def signed(self) -> Sequence[Stored]:
        """Those of the family that we signed by our rows."""
        return [each for each in self.family if each is not self.adopted]

    @property
    def seen(self) -> bool:
        """Whether the node has any of them, in a block or in its pool."""
        known = {Standing.MINED, Standing.MEMPOOL}
        return any(self.fact(each).standing in known for each in self.family)

    @property
    def lost(self) -> bool:
        """Whether its number is gone for ever, and nobody was paid by it."""
        block = None if self.used_by is None else self.used_by.block
        return block is not None and block.height <= self.deepest and not self.paid

    def outcome(self, stored: Stored) -> Outcome:
        return self.outcomes[str(stored.row.txid)]

    def fact(self, stored: Stored) -> Fact:
        return self.outcome(stored).fact

    def depth(self, stored: Stored) -> int:
        """Confirmations of an attempt."""
        block = self.fact(stored).block
        return confirmations(self.tip.height, None if block is None else block.height)

    def is_final(self, stored: Stored) -> bool:
        block = self.fact(stored).block
        return block is not None and block.height <= self.deepest

    def is_deep(self, stored: Stored, payment: Payment, currency: Currency) -> bool:
        """Whether its block is as deep as the payment demands."""
        if currency.confirmations.finalized:
            return self.is_final(stored)
        return self.depth(stored) >= int(payment.required or 1)

    def verdict(self, stored: Stored, payment: Payment) -> Verdict:
        """What the chain tx of an attempt in a block did for its payment."""
        told = self.outcome(stored)
        if not told.succeeded or told.left == 0:
            return Verdict.FAILED
        if self.judged is not None:
            return Verdict.PAID
        arrived_unknown = payment.kind == "transfer" and told.arrived is None
        if told.left is None or told.left < int(payment.units or 0) or arrived_unknown:
            return Verdict.UNCLEAR
        return Verdict.UNCLEAR if self.needs_voucher(stored, payment) else Verdict.PAID

    def needs_voucher(self, stored: Stored, payment: Payment) -> bool:
        """Whether only a log says that an attempt in a block paid, and nothing bears it out: the
        node has forgotten the states, and nothing was booked in that block while it had them."""
        told = self.outcome(stored)
        if told.proved or told.fact.block is None:
            return False
        is_booked = payment.state == "credited" and not payment.unsettled
        is_there = is_booked and payment.block_hash == told.fact.block.hash
        return not (self.vouched or is_there)


def deepest_final(currency: Currency, tip: BlockRef, final_height: int | None) -> int:
    """The highest block whose payments of `currency` are final at this tip."""
    deepest = tip.height - currency.finality + 1
    if currency.finality_tag is None:
        return deepest
    return min(deepest, -1 if final_height is None else final_height)


def send_of(stored: Stored) -> Send:
    """What the rows of an attempt say that it sends."""
    row, paid = stored.row, stored.outputs[0]
    return Send(str(row.address), str(row.currency), str(paid.address), int(paid.units))
