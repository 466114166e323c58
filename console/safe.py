"""The one door through which text from databases, clients and nodes reaches the terminal.

Nothing that comes through can style, break or drive it: controls and turns of direction become
their escapes, marks pile up no higher than two, and nothing is ever read as markup.
"""

from __future__ import annotations

import unicodedata

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from engine.printable import printable

MARKS_MAX = 2  # on one letter: more of them paint over the lines above and below
ELLIPSIS = "…"


def safe(text: object) -> str:
    """`text` on one line of visible characters, without a limit of length."""
    return "".join(_calm(printable(unicodedata.normalize("NFC", str(text)))))


def clip(text: object, width: int) -> str:
    """`text` in at most `width` cells, cut at its end with an ellipsis."""
    calm = safe(text)
    if cell_len(calm) <= width:
        return calm
    return set_cell_size(calm, width - 1).rstrip() + ELLIPSIS if width > 0 else ""


def middle(text: object, width: int) -> str:
    """`text` in at most `width` cells, with its beginning and end: what people compare of ids."""
    calm = safe(text)
    if cell_len(calm) <= width:
        return calm
    if width < 3 or cell_len(calm) != len(calm):
        return clip(calm, width)
    front = width // 2
    return calm[:front] + ELLIPSIS + calm[len(calm) - (width - 1 - front) :]


def plain(text: object, style: str = "") -> Content:
    """`text` as content for a widget: never markup."""
    return Content.styled(safe(text), style) if style else Content(safe(text))


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Calm text in exactly `width` cells, cut or filled."""
    cut = clip(text, width)
    gap = " " * (width - cell_len(cut))
    return gap + cut if right else cut + gap


def _calm(text: str) -> list[str]:
    """Its characters, those without width escaped where more than two follow each other."""
    calm: list[str] = []
    marks = 0
    for letter in text:
        marks = marks + 1 if cell_len(letter) == 0 else 0
        calm.append(letter if marks <= MARKS_MAX else letter.encode("unicode_escape").decode())
    return calm
