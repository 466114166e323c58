"""The tables of keys in docs/console.md: made from the bindings themselves, so that they stay true.

`make pictures` writes them anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from textual.binding import Binding, BindingType

from console.app import CashierConsole
from console.help import keys_of
from console.listing import PagedList
from console.screens import SCREENS
from console.screens.difference import DifferenceScreen
from console.screens.payment import PaymentScreen

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "console.md"
BOUND: dict[str, list[BindingType]] = {
    "everywhere": CashierConsole.BINDINGS,
    "lists": PagedList.BINDINGS,
    **{place.name: place.load().BINDINGS for place in SCREENS},
    "payment": PaymentScreen.BINDINGS,
    "break": DifferenceScreen.BINDINGS,
}
"""What is bound by the name of its table in the guide."""
NAMES = {
    "slash": "/",
    "question_mark": "?",
    "enter": "Enter",
    "escape": "Esc",
    "space": "Space",
    "shift+space": "Shift+Space",
    "backspace": "Backspace",
    "pageup": "PgUp",
    "pagedown": "PgDn",
    "up": "↑",
    "down": "↓",
    "home": "Home",
    "end": "End",
    "ctrl+p": "Ctrl+P",
    "ctrl+q": "Ctrl+Q",
}
_TABLE = re.compile(r"(<!-- keys: ([a-z]+) -->\n).*?(<!-- end of keys -->)", re.DOTALL)


def written(text: str) -> str:
    """The guide with every table as the bindings are now."""
    return _TABLE.sub(lambda found: f"{found[1]}{table(found[2])}{found[3]}", text)


def tables_in(text: str) -> set[str]:
    """The names of the tables that the guide has."""
    return {found[2] for found in _TABLE.finditer(text)}


def table(name: str) -> str:
    """One table: a line for each act with all its keys."""
    rows = keys_of(_each(BOUND[name]), lambda binding: f"`{NAMES.get(binding.key, binding.key)}`")
    lines = [f"| {keys} | {what} |" for keys, what in rows]
    return "\n".join(["| key | does |", "|---|---|", *lines, ""])


def _each(bindings: Iterable[BindingType]) -> list[Binding]:
    """One binding for each key."""
    return list(Binding.make_bindings(bindings))


def write() -> None:
    """Bring the guide up to date."""
    GUIDE.write_text(written(GUIDE.read_text(encoding="utf-8")), encoding="utf-8")
