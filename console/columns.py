"""The columns of a list: what each says, and which of them fit how wide a terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

GAP = 2  # cells between columns

Cell = tuple[str, str]
"""Text, and the name of its style: `calm going done asks wrong`, empty for plain."""


@dataclass(frozen=True, slots=True)
class Column:
    """`width` in cells; what is left over goes to the columns that `grow`, in that proportion. On
    a narrow terminal columns are left out, the highest `drop` first; 0 stays."""

    title: str
    width: int
    cell: Callable[[Any], Cell]
    right: bool = False
    grow: int = 0
    drop: int = 0


def arrange(columns: Sequence[Column], width: int) -> list[tuple[Column, int]]:
    """The columns that fit in `width` cells, and the width of each."""
    kept = list(columns)
    while len(kept) > 1 and _least(kept) > width:
        least = max(kept, key=lambda column: column.drop)
        if not least.drop:
            break
        kept.remove(least)
    left = max(0, width - _least(kept))
    grow = sum(column.grow for column in kept)
    return [(column, column.width + (left * column.grow // grow if grow else 0)) for column in kept]


def _least(columns: Sequence[Column]) -> int:
    return 2 + sum(column.width + GAP for column in columns)
