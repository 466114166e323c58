"""Rows and breaks of a reconciliation as text: what the screens show and what is copied."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from textual.content import Content

from console import deciding, words
from console.deciding import Line
from console.safe import fit, safe
from engine.money import format_amount, format_fixed

if TYPE_CHECKING:
    from engine.approvals.remedies import Remedy
    from engine.config import Config
    from engine.reconciliation.board import BoardRow
    from engine.reconciliation.standing import BreakView

COPIED_CELLS = 78


def text_of(row: BoardRow, now: datetime) -> tuple[str, str]:
    """The left side of a row, and its style."""
    if row.what == "currency":
        return _of_currency(row, now)
    if row.line is not None:
        mark = ("▾ " if row.opened else "▸ ") if row.line.item else "  "
        style = ""
        if row.line.words == "difference":
            style = "wrong" if row.line.units else "done"
        return f"  {mark}{row.line.text}", style
    if row.payment is not None:
        state, style = words.state_of(row.payment)
        kind, client = words.kind_of(row.payment), row.payment.client or "-"
        return f"      {kind:<4} {state:<14} {client}  {row.payment.id[:8]}", style
    if row.found is not None:
        return _of_break(row.found, now)
    if row.what == "more":
        return f"  … and {row.left:,} more: cashier reconcile {row.currency} prints them", "asks"
    return "", ""


def figure_of(row: BoardRow) -> tuple[str, str]:
    """The right side of a row, and its style."""
    from engine.reconciliation.telling import NOT_EXPLAINED, figure

    if row.what == "currency":
        if row.sums is None:
            return "never compared", "asks"
        count = f"{row.breaks:,} break{'s' * (row.breaks != 1)}"
        if row.sums.residual:
            return f"! {NOT_EXPLAINED}, {count}", "wrong"
        return (f"! {count}", "asks") if row.breaks else ("= explained", "done")
    if row.line is not None:
        return figure(row.line, row.decimals), text_of_difference(row)
    if row.payment is not None:
        return words.amount_of(row.payment).removesuffix(f" {row.currency}"), "calm"
    if row.found is not None:
        return format_fixed(row.found.units, row.decimals), ""
    return "", ""


def text_of_difference(row: BoardRow) -> str:
    """The style of a sum's figure: the difference is the one that people look for."""
    assert row.line is not None
    if row.line.words != "difference":
        return ""
    return "wrong" if row.line.units else "done"


def _of_currency(row: BoardRow, now: datetime) -> tuple[str, str]:
    from engine.reconciliation.telling import short_hash

    if row.sums is None:
        return f"{row.currency}  cashier check {row.currency} says what is missing", "asks"
    at = f"{row.currency} at block {row.sums.height:,}  {short_hash(row.sums.hash)}"
    return f"{at}  {words.age(row.sums.at, now)} ago", ""


def _of_break(view: BreakView, now: datetime) -> tuple[str, str]:
    age = words.age(view.first_seen, now)
    if view.owner == "engine":
        return f"  ~ {view.kind}  {age}  cures itself: {means(view)}", "going"
    return f"  ! {view.kind}  {age}  {means(view)}", "asks"


def means(view: BreakView) -> str:
    """What a kind of break is, in words."""
    from engine.reconciliation.kinds import KINDS

    return KINDS[view.kind].means if view.kind in KINDS else "this console does not know the kind"


def standing_of(rows: Iterable[BoardRow]) -> tuple[str, str]:
    """One line about everything: quiet on a quiet day."""
    currencies = [row for row in rows if row.what == "currency"]
    never = [row.currency for row in currencies if row.sums is None]
    uneven = [row.currency for row in currencies if row.sums is not None and row.sums.residual]
    breaks = sum(row.breaks for row in currencies)
    said = [f"{', '.join(uneven)} NOT EXPLAINED"] if uneven else []
    said += [f"{breaks:,} break{'s' * (breaks != 1)} open"] if breaks else []
    said += [f"{', '.join(never)} never compared"] if never else []
    if said:
        return f"! {' · '.join(said)}", "bold $state-wrong" if uneven else "bold $state-asks"
    count = "the currency is" if len(currencies) == 1 else f"all {len(currencies)} currencies are"
    return f"= {count} explained to the last unit, no break is open", "$state-done"


def copied(rows: Iterable[BoardRow], now: datetime) -> str:
    """What is shown as plain text, amounts below each other."""
    lines = []
    for row in rows:
        left, right = safe(text_of(row, now)[0]), figure_of(row)[0]
        gap = max(2, COPIED_CELLS - len(left) - len(right))
        lines.append(f"{left}{' ' * gap}{right}".rstrip())
    return "\n".join(lines)


def of_break(remedy: Remedy, width: int, config: Config, now: datetime) -> list[Line]:
    """A break: what it means, its evidence, its cure with the entry, and who signed."""
    from engine.reconciliation.telling import evidence_lines

    view = remedy.view
    shape = "!" if view.state == "open" else "="
    title = f"{shape} {view.kind} of {format_amount(view.units, view.decimals)} {view.currency}"
    right = f"{view.state} for {words.age(view.first_seen, now)} · {view.owner}"
    if view.state != "open":
        right = f"closed: {view.closed_by}"
    gap = max(1, width - len(right) - 1)
    lines: list[Line] = [
        deciding.line(f"{fit(title, gap)} {right}", "bold"),
        ("means", means(view), ""),
        *([] if view.subject in view.evidence.values() else [("about", view.subject, "")]),
        ("seen", f"{words.day(view.first_seen)}, last {words.day(view.last_seen)} UTC", ""),
        deciding.line(),
        *((label, text, "") for label, text in evidence_lines(view)),
        deciding.line(),
    ]
    return [*lines, *_of_cure(remedy, config)]


def _of_cure(remedy: Remedy, config: Config) -> Iterator[Line]:
    from engine.approvals.case import Offered
    from engine.approvals.remedies import why_none
    from engine.ledger import Line as Posting
    from engine.ledger import NewEntry

    if remedy.proposal is None:
        yield "cure", why_none(remedy.view), "$state-asks" if remedy.view.state == "open" else ""
        return
    yield "cure", remedy.words, "$state-asks"
    for number, each in enumerate(remedy.signatures):
        said = f"{words.day(each.at)} by {each.staff}{deciding.why(each.reason)}"
        yield "" if number else "signed", said, ""
    if remedy.offer is not None:
        if remedy.offer.why_not:
            yield "not now", remedy.offer.why_not, "bold $state-wrong"
        if remedy.offer.not_you:
            yield "not you", remedy.offer.not_you, "bold $state-asks"
    if remedy.offer is not None and remedy.offer.entry is not None:
        yield from deciding.of_entry(config, remedy.offer)
    elif remedy.view.entry:
        lines = tuple(Posting(*each) for each in remedy.view.entry)
        when = {"book": "if it is booked to the house"}.get(remedy.proposal.act, "when it is cured")
        yield from deciding.of_entry(config, Offered(NewEntry("cure", lines), when))


def plain_of(lines: Iterable[Line], width: int) -> str:
    """Lines as plain text."""
    shown: Content = deciding.together(lines, width)
    return "\n".join(line.rstrip() for line in shown.plain.split("\n"))
