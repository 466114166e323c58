"""What a person looks at before deciding on something that waits, as lines; nothing that draws."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from textwrap import wrap
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content

from console import letters, words
from console.safe import clip, fit, middle, safe
from engine.money import format_amount, format_fixed

if TYPE_CHECKING:
    from engine.approvals.case import Case, Limit, Offered, Past, Sum
    from engine.approvals.plan import Proposal
    from engine.approvals.queue import Waiting
    from engine.config import Config

LABEL = letters.LABEL
Line = Content | tuple[str, str, str]
"""A line of its own, or a label, its text and the style of the text: such text wraps beside it."""

AMOUNT_CELLS = 24
ACCOUNT_CELLS = 32
SHAPES = {"suspense": "?", "deposit": "!", "withdrawal": "!", "transfer": "!"}
SIGNED_SHAPE = "&"
SIGN = "sign"  # another person's half of an act


def what(row: Waiting) -> str:
    """What waits, as a shape and a word."""
    if row.view is None:
        return f"{SIGNED_SHAPE} {row.act}"
    word = "suspense" if row.client is None and row.kind == "deposit" else row.kind
    return f"{SHAPES.get(word, '!')} {word.replace('_', ' ')}"


def amount(row: Waiting) -> tuple[str, str]:
    """The amount, like everywhere."""
    if row.view is not None:
        return words.listed_of(row.view), ""
    if row.units is None:
        return row.currency, ""
    return words.listed(row.units, row.decimals, row.currency), ""


def acts_on(row: Waiting) -> tuple[str, ...]:
    """The acts that what waits can take: one half signed is only signed."""
    if row.view is None:
        return (SIGN,)
    return (row.act, "refuse", "note")


def payment_of(row: Waiting) -> str:
    """The payment that a half-signed act is on; empty where it is on something else."""
    proposal = row.proposal
    return proposal.payment or "" if proposal is not None and row.act == "refund" else ""


def act_of(row: Waiting, act: str) -> str:
    """The act that a key means on this row."""
    return row.act if act == SIGN else act


def proposal_on(row: Waiting, act: str) -> Proposal:
    """What is proposed on this row by a key."""
    from engine.approvals.plan import Proposal

    if row.proposal is not None:
        return row.proposal
    return Proposal(act=act, payment=row.id)


def signed(row: Waiting) -> str:
    """How many signed of how many."""
    return f"{len(row.signed)} of {row.persons}"


def title(row: Waiting, width: int) -> Content:
    """What it is about, and how much."""
    if row.view is None:
        return line(f"{row.act}: {row.why}", "bold")
    whose = f"client {row.client}" if row.client else "nobody"
    fee = row.view.fee_units
    amount = words.amount_of(row.view)
    if fee:
        amount += f" + fee {format_amount(fee, row.decimals)}"
    left = f"{row.kind.replace('_', ' ')} {row.id[:8]} of {whose}"
    return line(fit(left, max(1, width - len(amount) - 1)) + " " + amount, "bold")


def of_payment(row: Waiting, case: Case, width: int, config: Config) -> list[Line]:
    """A held payment: the rule, who signs, the addresses, the past, limits, entry and notes."""
    lines: list[Line] = [title(row, width), held_by(row, case.rule), *who_signs(row, case.offer)]
    if case.paid is not None:
        lines += [line(), *letters.compare(case.asked, case.paid, width)]
    lines.append(line())
    if case.past is not None:
        lines += of_past(row, case.past)
    else:
        address = row.view.address if row.view is not None else None
        lines += [("whose", "nobody's: no client was given its address", "")]
        lines += [("came to", letters.grouped(safe(address or "-")), "")]
    lines += [of_limit(each, row, first=not n) for n, each in enumerate(case.limits)]
    lines += of_entry(config, case.offer)
    lines += [
        ("notes" if not n else "", f"{words.day(each.at)} {each.staff}: {each.text}", "")
        for n, each in enumerate(case.notes)
    ]
    return lines


def of_act(row: Waiting, offer: Offered, width: int, config: Config) -> list[Line]:
    """An act that one person signed: what it does, who signed and why, the entry."""
    lines: list[Line] = [title(row, width)]
    lines += [
        ("signed" if not n else "", f"{words.day(each.at)} by {each.staff}{why(each.reason)}", "")
        for n, each in enumerate(row.signatures)
    ]
    lines += [*who_signs(row, offer), line()]
    if row.proposal is not None and row.proposal.address:
        lines += letters.compare(None, row.proposal.address, width)
    return [*lines, *of_entry(config, offer)]


def why(reason: str) -> str:
    """A reason after what it is for."""
    return f": {reason}" if reason else ""


def held_by(row: Waiting, rule: str) -> Line:
    """The rule that held it, in the words that the client reads, and its name."""
    named = f" (rule {rule})" if rule else ""
    return "held by", f"{row.why or 'no reason was given'}{named}", "$state-asks"


def who_signs(row: Waiting, offer: Offered) -> Iterator[Line]:
    """How many persons it takes, who signed, how many are missing; why not now, why not you."""
    persons = max(offer.persons, row.persons)
    missing = max(0, persons - len(row.signed))
    who = ", ".join(row.signed) or "nobody yet"
    count = "1 person" if persons == 1 else f"{persons} persons"
    yield "it takes", f"{count} · signed: {who} · {missing} missing", ""
    if offer.why_not:
        yield "not now", offer.why_not, "bold $state-wrong"
    if offer.not_you:
        yield "not you", offer.not_you, "bold $state-asks"


def of_past(row: Waiting, past: Past) -> Iterator[Line]:
    """What the client did before, and whether the address was paid before."""
    since = f"client since {past.since[:10]}" if past.since else "no such client"
    paid = f"paid out {of_sum(past.paid, row)}"
    yield "before", f"{since} · credited {of_sum(past.credited, row)} · {paid}", ""
    if past.blocked:
        yield "", f"! blocked: {past.blocked}", "bold $state-wrong"
    if row.kind != "withdrawal":
        return
    if past.here.count:
        times = "once" if past.here.count == 1 else f"{past.here.count} times"
        said = f"= paid {times} for this client, last {words.day(past.here.last)}"
        yield "this address", said, "$state-done"
    else:
        yield "this address", "! never paid for this client", "$state-asks"
    if past.others:
        count = "another client" if past.others == 1 else f"{past.others} other clients"
        yield "", f"! paid for {count}", "bold $state-wrong"


def of_sum(found: Sum, row: Waiting) -> str:
    """How many and how much."""
    if not found.count:
        return "nothing"
    return f"{found.count}: {format_amount(found.units, row.decimals)} {row.currency}"


def of_limit(limit: Limit, row: Waiting, *, first: bool) -> Line:
    """A limit and what is used of it, this payment included."""
    used, most = (format_amount(each, row.decimals) for each in (limit.used, limit.most))
    shape, style = ("!", "$state-asks") if limit.passed else ("=", "")
    said = f"{shape} {limit.name}: {used} of {most} {row.currency}"
    return "limits used" if first else "", said, style


def of_entry(config: Config, offer: Offered) -> Iterator[Line]:
    """The entry's lines with amounts below each other, signed as in the books."""
    if offer.entry is None:
        if not offer.why_not:
            yield "entry", "none is posted", ""
        return
    yield "entry", f"posted {offer.when}:", ""
    for each in offer.entry.lines:
        currency = config.currencies.get(each.currency)
        amount = format_fixed(each.units, 0 if currency is None else currency.decimals)
        account = middle(each.account, ACCOUNT_CELLS).ljust(ACCOUNT_CELLS)
        yield "", f"{account} {amount.rjust(AMOUNT_CELLS)} {each.currency}", ""


def line(text: str = "", style: str = "") -> Content:
    """A line of its own."""
    return Content.styled(safe(text), style) if style else Content(safe(text))


def together(lines: Iterable[Line], width: int) -> Content:
    """Lines as one content; what does not fit beside its label goes on below."""
    return Content("\n").join(part for each in lines for part in _laid_out(each, width))


def _laid_out(told: Line, width: int) -> Iterator[Content]:
    if isinstance(told, Content):
        yield told
        return
    label, text, style = told
    room = max(10, width - LABEL)
    calm = safe(text)
    parts = [calm] if cell_len(calm) <= room else wrap(calm, room, break_on_hyphens=False)
    for number, part in enumerate(parts or [""]):
        shown = clip(label, LABEL - 1) if not number else ""
        yield Content.assemble((shown.ljust(LABEL), "$foreground-muted"), (part, style))


def gone(row: Waiting, became: str, now: datetime) -> str:
    """What is said of the selected thing when it left the queue meanwhile."""
    return f"{row.kind} {row.id[:8]} left at {now:%H:%M:%S}: {became or 'somebody decided'}"
