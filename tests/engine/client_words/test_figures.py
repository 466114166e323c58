"""Figures for clients are exact, however many decimals a coin has."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.client_words.figures import figure, figures
from engine.money import parse_amount


@pytest.mark.parametrize(
    ("units", "decimals", "text"),
    [
        (150_000_000, 8, "1.50000000"),
        (2_500_000, 6, "2.500000"),
        (2 * 10**18, 18, "2.00000000"),
        (0, 18, "0.00000000"),
        (1, 18, "0.000000000000000001"),
        (10**18 + 10**8, 18, "1.0000000001"),
        (-15 * 10**17, 18, "-1.50000000"),
        (7, 0, "7"),
    ],
)
def test_zeros_after_the_eighth_decimal_are_left_out(units: int, decimals: int, text: str) -> None:
    assert figure(units, decimals) == text


def test_what_stands_under_each_other_has_the_same_decimals() -> None:
    ether = 10**18
    assert figures([ether, 5 * ether // 10**9 + ether], 18) == ("1.000000000", "1.000000005")
    assert figures([], 18) == ()


@given(st.lists(st.integers(0, 10**30), min_size=1, max_size=4), st.integers(0, 18))
def test_no_unit_is_lost(amounts: list[int], decimals: int) -> None:
    texts = figures(amounts, decimals)
    assert len({len(text.partition(".")[2]) for text in texts}) == 1
    for units, text in zip(amounts, texts, strict=True):
        plain = text.replace(",", "")
        if len(plain.partition(".")[0]) <= 18:
            assert parse_amount(plain, decimals) == units
