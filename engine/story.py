"""One payment's whole story, as everybody who looks after it needs it: read at once, read-only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from peewee import SQL

from db.attempts import Attempt, AttemptOutput
from db.models import Payment
from engine import queries
from engine.approvals.offers import Offer, offers_on
from engine.approvals.views import ApprovalView, Note, approvals_of, notes_of
from engine.config import Config
from engine.entries import EntryView, entries_of
from engine.lifecycle import STATES
from engine.money import format_fixed
from engine.views import HistoryView, PaymentView
from engine.waiting import waits_for

NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class AttemptView:
    """A signed chain tx that pays this payment, alone or with others. `paid` is in whole coins of
    the payment's currency, `fee` of `fee_currency`: what it costs, or with `at_most` what it may
    cost until a block tells. `source` and `nonce` are the address that pays and the number of its
    send, `gas` the work that it may take, where addresses count their sends; `error` is what the
    node said last."""

    txid: str
    number: int
    state: str
    paid: str
    fee: str
    fee_currency: str
    others: int
    sends: int
    error: str
    created_at: str
    block_height: int | None
    at_most: bool = False
    source: str | None = None
    nonce: int | None = None
    gas: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The public form."""
        return {
            "txid": self.txid,
            "state": self.state,
            "paid": self.paid,
            "fee": self.fee,
            "fee_currency": self.fee_currency,
            "fee_at_most": self.at_most,
            "others": self.others,
            "broadcasts": self.sends,
            "error": self.error or None,
            "created_at": self.created_at,
            "block_height": self.block_height,
            "source": self.source,
            "nonce": self.nonce,
            "gas": self.gas,
        }


@dataclass(frozen=True, slots=True)
class Story:
    """`owner` must act on the payment in its state, and `way_out` is how it ends; `refunded_by` is
    the withdrawal that pays it back, `refund_of` the deposit that this one pays back."""

    view: PaymentView
    waits: str
    owner: str
    way_out: str
    history: tuple[HistoryView, ...]
    entries: tuple[EntryView, ...]
    attempts: tuple[AttemptView, ...]
    approvals: tuple[ApprovalView, ...]
    notes: tuple[Note, ...]
    offers: tuple[Offer, ...]
    refund_of: str | None
    refunded_by: str | None


def story_of(config: Config, payment_id: str, *, role: str = "") -> Story:
    """Everything about a payment, with the acts that `role` is offered. Raises PaymentNotFound."""
    view = queries.find_payment(config, payment_id)
    state = {each.name: each for each in STATES.get(view.kind, ())}.get(view.state)
    row = Payment.get_by_id(view.id)
    refund = _refund_by(view) if view.state == "refunded" else None
    return Story(
        view=view,
        waits=waits_for(config, [view])[view.id],
        owner=NOBODY if state is None else state.owner,
        way_out="" if state is None else state.way_out,
        history=queries.history(config, view.id),
        entries=entries_of(config, view.id),
        attempts=attempts_of(config, view),
        approvals=approvals_of(view.id),
        notes=notes_of(view.id),
        offers=offers_on(config, view.id, role=role),
        refund_of=row.refund_of,
        refunded_by=refund,
    )


def attempts_of(config: Config, view: PaymentView) -> tuple[AttemptView, ...]:
    """Every chain tx that was signed for a payment, oldest first."""
    outputs = list(AttemptOutput.select().where(AttemptOutput.payment == view.id))
    paid = {row.attempt: int(row.units) for row in outputs}
    rows = Attempt.select().where(Attempt.id.in_(sorted(paid)))
    return tuple(
        _attempt(config, view, row, paid[row.id])
        for row in rows.order_by(Attempt.created_at, Attempt.number)
    )


def _attempt(config: Config, view: PaymentView, row: Attempt, paid: int) -> AttemptView:
    by_number = row.nonce is not None
    known = row.paid_units if by_number else row.fee_units
    coin = config.currencies.get(row.chain) if by_number else None
    return AttemptView(
        txid=row.txid,
        number=int(row.number),
        state=row.state,
        paid=format_fixed(paid, view.decimals),
        fee=format_fixed(
            int(row.fee_units if known is None else known),
            view.decimals if coin is None else coin.decimals,
        ),
        fee_currency=row.chain if by_number else row.currency,
        others=_others(row.id),
        sends=int(row.sends),
        error=row.last_error,
        created_at=row.created_at,
        block_height=row.block_height,
        at_most=known is None,
        source=row.address,
        nonce=row.nonce,
        gas=int(row.size) if by_number else None,
    )


def _refund_by(view: PaymentView) -> str | None:
    """The withdrawal that pays a deposit back; the words are those of the index that finds it."""
    alive = SQL("state NOT IN ('refused', 'cancelled', 'failed')")
    row = Payment.get_or_none((Payment.refund_of == view.id) & alive)
    return None if row is None else str(row.id)


def _others(attempt: str) -> int:
    """How many further payments the same chain tx pays."""
    paid = AttemptOutput.select().where(
        (AttemptOutput.attempt == attempt) & AttemptOutput.payment.is_null(is_null=False)
    )
    return int(paid.count()) - 1
