"""The filter line: `state:open currency:LTC age>10m client:X kind:out`, and any other word as a
search. What is wrong with a line is said, not guessed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from textual.suggester import Suggester

from console.words import SHAPES

if TYPE_CHECKING:
    from engine.moving import Wanted

FIRST = "state:open"
OPEN = "open"
ALL = "all"
_AGE = re.compile(r"age([<>])([0-9]{1,5})([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
KINDS = {
    "in": "deposit",
    "out": "withdrawal",
    "move": "transfer",
    "site": "site_transfer",
    "deposit": "deposit",
    "withdrawal": "withdrawal",
    "transfer": "transfer",
}
HELP = (
    ("state:open", "what is not at its end; state:held,pending; state:all"),
    ("kind:in", "in, out, move or site"),
    ("currency:LTC", "one currency"),
    ("client:ID", "one client's"),
    ("age>10m", "moved last before that; age<2h, s m h d"),
    ("any text", "an id, client, address or txid, or the first six or more of an id or txid"),
)


class FilterWrong(ValueError):
    """A filter line that means nothing; the text says which word and what would do."""


def parse(line: str, now: datetime) -> Wanted:
    """What a filter line wants at `now`. Raises FilterWrong."""
    from engine.moving import Wanted

    wanted = Wanted()
    for word in line.split():
        wanted = _take(wanted, word, now)
    return wanted


def _take(wanted: Wanted, word: str, now: datetime) -> Wanted:
    name, colon, value = word.partition(":")
    if name in _TAKERS and colon:
        if not value:
            raise FilterWrong(f"{name}: lacks its value")
        return _TAKERS[name](wanted, value)
    if word.startswith(("age<", "age>")):
        return _take_age(wanted, word, now)
    if wanted.find:
        raise FilterWrong(f"one search word at a time: {wanted.find} or {word}")
    return replace(wanted, find=word)


def _take_state(wanted: Wanted, value: str) -> Wanted:
    from engine.lifecycle import STATES
    from engine.queries import OPEN_STATES

    known = sorted({state.name for states in STATES.values() for state in states})
    found: list[str] = []
    for name in value.split(","):
        if name == OPEN:
            found += OPEN_STATES
        elif name in known:
            found.append(name)
        elif name != ALL:
            raise FilterWrong(f"no state {name}; known: open, all, {', '.join(known)}")
    return replace(wanted, states=() if ALL in value.split(",") else tuple(dict.fromkeys(found)))


def _take_kind(wanted: Wanted, value: str) -> Wanted:
    unknown = [name for name in value.split(",") if name not in KINDS]
    if unknown:
        raise FilterWrong(f"no kind {unknown[0]}; known: in, out, move, site")
    return replace(wanted, kinds=tuple(dict.fromkeys(KINDS[name] for name in value.split(","))))


def _take_age(wanted: Wanted, word: str, now: datetime) -> Wanted:
    from engine.clock import rfc3339

    found = _AGE.fullmatch(word)
    if found is None:
        raise FilterWrong(f"{word}: an age is said as age>10m or age<2h, with s, m, h or d")
    older, amount, unit = found.groups()
    bound = rfc3339(now - timedelta(**{_UNITS[unit]: int(amount)}))
    return replace(wanted, before=bound) if older == ">" else replace(wanted, after=bound)


_TAKERS: dict[str, Callable[[Wanted, str], Wanted]] = {
    "state": _take_state,
    "kind": _take_kind,
    "currency": lambda wanted, value: replace(wanted, currency=value.upper()),
    "client": lambda wanted, value: replace(wanted, client=value),
}


class FilterSuggester(Suggester):
    """Completes the last word of a filter line; `currencies` are the configured symbols."""

    def __init__(self, currencies: Callable[[], tuple[str, ...]]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._currencies = currencies

    async def get_suggestion(self, value: str) -> str | None:
        """The line with its last word completed; None where nothing begins so."""
        before, _, last = value.rpartition(" ")
        found = next((each for each in self._words() if last and each.startswith(last)), None)
        return None if found is None else f"{before} {found}".lstrip()

    def _words(self) -> list[str]:
        words = ["state:open", "state:all", *(f"state:{name}" for name in sorted(SHAPES))]
        words += [f"kind:{name}" for name in ("in", "out", "move", "site")]
        return [*words, *(f"currency:{each}" for each in self._currencies()), "age>10m", "client:"]
