"""What is said of a client, as lines for support: first what to tell them, then what we know."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from textwrap import wrap
from typing import TYPE_CHECKING

from console import words
from console.deciding import Line, line
from console.safe import safe
from engine.money import format_amount

if TYPE_CHECKING:
    from engine.client_figures import ClientFigures, ClientLine, Spent
    from engine.views import BalanceView

FUNDS_SHOWN = 3


def state_of(row: ClientLine) -> tuple[str, str]:
    """Blocked, in debt or nothing special, and its style's name."""
    if row.blocked:
        return "! blocked", "asks"
    if any(units < 0 for _, _, units in row.funds):
        return "< owes", "wrong"
    return ("~ open", "going") if row.open else ("=", "calm")


def funds_of(row: ClientLine) -> str:
    """Balances in a few words."""
    said = [f"{format_amount(units, at)} {symbol}" for symbol, at, units in row.funds[:FUNDS_SHOWN]]
    more = len(row.funds) - FUNDS_SHOWN
    return ", ".join([*said, *([f"{more} more"] if more > 0 else [])]) or "-"


def told(found: ClientFigures, now: datetime, width: int) -> list[Line]:
    """Everything of one client."""
    row = found.line
    since = f"since {words.day(row.created_at)} UTC"
    lines: list[Line] = [line(f"client {row.id} · {since}", "bold")]
    if row.blocked:
        when = words.day(found.blocked_at)
        lines.append(("! blocked", f"{row.blocked_reason}, since {when} UTC", "bold $state-asks"))
    lines += [line(), *_balances(found), line(), *_story(found, width)]
    lines += [line(), *_addresses(found), line(), *_acts(found, now)]
    return lines


def _balances(found: ClientFigures) -> Iterator[Line]:
    for each in found.balances:
        if each.available or each.pending or each.in_transit:
            yield ("balance", _balance(each), "bold $state-wrong" if each.available < 0 else "")
    if not found.line.funds:
        yield ("balance", "zero in every currency", "")
    for spent in found.spent:
        yield ("in 24 hours", _spent(spent), "")


def _balance(view: BalanceView) -> str:
    def amount(units: int) -> str:
        return words.amount(units, view.decimals, view.currency)

    said = amount(view.available)
    if view.available < 0:
        said += " (owes us: a deposit was taken back)"
    said += f", {amount(view.pending)} pending" if view.pending else ""
    return said + (f", {amount(view.in_transit)} in transit" if view.in_transit else "")


def _spent(spent: Spent) -> str:
    asked = f"{format_amount(spent.units, spent.decimals)} {spent.currency} asked for"
    if spent.limit is None:
        return asked
    return f"{asked} of {format_amount(spent.limit, spent.decimals)} allowed"


def _story(found: ClientFigures, width: int) -> Iterator[Line]:
    yield line("to tell the client (y copies it)", "$foreground-muted")
    for part in found.story.split("\n"):
        for piece in wrap(safe(part), max(20, width - 2), break_on_hyphens=False) or [""]:
            yield line(f"  {piece}")


def _addresses(found: ClientFigures) -> Iterator[Line]:
    for each in found.addresses:
        given = f"given {words.day(each.issued_at)}" if each.issued_at else "not given"
        used = f"first coin {words.day(each.used_at)}" if each.used_at else "no coin yet"
        yield (f"{each.chain} address", each.address, "")
        yield ("", f"{given}, {used}", "$foreground-muted")
    if not found.addresses:
        yield ("addresses", "none was given yet", "")


def _acts(found: ClientFigures, now: datetime) -> Iterator[Line]:
    for act in found.acts:
        who = act.actor.removeprefix("staff:")
        yield (act.event, f"{words.age(act.at, now)} ago by {who}: {act.reason}", "")
