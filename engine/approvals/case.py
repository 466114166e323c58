"""What a person looks at before deciding on a held payment: who asked, where the coins would go,
what this client did before, how much of the limits is used, what would be posted. Read-only."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import peewee

from db.connection import database
from db.exact import sum_sql
from db.models import Client, History, Payment
from engine import queries
from engine.approvals.acts import plan_of
from engine.approvals.plan import Plan, Proposal
from engine.approvals.rights import check_right
from engine.approvals.views import ApprovalView, Note, approvals_of, notes_of
from engine.config import Config, Currency
from engine.errors import CashierError
from engine.ledger import HOUSE, NewEntry
from engine.rules import DAY, HOUR
from engine.sender import entries
from engine.views import PaymentView
from engine.waiting import Needs, needs_of
from engine.withdrawals.flow import PAID, WithdrawalFlow


@dataclass(frozen=True, slots=True)
class Sum:
    """Payments of one kind: how many, their units, and when the last one ended (RFC 3339 UTC)."""

    count: int = 0
    units: int = 0
    last: str | None = None


@dataclass(frozen=True, slots=True)
class Past:
    """What a client did in one currency before, and what became of the same address: `here` are
    its own payouts to it, `others` how many other clients were paid there."""

    since: str
    blocked: str
    credited: Sum
    paid: Sum
    here: Sum
    others: int


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit in force and how much of it is used, this payment included."""

    name: str
    used: int
    most: int

    @property
    def passed(self) -> bool:
        return self.used > self.most


@dataclass(frozen=True, slots=True)
class Offered:
    """An act as it stands for one person: `entry` is what it would post, `when` a few words about
    when; `why_not` what stands against it now, `not_you` why this person cannot sign it: both
    empty for nothing."""

    entry: NewEntry | None = None
    when: str = ""
    persons: int = 1
    why_not: str = ""
    not_you: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """`asked` is the address as the first row of the history has it, `paid` where the coins would
    go now; `rule` names what held it, `offer` says what the act would do."""

    view: PaymentView
    needs: Needs
    rule: str
    asked: str | None
    paid: str | None
    past: Past | None
    limits: tuple[Limit, ...]
    offer: Offered
    approvals: tuple[ApprovalView, ...]
    notes: tuple[Note, ...]


def case_of(config: Config, payment_id: str, *, staff: str, now: datetime) -> Case | None:
    """The case of a held payment for the person who looks at it, empty for nobody; None when it is
    not held any more."""
    payment: Payment | None = Payment.get_or_none(Payment.id == payment_id)
    if payment is None or payment.state != "held":
        return None
    (view,) = queries.views(config, [payment])
    needs = needs_of(config, [view])[view.id]
    currency = config.currencies.get(view.currency)
    offer = _offered_on(config, payment, needs, staff)
    return Case(
        view=view,
        needs=Needs(needs.act, needs.signed, max(offer.persons, needs.persons)),
        rule=_rule(payment_id),
        asked=_asked(payment) if view.kind != "deposit" else None,
        paid=payment.address if view.kind != "deposit" else None,
        past=None if view.client is None else _past(view),
        limits=() if currency is None else tuple(_limits(currency, view, now)),
        offer=offer,
        approvals=approvals_of(payment_id),
        notes=notes_of(payment_id),
    )


def offered(config: Config, proposal: Proposal, signed: Collection[str], *, staff: str) -> Offered:
    """An act as it stands for the person who looks at it."""
    not_you = _no_right(config, staff, proposal.act)
    try:
        plan = plan_of(config, proposal)
    except CashierError as error:
        return Offered(why_not=str(error), not_you=not_you)
    entry, when = posted_by(plan)
    return Offered(entry, when, plan.persons, "", not_you or plan.objection(staff, signed))


def posted_by(plan: Plan) -> tuple[NewEntry | None, str]:
    """The entry that an act leads to and when it is posted: a withdrawal's coins leave the books
    when they are gone for good, not when it is released."""
    if plan.act == "approve" and plan.fields.get("kind") == "withdrawal":
        payment: Payment = Payment.get_by_id(plan.subject)
        return entries.settled(payment, "credit"), "once its chain tx is deep"
    if "outcome" in plan.fields:
        return plan.entry, "once the engine has asked the node again"
    return plan.entry, "at once"


def _offered_on(config: Config, payment: Payment, needs: Needs, staff: str) -> Offered:
    """The act that a held payment needs."""
    account = None
    if needs.act == "book":
        account = HOUSE if payment.client is None else f"client:{payment.client}"
    proposal = Proposal(act=needs.act, payment=payment.id, account=account)
    found = offered(config, proposal, needs.signed, staff=staff)
    return replace(found, when="if it is booked to the house") if account == HOUSE else found


def _no_right(config: Config, staff: str, act: str) -> str:
    if not staff:
        return "nobody sits here: cashier console --as STAFF signs"
    try:
        check_right(config.staff, staff, act)
    except CashierError as error:
        return str(error)
    return ""


def _rule(payment_id: str) -> str:
    """The name of the rule that held it, as the move says; empty where it names none."""
    rows = History.select(History.evidence).where(
        (History.payment == payment_id) & (History.event == "hold")
    )
    last = rows.order_by(History.seq.desc()).first()
    return "" if last is None else str(json.loads(last.evidence).get("rule") or "")


def _asked(payment: Payment) -> str | None:
    """The address in the first row of its history."""
    first = History.get_or_none((History.payment == payment.id) & (History.prev == payment.id))
    address = None if first is None else json.loads(first.evidence).get("address")
    return None if address is None else str(address)


def _past(view: PaymentView) -> Past:
    client = Client.get_or_none(Client.id == view.client)
    own = (Payment.client == view.client) & (Payment.currency == view.currency)
    paid = (Payment.kind == "withdrawal") & Payment.state.in_(PAID) & (Payment.id != view.id)
    there = (Payment.address == view.address) & paid
    return Past(
        since="" if client is None else client.created_at,
        blocked=(client.blocked_reason or "blocked") if client and client.blocked else "",
        credited=_sum(own & (Payment.kind == "deposit") & (Payment.state == "credited")),
        paid=_sum(own & paid),
        here=_sum(own & there) if view.address else Sum(),
        others=_clients(there & (Payment.client != view.client)) if view.address else 0,
    )


def _sum(condition: Any) -> Sum:
    total = peewee.SQL(sum_sql(database.obj, "units"))
    found = Payment.select(peewee.fn.COUNT(Payment.id), total, peewee.fn.MAX(Payment.updated_at))
    count, units, last = found.where(condition).scalar(as_tuple=True)
    return Sum(int(count), int(units or 0), last)


def _clients(condition: Any) -> int:
    return int(Payment.select(Payment.client).where(condition).distinct().count())


def _limits(currency: Currency, view: PaymentView, now: datetime) -> Iterator[Limit]:
    """Limits that a withdrawal counts against."""
    if view.kind != "withdrawal" or view.client is None:
        return
    limits = currency.withdrawal
    flow = WithdrawalFlow(
        currency=currency.symbol, client=view.client, address=view.address or "", now=now
    )
    if limits.approve_above is not None:
        yield Limit("without a person", view.units or 0, limits.approve_above)
    if limits.daily_limit is not None:
        yield Limit("this client, 24 hours", flow.of_client(DAY), limits.daily_limit)
    if limits.total_hourly is not None:
        yield Limit("all clients, 1 hour", flow.of_all(HOUR), limits.total_hourly)
    if limits.total_daily is not None:
        yield Limit("all clients, 24 hours", flow.of_all(DAY), limits.total_daily)
