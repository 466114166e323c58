"""A payment's story as lines: what PaymentScreen shows, without anything that draws."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from textual.content import Content

from console import words
from console.safe import clip, fit, middle, safe
from engine.money import format_fixed

if TYPE_CHECKING:
    from engine.story import AttemptView, Story
    from engine.views import HistoryView

MOVES_MOST = 200  # newest moves of a payment that has more
INDENT = " " * 12
AMOUNT_CELLS = 20
ALIGNED = 8  # decimals up to which amounts are written out, so that they stand under each other


def summary(story: Story, now: datetime, width: int) -> list[Content]:
    """What it is, how it stands, what it waits for, and where it is paid."""
    view = story.view
    state, style = words.state_of(view)
    waits = _waits(story)
    owner = f" · {story.owner} acts next" if story.waits and story.owner != "nobody" else ""
    title = f"{view.kind.replace('_', ' ')} {view.id}"
    amount = words.amount_of(view)
    gap = max(2, width - 2 - len(title) - len(amount))
    lines = [
        Content.assemble((safe(title), "bold"), " " * gap, (safe(amount), "bold")),
        Content.assemble(
            (f"{state} ", f"bold $state-{style}" if style != "calm" else "bold"),
            (f"for {words.age(view.updated_at, now)} · {safe(waits)}{owner}", ""),
        ),
        _line(f"client {view.client or '-'} · {view.currency} on {view.network or '-'}"),
        _line(f"address {view.address or '-'}"),
        _line(f"txid    {view.txid or '-'}{f' {view.index}' if view.index else ''}"),
    ]
    if view.reason and not _is_reason(story):
        lines.insert(2, _line(f"because {view.reason}"))
    return lines


def _waits(told: Story) -> str:
    """What it waits for, or the reason that the engine noted, which is a sentence of its own."""
    if _is_reason(told) and not told.view.reason.startswith("waiting for "):
        return f"waits: {told.waits}"
    return f"waits for {told.waits or 'nothing'}"


def _is_reason(told: Story) -> bool:
    return bool(told.waits) and told.view.reason.endswith(told.waits)


def story(told: Story, *, whole_evidence: bool) -> list[Content]:
    """Everything below the summary."""
    return [
        *_offers(told),
        *_history(told, whole_evidence=whole_evidence),
        *_entries(told),
        *_attempts(told.attempts),
        *_signatures(told),
        *_links(told),
    ]


def _offers(told: Story) -> Iterator[Content]:
    """Where it is staff's turn, why some acts are not possible now."""
    refused = [(offer.act, offer.why_not) for offer in told.offers if offer.why_not]
    if refused and told.owner == "staff":
        yield _head("not now")
        for act, why_not in refused:
            yield _line(f"  {act:<10}{why_not}", "$foreground-muted")


def _history(told: Story, *, whole_evidence: bool) -> Iterator[Content]:
    yield _head(f"story · way out: {told.way_out}" if told.way_out else "story")
    left_out = len(told.history) - MOVES_MOST
    if left_out > 0:
        yield _line(f"  {left_out} older moves: cashier show {told.view.id}", "$foreground-muted")
    day = ""
    for move in told.history[-MOVES_MOST:]:
        if move.at[:10] != day:
            day = move.at[:10]
            yield _line(f"  {day}", "$foreground-muted")
        yield from _move(move, whole_evidence=whole_evidence)


def _move(move: HistoryView, *, whole_evidence: bool) -> Iterator[Content]:
    shape, style = words.SHAPES.get(move.to_state, ("?", "asks"))
    colour = "" if style == "calm" else f"$state-{style}"
    yield Content.assemble(
        (f"  {words.clock(move.at)}  ", "$foreground-muted"),
        (f"{shape} {fit(move.to_state, 11)}", f"bold {colour}"),
        (f"{fit(move.event, 12)}", ""),
        (f"{safe(move.actor)}", "$foreground-muted"),
    )
    if move.reason:
        yield _line(f"{INDENT}{move.reason}")
    for line in _evidence(move.evidence, whole=whole_evidence):
        yield _line(f"{INDENT}{line}", "$foreground-muted")
    if whole_evidence and move.rule:
        yield _line(f"{INDENT}rule {move.rule}", "$foreground-muted")


