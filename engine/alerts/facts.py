"""What staff must know now: found in the tables anew in each look, so that nothing is forgotten
over a restart and nothing stays that is not so any more."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import peewee

from db.findings import Break
from db.models import Chain, History, Parked, Payment, Seal
from engine import brakes
from engine.approvals.acceptance import standing
from engine.audit import sealed
from engine.clock import parse_rfc3339, rfc3339
from engine.config import Config, Currency
from engine.money import format_amount
from engine.reconciliation.kinds import ENGINE, KINDS
from engine.rules import DAY, HOUR
from engine.sender import papers, proof, refund_proof
from engine.sender.by_nonce.settle import FAILED
from engine.sender.due import NOT_COLD
from engine.sender.judged import PAID_BEFORE
from engine.withdrawals.flow import WithdrawalFlow

NODE_PATIENCE = timedelta(minutes=5)
BREAK_PATIENCE = timedelta(minutes=30)  # of those that the engine cures by itself
HELD_PATIENCE = timedelta(hours=1)
SENDING_PATIENCE = timedelta(minutes=15)
SEALING_PATIENCE = timedelta(hours=1)
ALONE_MAX = 10  # of a kind and a currency; what is beyond is told as one
READ_MAX = 1_000
URGENT_BREAKS = ("own_funds_negative", "unknown_spend")
NODE_UNWELL = "node_unwell"
FLAWS = (
    proof.UNPROVED_HISTORY,
    proof.UNPROVED_AMOUNT,
    proof.SIGNED_BEFORE,
    proof.UNPROVED_SEALS,
    proof.UNPROVED_BALANCE,
    papers.UNSIGNED,
    papers.NOT_ALLOWED,
    refund_proof.UNPROVED_REFUND,
    refund_proof.UNSIGNED_REFUND,
    refund_proof.UNPROVED_COIN,
    NOT_COLD,
    PAID_BEFORE,
)


log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that staff must know. `subject` tells it from others of its kind; `text` is one
    line: what it is, and what to do."""

    kind: str
    currency: str
    subject: str
    text: str
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        return self.kind, self.currency, self.subject


Source = Callable[[Config, datetime], Iterable[Fact]]


def find(config: Config, now: datetime) -> list[Fact]:
    """Every fact, bounded: the oldest of a kind alone, the others together."""
    found: dict[tuple[str, str], list[Fact]] = defaultdict(list)
    for source in _SOURCES:
        for fact in _look(source, config, now):
            found[fact.kind, fact.currency].append(fact)
    return [fact for together in found.values() for fact in _bounded(together)]


def _look(source: Source, config: Config, now: datetime) -> Iterable[Fact]:
    """What one source finds; a fault of one must not silence the others."""
    try:
        return list(source(config, now))
    except peewee.PeeweeException:
        raise  # nothing can be told now
    except Exception:
        log.exception("alerts: one of the looks failed")
        name = getattr(source, "__name__", "one").strip("_")
        text = f"alerts of {name} cannot be found: see the engine's log"
        return [Fact("look_failed", "", name, text)]


def _bounded(facts: list[Fact]) -> Iterator[Fact]:
    yield from facts[:ALONE_MAX]
    more = facts[ALONE_MAX:]
    if more:
        first = more[0]
        text = f"{first.currency}: more than {ALONE_MAX} of the kind {first.kind}, such as"
        text = f"{text.removeprefix(': ')} {first.text}"
        yield Fact(first.kind, first.currency, "more", text)


def _nodes(config: Config, now: datetime) -> Iterator[Fact]:
    """A chain on which nothing is credited or paid."""
    since = rfc3339(now - NODE_PATIENCE)
    chains = {currency.chain for currency in config.currencies.values()}
    for row in Chain.select().where((Chain.state != "well") & (Chain.since <= since)):
        if row.symbol in chains:
            text = (
                f"{row.symbol}: nothing is credited or paid since {row.since}: {row.reason};"
                f" cashier check {row.symbol}"
            )
            yield Fact(NODE_UNWELL, row.symbol, row.symbol, text, {"reason": row.reason})


