"""Amounts as figures for clients: exact, and with as many decimals as let them be compared.

Eighteen decimals, most of them zeros, are read by nobody: zeros after the eighth are left out.
"""

from __future__ import annotations

from collections.abc import Sequence

from engine.money import format_fixed

DECIMALS = 8


def figure(units: int, decimals: int) -> str:
    """`units` in whole coins, with eight decimals or, where it is finer, with all that it needs."""
    (text,) = figures([units], decimals)
    return text


def figures(amounts: Sequence[int], decimals: int) -> tuple[str, ...]:
    """The same for amounts that stand under each other: all have the decimals of the finest."""
    needed = max((_needed(units, decimals) for units in amounts), default=0)
    cut = decimals - max(needed, min(DECIMALS, decimals))
    texts = [format_fixed(units, decimals) for units in amounts]
    return tuple(text[:-cut] if cut else text for text in texts)


def _needed(units: int, decimals: int) -> int:
    """How many decimals are more than zeros."""
    digits = str(abs(units))
    zeros = len(digits) - len(digits.rstrip("0"))
    return max(0, decimals - zeros) if units else 0
