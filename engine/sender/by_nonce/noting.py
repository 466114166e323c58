"""What looks change in the attempts' own rows, and in the rows of what left and what landed."""

from __future__ import annotations

from typing import Any

from db import bulk
from db.attempts import Attempt
from db.models import Payment
from engine import outflows
from engine.chain import BlockRef, Standing
from engine.outflows import Landed, Mined
from engine.sender.attempts import Stored
from engine.sender.by_nonce.entries import target_account
from engine.sender.by_nonce.looks import Look
from engine.sending import Outcome


class Noting:
    """Collects over the looks of one commit; `write` runs inside its database transaction."""

    def __init__(self, at: str) -> None:
        self._at = at
        self._rows: list[dict[str, Any]] = []
        self._places: list[Mined] = []

    def mined(
        self, look: Look, winner: Stored, payment: Payment, *, settled: bool, doubted: bool
    ) -> None:
        """One of the family is in a block; `settled` when the books know all of it, `doubted` when
        it was not sure until now what it moved."""
        final = settled and look.is_final(winner)
        for stored in look.family:
            if stored.row.id == winner.row.id:
                state = "settled" if settled or stored.row.state == "settled" else "mined"
                self._note(look, stored, state, final=final)
            else:
                state = "dead" if settled else _outside_state(look, stored)
                self._note(look, stored, state, final=final)
        if doubted or _is_news(look, winner):
            self._places.append(mined_as(winner, payment, look.outcome(winner)))

    def open(self, look: Look) -> None:
        """None of the family is in a block."""
        for stored in look.family:
            self._note(look, stored, _outside_state(look, stored), final=False)

    def bury(self, look: Look) -> None:
        """None of the family can ever be mined."""
        for stored in look.family:
            self._note(look, stored, "dead", final=True)

    def _note(self, look: Look, stored: Stored, state: str, *, final: bool) -> None:
        row, told = stored.row, look.outcome(stored)
        block = told.fact.block
        paid = None if block is None else told.fee
        now = (state, block and block.hash, final, paid)
        before = (row.state, row.block_hash, bool(row.final), row.paid_units)
        if now != before or str(row.id) in look.sent:
            self._rows.append(self._values(stored, state, block, final=final, paid=paid))
        if block is None and row.block_hash is not None:
            self._places.append(Mined(stored, None))

    def _values(
        self, stored: Stored, state: str, block: BlockRef | None, *, final: bool, paid: int | None
    ) -> dict[str, Any]:
        row = stored.row
        return {
            "match.id": row.id,
            "state": state,
            "block_hash": None if block is None else block.hash,
            "block_height": None if block is None else block.height,
            "final": final,
            "paid_units": paid,
            "sends": row.sends,
            "sent_at": row.sent_at,
            "last_error": row.last_error,
            "updated_at": self._at,
        }

    def write(self) -> None:
        """All of it."""
        if self._rows:
            changes = [name for name in self._rows[0] if name != "match.id"]
            bulk.update_rows(Attempt, self._rows, match=("id",), changes=changes)
        if self._places:
            outflows.note(self._places)


def mined_as(stored: Stored, payment: Payment, told: Outcome) -> Mined:
    """What our rows are to say of an attempt in a block, which pays `payment`."""
    landed, account = None, target_account(payment)
    if account is not None and told.arrived:
        landed = Landed(str(payment.address), told.place, told.arrived, account)
    return Mined(stored, told.fact.block, fee=told.fee, left=told.left, landed=landed)


def _outside_state(look: Look, stored: Stored) -> str:
    if stored.row.state == "settled":
        return "settled"  # booked; out of its block again, which its payment shows
    in_pool = look.fact(stored).standing is Standing.MEMPOOL
    return "sent" if in_pool or stored.row.state == "mined" else str(stored.row.state)


def _is_news(look: Look, winner: Stored) -> bool:
    """Whether its place, or what it did there, is not what its rows say already."""
    block = look.fact(winner).block
    assert block is not None
    same = winner.row.block_hash == block.hash and winner.row.state in {"mined", "settled"}
    return not same or winner.row.paid_units != look.outcome(winner).fee