def _evidence(evidence: Mapping[str, Any], *, whole: bool) -> Iterator[str]:
    """The block and depth in one line; with `whole` everything, a line each."""
    if whole:
        for name, value in sorted(evidence.items()):
            text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
            yield f"{name} {text}"
        return
    parts = []
    if evidence.get("block_height") is not None:
        parts.append(f"block {evidence['block_height']:,}")
    if evidence.get("confirmations"):
        of = f" of {evidence['required']}" if evidence.get("required") else ""
        parts.append(f"{evidence['confirmations']}{of} deep")
    signed = [each.get("staff", "?") for each in evidence.get("approvals", ())]
    if signed:
        parts.append(f"signed by {', '.join(signed)}")
    if parts:
        yield " · ".join(parts)


def _entries(told: Story) -> Iterator[Content]:
    if told.entries:
        yield _head("entries")
    for entry in told.entries:
        yield _line(f"  {words.clock(entry.at)}  {entry.event} · {entry.id}", "$foreground-muted")
        for posting in entry.postings:
            amount = posting.amount
            if posting.currency == told.view.currency and told.view.decimals <= ALIGNED:
                amount = format_fixed(posting.units, told.view.decimals)
            right = amount.rjust(AMOUNT_CELLS)  # never cut
            yield _line(
                f"{INDENT}{fit(middle(posting.account, 36), 36)} {right} {posting.currency}"
            )


def _attempts(attempts: tuple[AttemptView, ...]) -> Iterator[Content]:
    if attempts:
        yield _head("chain txs")
    for attempt in attempts:
        block = "" if attempt.block_height is None else f" · block {attempt.block_height:,}"
        others = f" · pays {attempt.others} more" if attempt.others else ""
        yield _line(f"  {words.clock(attempt.created_at)}  {attempt.state}{block}{others}")
        yield _line(f"{INDENT}{attempt.txid}")
        if attempt.nonce is not None:
            counted = f"number {attempt.nonce:,} of {attempt.source} · gas {attempt.gas or 0:,}"
            yield _line(f"{INDENT}{counted}", "$foreground-muted")
        fee = f"{'at most ' if attempt.at_most else ''}{attempt.fee} {attempt.fee_currency}"
        yield _line(
            f"{INDENT}pays {attempt.paid} · fee {fee} · sent {attempt.sends}x",
            "$foreground-muted",
        )
        if attempt.error:
            yield _line(f"{INDENT}the node said: {clip(attempt.error, 300)}", "$foreground-muted")


def _signatures(told: Story) -> Iterator[Content]:
    if told.approvals:
        yield _head("signatures")
    for each in told.approvals:
        to = f" to {each.account}" if each.account else ""
        why = f" · {each.reason}" if each.reason else ""
        yield _line(f"  {words.clock(each.at)}  {each.staff} {each.act}{to} · {each.state}{why}")
    if told.notes:
        yield _head("notes")
    for note in told.notes:
        yield _line(f"  {words.day(note.at)}  {note.staff}: {note.text}")


def _links(told: Story) -> Iterator[Content]:
    links = [
        ("continued by", told.view.successor),
        ("pays back", told.refund_of),
        ("paid back by", told.refunded_by),
    ]
    if any(text for _, text in links):
        yield _head("belongs to")
    for name, text in links:
        if text:
            yield _line(f"  {name:<14}{text}")


def _head(text: str) -> Content:
    return Content.assemble("\n", (safe(text), "bold $accent"))


def _line(text: str, style: str = "") -> Content:
    return Content.styled(safe(text), style) if style else Content(safe(text))
