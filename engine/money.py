"""Integer amounts: the one pattern by which text becomes units, and the way back.

A unit is the smallest part of a currency (satoshi, wei). Input is rejected, never rounded.
"""

from __future__ import annotations

import re

from engine.errors import AmountError

_WHOLE = r"(0|[1-9][0-9]{0,17})"
_ANY_PRECISION = re.compile(_WHOLE + r"(\.[0-9]{1,78})?", re.ASCII)
_LENGTH_MAX = 18 + 1 + 78


def parse_amount(text: object, decimals: int) -> int:
    """Units of the decimal string `text` (whole coins).

    Raises AmountError with code `amount_invalid` for anything that is not
    `^(0|[1-9][0-9]{0,17})(\\.[0-9]{1,D})?$`, and `amount_precision` for more than D decimals.
    """
    if not isinstance(text, str) or len(text) > _LENGTH_MAX or not _ANY_PRECISION.fullmatch(text):
        raise AmountError('amount must be a decimal string such as "1.5"', code="amount_invalid")
    whole, _, fraction = text.partition(".")
    if len(fraction) > decimals:
        raise AmountError(f"amount has more than {decimals} decimals", code="amount_precision")
    return int(whole + fraction.ljust(decimals, "0"))


def format_amount(units: int, decimals: int) -> str:
    """The shortest exact decimal string of `units`: `150000000, 8` is `1.5`."""
    whole, fraction = _split(units, decimals)
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


def format_fixed(units: int, decimals: int) -> str:
    """`units` with every decimal and thousands separated, for columns that people compare."""
    whole, fraction = _split(units, decimals)
    grouped = f"{int(whole.lstrip('-')):,}"
    sign = "-" if units < 0 else ""
    return f"{sign}{grouped}.{fraction}" if decimals else f"{sign}{grouped}"


def _split(units: int, decimals: int) -> tuple[str, str]:
    sign = "-" if units < 0 else ""
    digits = str(abs(units)).rjust(decimals + 1, "0")
    if not decimals:
        return sign + digits, ""
    return sign + digits[:-decimals], digits[-decimals:]
