"""Following what was sent: whichever attempt of a family confirms settles its payments.

Level-triggered like deposits: each look starts from the node's facts of now, and a crash at any
point is repeated, not lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from db import bulk
from db.attempts import Attempt
from db.models import Payment
from engine.chain import BlockRef, Fact, Standing
from engine.clock import rfc3339
from engine.config import Currency
from engine.crashpoints import reach
from engine.deposits.rules import confirmations
from engine.lifecycle import Batch
from engine.sender import attempts, coins, entries
from engine.sender.attempts import Stored
from engine.sender.doubted import NO_PAYMENT, NOT_ASKED
from engine.sender.losing import NO_LOSS, Loss
from engine.sender.twins import PAID_ELSEWHERE

LOST = "another chain tx spent its coins; it is paid again from others"
NOT_TAKEN = "the network does not take its chain tx now; the same bytes are sent again"


@dataclass(frozen=True, slots=True)
class Look:
    """One family under the facts of now; `loss` is what excludes it, `sent` names those of its
    attempts whose bytes were sent just now. `paid_elsewhere`: a chain tx that is none of its own
    pays what it pays, so that it is never given up."""

    family: Sequence[Stored]
    facts: Mapping[str, Fact]
    tip: BlockRef
    loss: Loss = NO_LOSS
    sent: frozenset[str] = frozenset()
    paid_elsewhere: bool = False

    @property
    def winner(self) -> Stored | None:
        """The attempt that is in a block, if one is."""
        for stored in self.family:
            if self.facts[stored.row.txid].standing is Standing.MINED:
                return stored
        return None

    @property
    def newest(self) -> Stored:
        return self.family[-1]

    @property
    def seen(self) -> bool:
        """Whether the node has any of them, in a block or in its mempool."""
        known = {Standing.MINED, Standing.MEMPOOL}
        return any(self.facts[each.row.txid].standing in known for each in self.family)

    def depth(self, stored: Stored) -> int:
        """Confirmations of an attempt."""
        block = self.facts[stored.row.txid].block
        return confirmations(self.tip.height, None if block is None else block.height)


class Settling:
    """Writes what looks demand, all of them in one database transaction."""

    def __init__(
        self,
        batch: Callable[[], Batch],
        currency: Currency,
        is_as_signed: Callable[[Sequence[Stored], Sequence[Payment]], bool],
        doubt: Callable[[Stored, str], None],
        *,
        now: datetime,
    ) -> None:
        """`is_as_signed` tells whether a family that its rows call lost may be given up; `doubt` is
        told of an attempt from which nothing follows, and why."""
        self._new_batch = batch
        self._currency = currency
        self._is_as_signed = is_as_signed
        self._doubt = doubt
        self._at = rfc3339(now)
        self._payments: dict[str, list[Payment]] = {}  # by the attempt that pays them
        self._unbooked: frozenset[str] = frozenset()
        self._noted: list[tuple[Stored, Fact, str, bool]] = []
        self._places: dict[str, dict[str, tuple[int, int]]] = {}  # by attempt and payment

    def settle(self, looks: Sequence[Look]) -> int:
        """Bring families and their payments to where the facts say; returns the moves made."""
        self._payments = attempts.payments_of([look.winner or look.newest for look in looks])
        looks = [look for look in looks if self._is_believed(look)]
        # The change that one spends is booked by the attempt that made it, and so before it.
        self._unbooked = attempts.unbooked_parents([look.winner for look in looks if look.winner])
        self._noted.clear()
        with self._new_batch() as batch:
            moved = sum(self._settle(batch, look) for look in looks)
            batch.also(self._write_noted)
            batch.also(partial(self._reach, looks, "settle.during"))
        self._reach(looks, "settle.after")
        return moved

    def _is_believed(self, look: Look) -> bool:
        """Whether it pays what its payments ask for, and is theirs: by rows that were changed,
        nobody's payment is done."""
        stored = look.winner or look.newest
        payments = self._payments[str(stored.row.id)]
        family = {each.row.id for each in look.family}
        paid = {each.payment: (each.address, each.units) for each in stored.outputs}
        if len(payments) != len(stored.payments):
            self._doubt(stored, NO_PAYMENT)
            return False
        if any(
            paid[payment.id] != (payment.address, payment.units) or payment.attempt not in family
            for payment in payments
        ):
            self._doubt(stored, NOT_ASKED)
            return False
        return True

    def _reach(self, looks: Sequence[Look], point: str) -> None:
        if any(look.winner is not None for look in looks):
            reach(point, sandbox=self._currency.sandbox)

    def _settle(self, batch: Batch, look: Look) -> int:
        winner = look.winner
        if winner is None:
            return self._settle_open(batch, look)
        payments = self._payments[str(winner.row.id)]
        required = max((int(payment.required or 1) for payment in payments), default=1)
        booked = self._unbooked.isdisjoint(each.txid for each in winner.inputs)
        deep = look.depth(winner) >= required and booked
        moved = 0
        for payment in payments:
            moved += self._follow(batch, look, winner, payment, deep=deep)
        if deep and winner.row.state != "settled":
            self._book(batch, look, winner, payments)
        self._note(look, winner, settled=deep)
        return moved

    def _settle_open(self, batch: Batch, look: Look) -> int:
        """No attempt is in a block."""
        moved = 0
        payments = self._payments[str(look.newest.row.id)]
        lost = look.loss.depth >= self._currency.finality and not look.paid_elsewhere
        lost = lost and self._is_as_signed(look.family, payments)
        for payment in payments:
            moved += self._follow_open(batch, look, payment, lost=lost)
        if lost:
            self._take_back(batch, look, payments)
            batch.also(partial(self._bury, look))
        else:
            self._note(look, None, settled=False)
        return moved

    def _follow(
        self, batch: Batch, look: Look, winner: Stored, payment: Payment, *, deep: bool
    ) -> int:
        fact = look.facts[winner.row.txid]
        assert fact.block is not None
        place = {
            "txid": winner.row.txid,
            "idx": f"vout:{self._place(winner, payment)[0]}",
            "block_hash": fact.block.hash,
            "block_height": fact.block.height,
        }
        move = partial(self._move, batch, look, winner, payment)
        before = batch.steps
        if payment.state == "requested":
            move("send", sub_state="", **place)
        if payment.state == "pending":
            if deep:
                move("confirm", **place)
            elif payment.block_hash != fact.block.hash or payment.txid != winner.row.txid:
                batch.touch(payment, reason="", **place)
        if payment.state == "confirmed":
            move("credit", entry=entries.settled(payment, "credit"), **place)
        elif payment.state == "credited" and (
            payment.unsettled or payment.block_hash != fact.block.hash
        ):
            move("settle", unsettled=False, **place)
        if payment.state == "credited" and look.depth(winner) >= self._currency.finality:
            batch.touch(payment, final=True)
        return batch.steps - before

    def _follow_open(self, batch: Batch, look: Look, payment: Payment, *, lost: bool) -> int:
        stored = look.newest
        move = partial(self._move, batch, look, stored, payment)
        nowhere: dict[str, Any] = {"block_hash": None, "block_height": None}
        before = batch.steps
        if payment.state == "requested" and look.seen:
            line, _ = self._place(stored, payment)
            place = {"txid": stored.row.txid, "idx": f"vout:{line}"}
            move("send", sub_state="", **place)
        elif payment.state == "credited" and lost:
            move("reverse", entry=entries.settled(payment, "reverse", sign=-1), **nowhere)
        elif payment.state == "credited" and not payment.unsettled:
            move("unsettle", unsettled=True, **nowhere)
        else:
            self._tell_open(batch, look, payment)
        if lost and payment.state in {"requested", "pending"}:
            move(
                "retry",
                reason=LOST,
                attempt=None,
                sub_state="waiting",
                unsettled=False,
                txid=None,
                idx=None,
                **nowhere,
            )
        return batch.steps - before

    @staticmethod
    def _tell_open(batch: Batch, look: Look, payment: Payment) -> None:
        """What is known of a payment that does not move."""
        reason = payment.reason
        if look.paid_elsewhere:
            reason = PAID_ELSEWHERE
        elif payment.state == "requested" and look.newest.row.last_error:
            reason = NOT_TAKEN
        if payment.state == "pending" and payment.block_hash is not None:
            batch.touch(payment, block_hash=None, block_height=None)
        elif payment.state in {"requested", "pending"} and payment.reason != reason:
            batch.touch(payment, reason=reason)

    def _move(
        self,
        batch: Batch,
        look: Look,
        stored: Stored,
        payment: Payment,
        event: str,
        **changes: Any,
    ) -> None:
        fact = look.facts[stored.row.txid]
        line, share = self._place(stored, payment)
        batch.move(
            payment,
            event,
            evidence={
                "attempt": stored.row.id,
                "txid": stored.row.txid,
                "index": f"vout:{line}",
                "standing": fact.standing.value,
                "block_hash": None if fact.block is None else fact.block.hash,
                "block_height": None if fact.block is None else fact.block.height,
                "confirmations": look.depth(stored),
                "required": payment.required,
                "chain_fee": str(stored.row.fee_units),
                "chain_fee_share": str(share),
                "tip_height": look.tip.height,
            },
            **changes,
        )

    def _place(self, stored: Stored, payment: Payment) -> tuple[int, int]:
        """The payment's line in the chain tx, and its share of the fee."""
        if stored.row.id not in self._places:
            self._places[stored.row.id] = _places(stored)
        return self._places[stored.row.id][payment.id]

    def _book(self, batch: Batch, look: Look, winner: Stored, payments: Sequence[Payment]) -> None:
        """The attempt's own entry, once for the family; when another attempt of it was booked
        before (a reorganisation let a replacement win), only the difference."""
        fee, deposits = winner.row.fee_units, winner.from_deposits
        for stored in look.family:
            if stored.row.state == "settled" and stored.row.id != winner.row.id:
                fee -= stored.row.fee_units
                deposits -= stored.from_deposits
        if not payments or not (fee or deposits):
            return
        batch.move(
            payments[0],
            "chain_fee",
            entry=entries.of_attempt(
                winner.row.currency, fee=fee, from_deposits=deposits, event="chain_fee"
            ),
            evidence={"attempt": winner.row.id, "txid": winner.row.txid, "chain_fee": str(fee)},
        )

    def _take_back(self, batch: Batch, look: Look, payments: Sequence[Payment]) -> None:
        """A family that was booked is proved gone: its fee was never paid."""
        for stored in look.family:
            if stored.row.state == "settled" and payments:
                batch.move(
                    payments[0],
                    "chain_fee_undone",
                    entry=entries.of_attempt(
                        stored.row.currency,
                        fee=-stored.row.fee_units,
                        from_deposits=-stored.from_deposits,
                        event="chain_fee_undone",
                    ),
                    evidence={"attempt": stored.row.id, "txid": stored.row.txid},
                )

    def _note(self, look: Look, winner: Stored | None, *, settled: bool) -> None:
        """The attempts' own rows and their coins, where they changed."""
        for stored in look.family:
            fact = look.facts[stored.row.txid]
            state = self._state_of(look, stored, winner, settled=settled)
            final = winner is not None and look.depth(winner) >= self._currency.finality
            now = (state, None if fact.block is None else fact.block.hash, final)
            before = (stored.row.state, stored.row.block_hash, bool(stored.row.final))
            if now != before or stored.row.id in look.sent:
                self._noted.append((stored, fact, state, final))

    @staticmethod
    def _state_of(look: Look, stored: Stored, winner: Stored | None, *, settled: bool) -> str:
        if winner is not None and stored.row.id == winner.row.id:
            return "settled" if settled or stored.row.state == "settled" else "mined"
        if winner is not None and settled:
            return "dead"
        if stored.row.state == "settled":
            return "settled"  # booked; out of its block again, which its payments show
        in_mempool = look.facts[stored.row.txid].standing is Standing.MEMPOOL
        return "sent" if in_mempool or stored.row.state == "mined" else str(stored.row.state)

    def _write_noted(self) -> None:
        rows = [
            {
                "match.id": stored.row.id,
                "state": state,
                "block_hash": None if fact.block is None else fact.block.hash,
                "block_height": None if fact.block is None else fact.block.height,
                "final": final,
                "sends": stored.row.sends,
                "sent_at": stored.row.sent_at,
                "last_error": stored.row.last_error,
                "updated_at": self._at,
            }
            for stored, fact, state, final in self._noted
        ]
        changes = [name for name in rows[0] if name != "match.id"] if rows else []
        bulk.update_rows(Attempt, rows, match=("id",), changes=changes)
        attempts.note_blocks(
            [
                (stored, fact.block)
                for stored, fact, _, _ in self._noted
                if fact.block is not None or stored.row.block_hash is not None
            ]
        )

    def _bury(self, look: Look) -> None:
        """Every attempt of the family is proved impossible beyond finality."""
        attempts.note_blocks([(stored, None) for stored in look.family])
        coins.note_spent(look.newest.row.chain, look.loss.spent)
        Attempt.update(state="dead", final=True, updated_at=self._at).where(
            Attempt.family == look.newest.row.family
        ).execute()
        coins.release(look.newest.row.family)


def _places(stored: Stored) -> dict[str, tuple[int, int]]:
    """The line of each payment, and its share of the fee, worked out for all at once."""
    paid = [each for each in stored.outputs if each.payment is not None]
    shares = attempts.fee_shares(stored.row.fee_units, [each.units for each in paid])
    return {str(each.payment): (each.line, share) for each, share in zip(paid, shares, strict=True)}
