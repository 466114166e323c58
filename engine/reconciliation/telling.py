"""A sum and the evidence of a break in words: the same for command and console."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from engine.approvals.form import OUTCOMES, SAID
from engine.money import format_amount, format_fixed
from engine.reconciliation.kinds import MEND
from engine.reconciliation.standing import BreakView, SumView
from engine.reconciliation.timing import WORDS

EXPLAINED = "explained to the last unit"
NOT_EXPLAINED = "NOT EXPLAINED"
LINE_MOST = 44
"""Letters that stand beside a figure of 18 decimals on a terminal of 80 cells."""


@dataclass(frozen=True, slots=True)
class SumLine:
    """One line of the sum: `sign` before the words, the figure in units as it is shown. `item` is
    the timing item that it is, empty for the others."""

    sign: str
    words: str
    units: int
    item: str = ""

    @property
    def text(self) -> str:
        """Sign and words."""
        return f"{self.sign} {self.words}" if self.sign else self.words


def sum_lines(view: SumView) -> tuple[SumLine, ...]:
    """Node; books; each timing item by its sign; books and timing; the difference."""
    timing = tuple(
        SumLine(
            "-" if item.units < 0 else "+",
            f"{WORDS.get(item.name, item.name)} ({item.count})",
            abs(item.units),
            item.name,
        )
        for item in view.timing
    )
    return (
        SumLine("", "node: coins at this block", view.node),
        *_books(view),
        *timing,
        SumLine("=", "books and timing", view.books + sum(item.units for item in view.timing)),
        SumLine("", "difference", view.residual),
    )


def _books(view: SumView) -> tuple[SumLine, ...]:
    """The wallet accounts in one line, or a line for each where that would be too long."""
    names = {name.removeprefix("wallet:"): units for name, units in view.accounts.items()}
    said = (f"{name} {format_fixed(units, view.decimals)}" for name, units in names.items())
    line = f"books: {' + '.join(said) or 'no wallet account yet'}"
    if len(line) <= LINE_MOST:
        return (SumLine("", line, view.books),)
    return tuple(SumLine("", f"books: {name}", units) for name, units in names.items())


def figure(line: SumLine, decimals: int) -> str:
    """The line's amount; nothing but a plain 0 says that there is no difference."""
    if line.words == "difference" and not line.units:
        return "0"
    return format_fixed(line.units, decimals)


def short_hash(block_hash: str) -> str:
    """A block's hash by its beginning and end."""
    return f"{block_hash[:5]}…{block_hash[-4:]}"


# What the fields of evidence are, in the order in which people read them.
_SAID: Mapping[str, str] = MappingProxyType(
    {
        "reason": "node says",
        "txid": "chain tx",
        "index": "output",
        "address": "paid to",
        "payment": "payment",
        "payments": "payments",
        "client": "client",
        "owes": "owes us",
        "blocked": "blocked",
        "because": "because",
        "state": "state",
        "units": "amount",
        "coin_units": "its coin says",
        "coin_height": "its coin's block",
        "node": "node has",
        "books": "books have",
        "posted": "was posted",
        "demanded": "should be",
        "account": "account",
        "balance": "kept balance",
        "postings": "its postings",
        "accounts": "accounts",
        "coins": "their coins",
        "timing": "on the way",
        "entry": "entry",
        "entries": "entries",
        "sum": "sums to",
        "attempt": "attempt",
        "attempts": "attempts",
        "stored": "our fee",
        "inputs_less_outputs": "fee by coins",
        "receipt": "fee by receipt",
        "send": "attempt",
        "spent": "coins spent",
        "units_spent": "worth",
        "came_back": "came back",
        "change": "change",
        "block": "in block",
        "height": "block",
        "hash": "block hash",
        "stored_at": "signed at",
        "broadcasts": "times sent",
        "last_sent_at": "last sent",
        "last_reply": "node said",
        "number": "its number",
        "left": "left us",
        "arrived": "arrived",
        "balances": "balances",
        OUTCOMES: "to be said",
        MEND: "will say",
    }
)
# Units are text in evidence, and numbers are counts and heights; of text these are names.
_NAMES = frozenset({"client", "txid", "index", "hash", "address", "payment", "attempt", "because"})


def evidence_lines(view: BreakView) -> tuple[tuple[str, str], ...]:
    """The evidence as (what it is, what it says), known fields first, in one order."""
    known = [name for name in _SAID if name in view.evidence]
    others = sorted(name for name in view.evidence if name not in _SAID)
    return tuple(
        line
        for name in (*known, *others)
        for line in _lines(name, view.evidence[name], view.decimals)
    )


def _lines(name: str, value: Any, decimals: int) -> Iterator[tuple[str, str]]:
    label = _SAID.get(name, name.replace("_", " "))
    if value is None and name == "node":
        yield label, "nothing of it"
    elif value is None or value in ("", [], {}):
        return
    elif name == "block" and isinstance(value, Mapping):
        yield label, f"{value.get('height')} {short_hash(str(value.get('hash')))}"
    elif name == OUTCOMES and isinstance(value, Mapping):
        yield label, " or ".join(str(SAID.get(each, each)) for each in value)
    elif name == MEND and isinstance(value, Mapping):
        units = value.get("units")
        yield label, "that it never was" if units is None else _text("units", units, decimals)
    elif isinstance(value, Mapping):
        told = (f"{_SAID.get(k, k)} {_text(k, v, decimals)}" for k, v in value.items() if v)
        yield label, ", ".join(told)
    elif isinstance(value, list):
        yield label, ", ".join(_item(each, decimals) for each in value)
    else:
        yield label, _text(name, value, decimals)


def _item(value: Any, decimals: int) -> str:
    if isinstance(value, list):
        return " ".join(_text("", part, decimals) for part in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value, sort_keys=True) if isinstance(value, Mapping) else str(value)


def _text(name: str, value: Any, decimals: int) -> str:
    is_units = isinstance(value, str) and value.removeprefix("-").isdecimal()
    if is_units and name not in _NAMES:
        return format_amount(int(value), decimals)
    return _item(value, decimals)
