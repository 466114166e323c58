"""What the facts demand: whichever attempt of a family is in a block settles its payment.

Level-triggered like everything that follows a chain: each look starts from the outcomes of now,
and a crash at any point is repeated, not lost.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from db.attempts import Nonce
from db.models import Payment
from engine.clock import rfc3339
from engine.config import Currency
from engine.crashpoints import reach
from engine.lifecycle import Batch
from engine.sender import attempts
from engine.sender.attempts import Stored
from engine.sender.by_nonce import entries
from engine.sender.by_nonce.looks import Look, Verdict, send_of
from engine.sender.by_nonce.noting import Noting
from engine.sender.doubted import NO_PAYMENT, NOT_ASKED, NOT_SIGNED
from engine.sender.settle import NOT_TAKEN

LOST = "another chain tx took its number; it is paid again with the next one"
TAKEN = "a chain tx that is none of ours took its number: who else has the keys?"
PAID_UNKNOWN = "a chain tx that our rows do not know took its number and paid it; staff look at it"
UNTOLD_TAKER = (
    "a chain tx that our rows do not know took its number, and the node does not tell whether it"
    " paid; staff look at it"
)
NAMELESS_TAKER = "a chain tx that the node does not name took its number; staff look at it"
TAKERS = frozenset({TAKEN, PAID_UNKNOWN, UNTOLD_TAKER, NAMELESS_TAKER})
GAP = "waiting: number {} of its address comes first, and "
FREE_GAP = "is not used; the next send takes it"
HELD_GAP = "is of a send that is held up"
FAILED = "its chain tx failed; the amount goes back once that is final"
GONE = "its chain tx failed on chain and paid nothing"
NEVER_MINED = "its chain tx can never be in a block, and paid nothing"
UNCLEAR = "the node does not tell what its chain tx moved; staff look at it"

_NOWHERE: Mapping[str, Any] = {"block_hash": None, "block_height": None}


class Settling:
    """Writes what looks demand, all of them in one database transaction."""

    def __init__(
        self,
        batch: Callable[[], Batch],
        currencies: Mapping[str, Currency],
        is_as_signed: Callable[[Sequence[Stored], Sequence[Payment]], bool],
        doubt: Callable[[Stored, str], None],
        *,
        now: datetime,
    ) -> None:
        """`is_as_signed` tells whether a payment may end by what became of a family, `doubt` is
        told of attempts from which nothing follows."""
        self._new_batch = batch
        self._currencies = currencies
        self._is_as_signed = is_as_signed
        self._doubt = doubt
        self._at = rfc3339(now)
        self._booked: dict[str, int] = {}
        self.unproved: list[Look] = []  # looks at what only a log says: balances may vouch for it

    def settle(self, looks: Sequence[Look]) -> int:
        """Bring families and their payments to where the facts say; returns the moves made."""
        paid = attempts.payments_of([look.winner or look.newest for look in looks])
        self._booked = self._booked_fees(looks, paid)
        noting = Noting(self._at)
        with self._new_batch() as batch:
            before = batch.steps
            for look in looks:
                stored = look.winner or look.newest
                payment = next(iter(paid[str(stored.row.id)]), None)
                if payment is None:
                    self._doubt(stored, NO_PAYMENT)
                elif not is_its(stored, payment):
                    self._doubt(stored, NOT_ASKED)
                else:
                    self._settle(batch, look, payment, noting)
            moved = batch.steps - before
            batch.also(noting.write)
            batch.also(partial(self._reach, looks, "settle.during"))
        self._reach(looks, "settle.after")
        return moved

    def _booked_fees(
        self, looks: Sequence[Look], paid: Mapping[str, list[Payment]]
    ) -> dict[str, int]:
        """Only what was settled before has any."""
        old = [look for look in looks if any(e.row.state == "settled" for e in look.family)]
        ids = [row.id for look in old for row in paid[str((look.winner or look.newest).row.id)]]
        return entries.booked_fees(ids, looks[0].newest.row.chain) if ids else {}

    def _reach(self, looks: Sequence[Look], point: str) -> None:
        if any(look.winner is not None for look in looks):
            sandbox = all(each.sandbox for each in self._currencies.values())
            reach(point, sandbox=sandbox)

    def _settle(self, batch: Batch, look: Look, payment: Payment, noting: Noting) -> None:
        winner = look.winner
        if look.adopted is not None:
            batch.also(partial(attempts.store, [look.adopted]))
        if winner is not None:
            doubted = payment.reason in {FAILED, UNCLEAR}
            self.unproved += [look] if look.needs_voucher(winner, payment) else []
            settled = self._follow(batch, look, winner, payment)
            noting.mined(look, winner, payment, settled=settled, doubted=doubted)
            return
        if look.judged is not None:
            self._end(batch, look, payment)
            noting.bury(look)
            return
        if look.lost and self._is_signed(look, payment):
            self._give_up(batch, look, payment)
            noting.bury(look)
            return
        if look.paid:
            self._doubt(look.newest, taken_by(look))
        self._follow_open(batch, look, payment)
        noting.open(look)

    def _is_signed(self, look: Look, payment: Payment) -> bool:
        """Whether what its rows say was signed is what its history says: nothing ends by others."""
        if self._is_as_signed(look.signed, [payment]):
            return True
        self._doubt(look.winner or look.newest, NOT_SIGNED)
        return False

    # --- in a block ---

    def _follow(self, batch: Batch, look: Look, winner: Stored, payment: Payment) -> bool:
        """Whether everything about it is in the books now."""
        verdict = look.verdict(winner, payment)
        place = self._place(look, winner)
        move = partial(self._move, batch, look, winner, payment)
        if payment.state == "requested":
            move("send", sub_state="", **place)
        if verdict is Verdict.PAID:
            self._follow_paid(batch, look, winner, payment)
        else:
            self._follow_unpaid(batch, look, winner, payment, verdict)
        if payment.state in {"credited", "failed"}:
            self._book_fee(batch, look, winner, payment)
            if look.is_final(winner) and not payment.unsettled:
                batch.touch(payment, final=True)
            return not payment.unsettled
        return False

    def _follow_paid(self, batch: Batch, look: Look, winner: Stored, payment: Payment) -> None:
        place = self._place(look, winner)
        move = partial(self._move, batch, look, winner, payment)
        deep = look.is_deep(winner, payment, self._currencies[payment.currency])
        if payment.state in {"pending", "confirmed"} and deep:
            deep = self._is_signed(look, payment)
        if payment.state == "pending" and deep:
            move("confirm", **place)
        elif payment.state == "pending":
            self._show(batch, payment, "", place)
        if payment.state == "confirmed" and deep:
            told = look.outcome(winner)
            left, arrived = int(told.left or 0), int(told.arrived or 0)
            entry = entries.settled(payment, left=left, arrived=arrived)
            move("credit", entry=entry, **place)
        elif payment.state == "credited" and (
            payment.unsettled or payment.block_hash != place["block_hash"]
        ):
            move("settle", unsettled=False, **place)

    def _follow_unpaid(
        self, batch: Batch, look: Look, winner: Stored, payment: Payment, verdict: Verdict
    ) -> None:
        """Nothing is taken back before that is final: another block may tell otherwise."""
        place = self._place(look, winner)
        move = partial(self._move, batch, look, winner, payment)
        reason = FAILED if verdict is Verdict.FAILED else UNCLEAR
        ends = verdict is Verdict.FAILED and look.is_final(winner)
        ends = ends and self._is_signed(look, payment)
        if payment.state == "credited" and ends:
            move("reverse", entry=entries.taken_back(payment), unsettled=False, **place)
        if payment.state == "pending" and ends:
            burnt = look.outcome(winner).fee if payment.currency == payment.chain else 0
            move("fail", reason=GONE, entry=entries.failed(payment, burnt=burnt), **place)
        elif payment.state == "pending":
            self._show(batch, payment, reason, place)
        elif payment.state == "credited" and not payment.unsettled:
            move("unsettle", reason=reason, unsettled=True, **place)
        elif payment.state == "credited":
            self._show(batch, payment, reason, {})

    def _book_fee(self, batch: Batch, look: Look, winner: Stored, payment: Payment) -> None:
        """The network's fee, once for the family; when another block, or another attempt, makes it
        differ from what is in the books, only the difference."""
        fee = look.outcome(winner).fee
        change = fee - self._booked.get(payment.id, 0)
        if change:
            entry = entries.chain_fee(payment, change)
            self._move(
                batch, look, winner, payment, "chain_fee", entry=entry, reason=payment.reason
            )

    # --- in no block ---

    def _follow_open(self, batch: Batch, look: Look, payment: Payment) -> None:
        stored = look.newest
        move = partial(self._move, batch, look, stored, payment)
        reason = taken_by(look) or _behind(look)
        if payment.state == "requested" and look.seen:
            move(
                "send",
                sub_state="",
                reason=reason,
                txid=stored.row.txid,
                idx=look.outcome(stored).place,
            )
        elif payment.state == "credited" and not payment.unsettled:
            move("unsettle", reason=reason, unsettled=True, **_NOWHERE)
        elif payment.state == "confirmed":
            move("unconfirm", reason=reason, **_NOWHERE)
        elif payment.state == "pending" and payment.block_hash is not None:
            batch.touch(payment, reason=reason, **_NOWHERE)
        elif payment.reason != reason and (reason or _is_over(payment.reason)):
            batch.touch(payment, reason=reason)
        elif payment.state == "requested" and payment.reason != NOT_TAKEN and stored.row.last_error:
            batch.touch(payment, reason=NOT_TAKEN)

    def _give_up(self, batch: Batch, look: Look, payment: Payment) -> None:
        """Its number is gone: paid again with another, and what was booked of it is taken back."""
        move = partial(self._move, batch, look, look.newest, payment)
        if payment.state == "credited":
            move("reverse", entry=entries.taken_back(payment), **_NOWHERE)
        if payment.state not in {"requested", "pending"}:
            return
        move(
            "retry",
            reason=LOST,
            attempt=None,
            sub_state="waiting",
            unsettled=False,
            txid=None,
            idx=None,
            **_NOWHERE,
        )
        booked = self._booked.get(payment.id, 0)
        if booked:
            entry = entries.chain_fee(payment, -booked, "chain_fee_undone")
            move("chain_fee_undone", entry=entry, reason=LOST)

    def _end(self, batch: Batch, look: Look, payment: Payment) -> None:
        """Its number is gone, and persons signed that nobody was paid by that: it is over, and the
        amount goes back."""
        move = partial(self._move, batch, look, look.newest, payment)
        if payment.state == "credited":
            move("reverse", entry=entries.taken_back(payment), **_NOWHERE)
        if payment.state == "requested":
            move("send", sub_state="")
        entry, ends = entries.failed(payment, burnt=0), {"unsettled": False, "final": True}
        move("fail", reason=NEVER_MINED, entry=entry, **ends, **_NOWHERE)
        booked = self._booked.get(payment.id, 0)
        if booked:
            entry = entries.chain_fee(payment, -booked)
            move("chain_fee", entry=entry, reason=NEVER_MINED)

    # --- what stands in rows ---

    @staticmethod
    def _show(batch: Batch, payment: Payment, reason: str, place: Mapping[str, Any]) -> None:
        """Where a pending one is, and what is odd about it."""
        wanted = {**place, "reason": reason}
        if any(getattr(payment, name) != value for name, value in wanted.items()):
            batch.touch(payment, **wanted)

    @staticmethod
    def _place(look: Look, winner: Stored) -> dict[str, Any]:
        told = look.outcome(winner)
        assert told.fact.block is not None
        return {
            "txid": told.fact.txid or None,
            "idx": told.place if told.fact.txid else None,
            "block_hash": told.fact.block.hash,
            "block_height": told.fact.block.height,
        }

    @staticmethod
    def _move(
        batch: Batch,
        look: Look,
        stored: Stored,
        payment: Payment,
        event: str,
        **changes: Any,
    ) -> None:
        told = look.outcome(stored)
        block = told.fact.block
        fee = stored.row.fee_units if block is None else told.fee
        evidence: dict[str, Any] = {
            "attempt": stored.row.id,
            "txid": told.fact.txid or None,
            "index": told.place,
            "nonce": stored.row.nonce,
            "standing": told.fact.standing.value,
            "block_hash": None if block is None else block.hash,
            "block_height": None if block is None else block.height,
            "confirmations": look.depth(stored),
            "required": payment.required,
            "chain_fee": str(fee),
            "chain_fee_currency": stored.row.chain,
            "tip_height": look.tip.height,
        }
        if block is not None:
            evidence["succeeded"] = told.succeeded
            evidence["left"] = None if told.left is None else str(told.left)
            evidence["arrived"] = None if told.arrived is None else str(told.arrived)
            evidence |= {} if told.proved else {"proved": False}
        if look.judged is not None:
            evidence["judged"] = look.judged.as_json()
        if look.used_by is not None and look.used_by.block is not None:
            evidence["number_taken_by"] = look.used_by.txid
        batch.move(payment, event, evidence=evidence, **changes)


def is_its(stored: Stored, payment: Payment) -> bool:
    """Whether an attempt pays what this payment asks for, and is its own: by a row that was
    changed, nobody else's payment is done."""
    send = send_of(stored)
    asked = str(payment.address).lower(), payment.currency, payment.units, payment.attempt
    return (send.to.lower(), send.currency, send.units, stored.row.family) == asked


def taken_by(look: Look) -> str:
    """What is to be said of whoever took its number; empty while nobody did."""
    if look.used_by is None:
        return ""
    if look.paid_by is not None:
        is_just_it = look.paid_by.left == send_of(look.newest).units
        return PAID_UNKNOWN if is_just_it else UNTOLD_TAKER
    return NAMELESS_TAKER if look.used_by.block is None else TAKEN


def _behind(look: Look) -> str:
    """What is to be said of a number that comes before its own; empty while there is none."""
    if look.gap is None:
        return ""
    row = look.newest.row
    taken = (Nonce.chain == row.chain) & (Nonce.address == row.address) & (Nonce.nonce == look.gap)
    is_ours = Nonce.select().where(taken).exists()
    return GAP.format(look.gap) + (HELD_GAP if is_ours else FREE_GAP)


def _is_over(reason: str) -> bool:
    """Whether a reason is of numbers or of a block, and to be taken back where it holds no more."""
    return reason in TAKERS | {FAILED, UNCLEAR} or reason.endswith((FREE_GAP, HELD_GAP))
