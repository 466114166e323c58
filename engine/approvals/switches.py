"""Acts that move no coin: brakes on a currency, blocks on a client, notes beside a payment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from db.connection import database
from db.models import Client
from engine import brakes, chronicle
from engine.approvals.plan import Doing, Plan, Proposal
from engine.approvals.subjects import facts_of, reason_of, subject_of, title
from engine.chronicle import Subject
from engine.clock import rfc3339
from engine.config import Config
from engine.errors import ActRefused, CurrencyUnknown


def pause(config: Config, proposal: Proposal) -> Plan:
    """Put the brake on deposits, withdrawals, both, or sweeps of a currency. Raises ActRefused,
    CurrencyUnknown."""
    symbol, kinds = _currency(config, proposal), _kinds(proposal)
    on = brakes.of_currency(symbol)
    wanted = [kind for kind in kinds if kind not in on]
    if not wanted:
        words = ", ".join(f"{kind}s: {on[kind].reason}" for kind in kinds)
        raise ActRefused(f"{symbol} is paused already ({words})")
    carry_out = partial(_brake, symbol, {**dict.fromkeys(on, True), **dict.fromkeys(wanted, True)})
    return _of_currency(config, proposal, symbol, carry_out)


def resume(config: Config, proposal: Proposal) -> Plan:
    """Take the brake off. Raises ActRefused, CurrencyUnknown."""
    symbol, kinds = _currency(config, proposal), _kinds(proposal)
    on = brakes.of_currency(symbol)
    if not any(kind in on for kind in kinds):
        raise ActRefused(f"nobody paused {' or '.join(f'{kind}s' for kind in kinds)} of {symbol}")
    carry_out = partial(_brake, symbol, {kind: kind not in kinds for kind in on})
    return _of_currency(config, proposal, symbol, carry_out)


def block(config: Config, proposal: Proposal) -> Plan:
    """Hold whatever a client pays in from now on. Raises ActRefused."""
    return _of_client(config, proposal, blocked=True)


def unblock(config: Config, proposal: Proposal) -> Plan:
    """Let a client's payments pass again; what is held stays so. Raises ActRefused."""
    return _of_client(config, proposal, blocked=False)


def note(config: Config, proposal: Proposal) -> Plan:
    """Write a few words beside a payment, for staff and auditors. Raises ActRefused,
    PaymentNotFound."""
    payment = subject_of(proposal)
    beside = Subject("staff", payment.id, payment.client, payment.currency)
    write = partial(_write, beside, "note", "noted", work=lambda _doing: None)
    return Plan(
        act="note",
        subject=payment.id,
        history_hash=payment.last_hash,
        says=title(config, payment),
        fields={**facts_of(config, payment), "reason": reason_of(proposal)},
        carry_out=write,
    )


def client_subject(client: str) -> Subject:
    """The chronicle of a client's blocks."""
    return Subject("client", client, client=client)


def currency_subject(symbol: str) -> Subject:
    """The chronicle of a currency's brakes."""
    return Subject("currency", symbol, currency=symbol)


def _of_currency(
    config: Config, proposal: Proposal, symbol: str, carry_out: Callable[[Doing], None]
) -> Plan:
    subject = currency_subject(symbol)
    fields = {"currency": symbol, "network": config.currencies[symbol].network}
    if proposal.kind is not None:
        fields["kind"] = proposal.kind
    what = f"{proposal.kind}s" if proposal.kind else "deposits and withdrawals"
    return Plan(
        act=proposal.act,
        subject=subject.id,
        history_hash=chronicle.last_hash(subject),
        says=f"{what} of {symbol}",
        fields={**fields, "reason": reason_of(proposal)},
        carry_out=carry_out,
    )


def _of_client(config: Config, proposal: Proposal, *, blocked: bool) -> Plan:  # noqa: ARG001  # a table's one signature
    name = proposal.client or ""
    client: Client | None = Client.get_or_none(Client.id == name)
    if client is None:
        raise ActRefused(f"there is no client {name}")
    if bool(client.blocked) == blocked:
        why = f": {client.blocked_reason}" if blocked and client.blocked_reason else ""
        raise ActRefused(f"client {name} is {'blocked already' if blocked else 'not blocked'}{why}")
    subject = client_subject(name)
    work = partial(_set_blocked, name, blocked)
    event, to = ("block", "blocked") if blocked else ("unblock", "open")
    return Plan(
        act=proposal.act,
        subject=subject.id,
        history_hash=chronicle.last_hash(subject),
        says=f"client {name}",
        fields={"client": name, "reason": reason_of(proposal)},
        carry_out=partial(_write, subject, event, to, work=work),
    )


def _brake(symbol: str, wanted: Mapping[str, bool], doing: Doing) -> None:
    """Bring the brakes of a currency to `wanted`, by kind."""

    def work(doing: Doing) -> None:
        on = brakes.of_currency(symbol)
        for kind, paused in wanted.items():
            if paused and kind not in on:
                brakes.put_on(
                    currency=symbol,
                    kind=kind,
                    reason=doing.reason,
                    staff=doing.actor.removeprefix("staff:"),
                    now=doing.now,
                )
            elif kind in on and not paused:
                brakes.take_off(currency=symbol, kind=kind)

    paused = [f"{kind}s" for kind in brakes.KINDS if wanted.get(kind)]
    to = f"{' and '.join(paused)} paused" if paused else "open"
    event = str(doing.evidence["act"])
    _write(currency_subject(symbol), event, to, doing, work=work)


def _set_blocked(client: str, blocked: bool, doing: Doing) -> None:  # noqa: FBT001  # bound by partial
    changes: dict[str, Any] = {
        "blocked": blocked,
        "blocked_reason": doing.reason if blocked else "",
        "blocked_at": rfc3339(doing.now) if blocked else None,
    }
    Client.update(**changes).where(Client.id == client).execute()


def _write(
    subject: Subject, event: str, to: str, doing: Doing, *, work: Callable[[Doing], None]
) -> None:
    with database.atomic():
        doing.guard()
        work(doing)
        chronicle.write(
            subject,
            event,
            to=to,
            actor=doing.actor,
            reason=doing.reason,
            evidence=doing.evidence,
            now=doing.now,
        )
        doing.also()


def _currency(config: Config, proposal: Proposal) -> str:
    symbol = proposal.currency or ""
    if symbol not in config.currencies:
        raise CurrencyUnknown(f"no currency {symbol} is configured")
    return symbol


def _kinds(proposal: Proposal) -> tuple[str, ...]:
    if proposal.kind is None:
        return brakes.CLIENTS
    if proposal.kind not in brakes.KINDS:
        raise ActRefused("only deposits, withdrawals and sweeps can be paused")
    return (proposal.kind,)
