"""The words of states, ages and amounts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from console import words
from engine.clock import rfc3339
from engine.lifecycle import STATES

NOW = datetime(2026, 10, 30, 12, tzinfo=UTC)


def test_every_state_has_a_shape() -> None:
    known = {state.name for states in STATES.values() for state in states}
    assert known <= set(words.SHAPES)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "00:00"),
        (41, "00:41"),
        (3599, "59:59"),
        (3600, "1h 00m"),
        (7505, "2h 05m"),
        (86_400 * 3 + 3600 * 4, "3d 04h"),
        (-5, "00:00"),
    ],
)
def test_ages_are_said_in_two_places(seconds: int, said: str) -> None:
    assert words.age(rfc3339(NOW - timedelta(seconds=seconds)), NOW) == said


@pytest.mark.parametrize(
    ("units", "decimals", "whole", "short"),
    [
        (150_000_000, 8, "1.50000000 X", "1.50000000 X"),
        (1, 6, "0.000001 X", "0.000001 X"),
        (10**18, 18, "1 X", "1 X"),
        (10_299_815_486_937_544_759, 18, "10.299815486937544759 X", "10.29981548… X"),
        (-1, 18, "-0.000000000000000001 X", "-0.00000000… X"),
    ],
)
def test_a_list_says_what_it_cuts_off_an_amount(
    units: int, decimals: int, whole: str, short: str
) -> None:
    assert words.amount(units, decimals, "X") == whole
    assert words.listed(units, decimals, "X") == short


def test_no_moment_is_a_dash() -> None:
    assert (words.age(None, NOW), words.clock(None), words.day(None)) == ("-", "-", "-")


def test_moments_are_utc() -> None:
    assert words.clock(rfc3339(NOW)) == "12:00:00"
    assert words.day(rfc3339(NOW)) == "2026-10-30 12:00:00"