def _breaks(config: Config, now: datetime) -> Iterator[Fact]:
    """Open breaks that are for staff, and those that the engine does not get cured."""
    rows = Break.select().where((Break.state == "open") & (Break.kind != NODE_UNWELL))
    for row in rows.order_by(Break.first_seen).limit(READ_MAX):
        currency = config.currencies.get(row.currency)
        young = now - parse_rfc3339(row.first_seen) < BREAK_PATIENCE
        if currency is None or (row.owner == ENGINE and young):
            continue
        kind = row.kind if row.kind in URGENT_BREAKS else "break_opened"
        means = KINDS[row.kind].means if row.kind in KINDS else row.kind
        amount = format_amount(int(row.units), currency.decimals)
        yield Fact(
            kind,
            row.currency,
            f"{row.kind}/{row.subject}",
            f"{row.currency}: {means}: {amount} about {row.subject}; {row.cure}",
            {"break": row.id, "kind": row.kind, "amount": amount, "cure": row.cure},
        )


def _reversed(config: Config, _now: datetime) -> Iterator[Fact]:
    """Credits that were taken back."""
    for row in _payments((Payment.state == "reversed") & (Payment.kind == "deposit")):
        text = f"a credited deposit of {_amount(config, row)} was reversed; cashier show {row.id}"
        yield _of_payment("deposit_reversed", row, text)


def _unproved(config: Config, _now: datetime) -> Iterator[Fact]:
    """Payments that somebody may have put into the database or changed there."""
    wanted = (Payment.state == "held") & Payment.kind.in_(("withdrawal", "transfer"))
    for row in _payments(wanted & Payment.reason.in_(FLAWS)):
        text = (
            f"{_amount(config, row)} are not paid: {row.reason};"
            f" cashier verify --database, then cashier show {row.id}"
        )
        yield _of_payment("payment_unproved", row, text)


def _unsealed(config: Config, _now: datetime) -> Iterator[Fact]:
    """Nothing is signed, because old rows are not what was sealed."""
    reasons = (sealed.CHANGED, sealed.NO_KEY)
    for row in _payments((Payment.state == "requested") & Payment.reason.in_(reasons)):
        if row.currency in config.currencies:
            text = f"{row.currency}: nothing is sent: {row.reason}"
            yield Fact("history_changed", row.currency, row.currency, text)
            return


def _held(config: Config, now: datetime) -> Iterator[Fact]:
    """What has waited long for a person."""
    since = rfc3339(now - HELD_PATIENCE)
    wanted = (Payment.state == "held") & Payment.reason.not_in(FLAWS)
    for row in _payments(wanted & (Payment.updated_at <= since)):
        text = (
            f"a {row.kind} of {_amount(config, row)} is held since {row.updated_at}:"
            f" {row.reason}; cashier show {row.id}"
        )
        yield _of_payment("held_too_long", row, text)


def _totals(config: Config, now: datetime) -> Iterator[Fact]:
    """More than usual is being withdrawn by all clients together."""
    for currency in config.currencies.values():
        limits = currency.withdrawal
        flow = WithdrawalFlow(currency=currency.symbol, client="", address="", now=now)
        for name, limit, window in (
            ("total_hourly", limits.total_hourly, HOUR),
            ("total_daily", limits.total_daily, DAY),
        ):
            units = 0 if limit is None else flow.of_all(window)
            if limit is not None and units > limit:
                asked, most = (format_amount(each, currency.decimals) for each in (units, limit))
                text = f"{currency.symbol}: {asked} were asked for, more than {name} of {most}"
                text = f"{text}; what passes it is held"
                yield Fact("total_passed", currency.symbol, name, text, {"asked": asked})


def _sending(config: Config, now: datetime) -> Iterator[Fact]:
    """Payments that should have been signed long ago; a person's brake is no news."""
    stopped = brakes.braked("withdrawal")
    for currency in config.currencies.values():
        oldest = None if currency.symbol in stopped else _oldest_unsent(currency, now)
        if oldest is not None:
            why = oldest.reason.removeprefix("waiting: ") or "the engine has not come to it"
            text = f"{currency.symbol}: nothing is sent since {oldest.updated_at}: {why}"
            yield Fact("sending_stopped", currency.symbol, currency.symbol, text, {"reason": why})


