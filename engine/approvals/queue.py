"""What waits for staff, oldest first: held payments, and acts that one person signed and another
must sign, too. Read-only rows; whoever decides looks at one by engine.approvals.case."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import peewee
from peewee import SQL

from db.models import Approval, History, Payment
from engine import queries
from engine.approvals import form as forms
from engine.approvals.acts import plan_of
from engine.approvals.plan import Plan, Proposal, proposal_of
from engine.chronicle import Subject
from engine.config import Config
from engine.errors import ActRefused, CashierError
from engine.views import PaymentView
from engine.waiting import needs_of

# These are on held payments, which wait by themselves, or take one person.
_NOT_APART = ("approve", "book", "refuse", "note")
PAGE_MAX = 200


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed when (RFC 3339 UTC), and why if that was said."""

    staff: str
    at: str
    reason: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing that waits, since `since` (RFC 3339 UTC). `act` is what is to be signed, `why` the
    rule that held it or what was proposed; `view` is the payment that is held, `proposal` the act
    that was signed by `signatures`."""

    id: str
    since: str
    act: str
    kind: str
    client: str | None
    currency: str
    decimals: int
    units: int | None
    why: str
    signed: tuple[str, ...]
    persons: int
    view: PaymentView | None = None
    proposal: Proposal | None = None
    signatures: tuple[Signature, ...] = ()

    @property
    def key(self) -> tuple[str, str]:
        """By which they are ordered."""
        return self.since, self.id


def count(config: Config) -> int:
    """How many things wait."""
    return int(_held().count()) + len(half_signed(config))


def page(
    config: Config, *, after: Waiting | None = None, skip: int = 0, limit: int = 50
) -> tuple[Waiting, ...]:
    """Up to `limit` things after the first `skip` of those that come after `after`."""
    limit = min(limit, PAGE_MAX)
    apart = [each for each in half_signed(config) if after is None or each.key > after.key]
    # Whatever of `apart` stands before this window stands before `skip`, too.
    start = max(0, skip - len(apart))
    order = (Payment.updated_at, Payment.id)
    first = _held(after).order_by(*order).offset(start).limit(limit + len(apart))
    ids = [row.id for row in first.select(Payment.id)]  # sorting whole rows takes much longer
    rows = Payment.select().where(Payment.id.in_(ids)).order_by(*order)
    held = _of_payments(config, rows if ids else ())
    if start and not held:
        return ()
    before = 0
    if start:
        later = [each for each in apart if each.key > held[0].key]
        before, apart = start + len(apart) - len(later), later
    merged = sorted([*held, *apart], key=lambda each: each.key)
    return tuple(merged[skip - before :][:limit])


def of_payments(config: Config, payments: Iterable[str]) -> tuple[Waiting, ...]:
    """Those of these payments that are held, in no order."""
    return tuple(_of_payments(config, _held().where(Payment.id.in_(sorted(payments)))))


def touching(row: Waiting) -> frozenset[str]:
    """The ids of the histories in which something about this would be written."""
    return frozenset({row.id, Subject("staff", row.id).id})


def moves_of(config: Config, payments: Iterable[str]) -> dict[str, str]:
    """What became of these payments, those that are held left out: their last move in words."""
    rows = Payment.select().where(Payment.id.in_(sorted(payments)) & (Payment.state != "held"))
    found = {}
    for view in queries.views(config, rows):
        last = History.get(History.seq == view.last_seq)
        found[view.id] = f"{last.event} by {last.actor}, now {view.sub_state or view.state}"
    return found


def half_signed(config: Config) -> tuple[Waiting, ...]:
    """Acts on whatever is no held payment that wait for another person, oldest first."""
    together: dict[bytes, list[tuple[Approval, forms.Form]]] = defaultdict(list)
    for row in _signed_rows():
        try:
            form = forms.parse(row.body)
        except ActRefused:
            continue  # altered by hand: it counts for nothing, and cashier verify finds it
        together[forms.same_act(form)].append((row, form))
    found = [_half_signed(config, rows) for rows in together.values()]
    return tuple(sorted((each for each in found if each is not None), key=lambda each: each.key))


def signatures_on(plan: Plan) -> tuple[Signature, ...]:
    """Who signed this very act, on this very state, and waits for another person; oldest first.
    The engine verifies each of them anew before it counts."""
    wanted = forms.same_act({"v": forms.VERSION, **plan.form_fields()})
    rows = Approval.select().where(
        (Approval.subject == plan.subject)
        & (Approval.history_hash == plan.history_hash)
        & (Approval.act == plan.act)
    )
    found = []
    for row in rows.order_by(Approval.arrived_at):
        try:
            form = forms.parse(row.body)
        except ActRefused:
            continue
        if forms.same_act(form) == wanted:
            said = str(form.get("reason", ""))
            found.append(Signature(str(row.staff), str(form["at"]), said))
    return tuple(found)


def _held(after: Waiting | None = None) -> Any:
    rows = Payment.select().where(Payment.state == "held")
    if after is None:
        return rows
    later = (Payment.updated_at == after.since) & (Payment.id > after.id)
    return rows.where((Payment.updated_at > after.since) | later)


def _of_payments(config: Config, rows: Iterable[Payment]) -> list[Waiting]:
    views = queries.views(config, rows)
    needs = needs_of(config, views)
    return [
        Waiting(
            id=view.id,
            since=view.updated_at,
            act=needs[view.id].act,
            kind=view.kind,
            client=view.client,
            currency=view.currency,
            decimals=view.decimals,
            units=view.units,
            why=view.reason,
            signed=needs[view.id].signed,
            persons=needs[view.id].persons,
            view=view,
        )
        for view in views
    ]


def _signed_rows() -> Sequence[Approval]:
    """Signatures after which nothing else happened: their history has no row that follows."""
    follows = History.select(SQL("1")).where(
        (History.payment == Approval.subject) & (History.prev == Approval.history_hash)
    )
    rows = Approval.select().where(Approval.act.not_in(_NOT_APART) & ~peewee.fn.EXISTS(follows))
    return list(rows.order_by(Approval.arrived_at))


def _half_signed(config: Config, rows: Sequence[tuple[Approval, forms.Form]]) -> Waiting | None:
    """None for the cure of a break that is gone: it waits for nobody."""
    row, form = rows[0]
    plan: Plan | None = None
    proposal = proposal_of(form)
    try:
        plan = plan_of(config, proposal)
    except CashierError:
        if row.act == "cure":
            return None
    currency = config.currencies.get(str(form.get("currency", "")))
    units = form.get("units")
    return Waiting(
        id=str(row.nonce),
        since=str(row.arrived_at),
        act=str(row.act),
        kind=str(form.get("kind", row.act)) if row.act == "cure" else str(row.act),
        client=form.get("client"),
        currency=str(form.get("currency", "")),
        decimals=0 if currency is None else currency.decimals,
        units=None if units is None else int(units),
        why=str(form.get("reason", "")) if plan is None else plan.says,
        signed=tuple(sorted({str(each.staff) for each, _ in rows})),
        persons=2 if plan is None else plan.persons,
        proposal=proposal,
        signatures=tuple(
            Signature(str(each.staff), str(said["at"]), str(said.get("reason", "")))
            for each, said in rows
        ),
    )
