"""Figures as one line of bars, with their least and most in numbers: a bar alone says nothing."""

from __future__ import annotations

from collections.abc import Sequence

BARS = "▁▂▃▄▅▆▇█"
NONE = "·"


def bars(figures: Sequence[int], *, known: int | None = None) -> str:
    """One character for each figure, the highest for the most; only the last `known` were counted,
    those before are blank."""
    most = max(figures, default=0)
    blank = 0 if known is None else len(figures) - known
    return "".join(" " if at < blank else _bar(each, most) for at, each in enumerate(figures))


def _bar(figure: int, most: int) -> str:
    if figure <= 0:
        return NONE
    return BARS[max(0, -(-figure * len(BARS) // most) - 1)]