def _oldest_unsent(currency: Currency, now: datetime) -> Payment | None:
    patience = SENDING_PATIENCE + timedelta(seconds=currency.batch.every)
    row: Payment | None = (
        Payment.select()
        .where(
            (Payment.state == "requested")
            & (Payment.currency == currency.symbol)
            & Payment.kind.in_(("withdrawal", "transfer"))
            & Payment.attempt.is_null()
            & (Payment.updated_at <= rfc3339(now - patience))
        )
        .order_by(Payment.first_seq)
        .first()
    )
    return row


def _stuck(config: Config, now: datetime) -> Iterator[Fact]:
    """Payments that were signed long ago, and why they do not come to their end."""
    wanted = Payment.state.in_(("requested", "pending")) & ~Payment.attempt.is_null()
    wanted &= (Payment.reason != "") & (Payment.reason != FAILED)
    for row in _payments(wanted & (Payment.updated_at <= rfc3339(now - SENDING_PATIENCE))):
        why = row.reason.removeprefix("waiting: ")
        text = (
            f"a {row.kind} of {_amount(config, row)} was signed and is not done since"
            f" {row.updated_at}: {why}; cashier show {row.id}"
        )
        yield _of_payment("send_stuck", row, text)


def _sweeping(_config: Config, _now: datetime) -> Iterator[Fact]:
    """A sweep did not bring what it should, or what it goes to cannot be trusted."""
    for view in brakes.braked(brakes.SWEEP).values():
        if view.by == brakes.BY_ENGINE:
            text = (
                f"{view.currency}: {view.words} since {view.since}: {view.reason};"
                f" when it is clear: cashier resume {view.currency} sweeps"
            )
            yield Fact("sweeps_halted", view.currency, view.since, text, {"reason": view.reason})


def _parked(_config: Config, _now: datetime) -> Iterator[Fact]:
    """What a node says and nobody can read."""
    for row in Parked.select().order_by(Parked.since).limit(READ_MAX):
        text = f"{row.chain}: {row.key} cannot be used: {row.reason}"
        yield Fact("parked", row.chain, row.key, text, {"since": row.since})


def _unaccepted(config: Config, _now: datetime) -> Iterator[Fact]:
    """Somebody wrote a key or a cold address into cashier.toml."""
    for item in standing(config).waiting:
        text = f"{item.says} waits for two approvers; cashier keys accept {item.name}"
        yield Fact("acceptance_waiting", "", item.subject.id, text, dict(item.fields))


def _sealing(_config: Config, now: datetime) -> Iterator[Fact]:
    """Histories are not sealed any more: a row was changed, or the key is gone."""
    last: Seal | None = Seal.select(Seal.last_seq).order_by(Seal.number.desc()).first()
    after = 0 if last is None else int(last.last_seq)
    oldest: History | None = (
        History.select(History.at).where(History.seq > after).order_by(History.seq).first()
    )
    if oldest is not None and oldest.at <= rfc3339(now - SEALING_PATIENCE):
        text = f"no history is sealed since {oldest.at}; cashier verify --database says why"
        yield Fact("sealing_stopped", "", "seals", text)


def _payments(wanted: Any) -> list[Payment]:
    return list(Payment.select().where(wanted).order_by(Payment.first_seq).limit(READ_MAX))


def _amount(config: Config, row: Payment) -> str:
    currency = config.currencies.get(row.currency)
    if currency is None or row.units is None:
        return str(row.currency)
    return f"{format_amount(int(row.units), currency.decimals)} {row.currency}"


def _of_payment(kind: str, row: Payment, text: str) -> Fact:
    return Fact(kind, row.currency, row.id, text, {"payment": row.id, "client": row.client})


_SOURCES: tuple[Source, ...] = (
    _nodes,
    _breaks,
    _reversed,
    _unproved,
    _unsealed,
    _held,
    _totals,
    _sending,
    _stuck,
    _sweeping,
    _parked,
    _unaccepted,
    _sealing,
)
