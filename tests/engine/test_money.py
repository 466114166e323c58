"""Amounts: one strict form in, the shortest exact form out, and nothing is ever rounded."""

from __future__ import annotations

import re
import time
from decimal import Decimal, localcontext

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.errors import AmountError
from engine.money import format_amount, format_fixed, parse_amount

decimals = st.integers(0, 18)
CODES = ("amount_invalid", "amount_precision")


def by_contract(text: str, decimals: int) -> str | None:
    """What the contract says of `text`, from its pattern alone: a code, or None."""
    whole = "(0|[1-9][0-9]{0,17})"
    good = whole if decimals == 0 else rf"{whole}(\.[0-9]{{1,{decimals}}})?"
    if re.fullmatch(good, text, re.ASCII):
        return None
    return CODES[1] if re.fullmatch(whole + r"\.[0-9]{1,78}", text, re.ASCII) else CODES[0]


def code_of(text: object, decimals: int) -> str | None:
    try:
        parse_amount(text, decimals)
    except AmountError as error:
        assert len(str(error)) < 100  # it never repeats what was sent
        return error.code
    return None


near_amounts = st.text(alphabet="0123456789.-+eE ,_\n", max_size=30) | st.from_regex(
    r"[0-9]{1,19}(\.[0-9]{0,19})?", fullmatch=True
)


@given(text=near_amounts | st.text(max_size=20), decimals=decimals)
@example("0.", 8)
@example(".5", 8)
@example("00", 8)
@example("1.5\n", 8)
@example("1.5", 0)
@example("9" * 18 + "." + "9" * 18, 18)
@example("9" * 19, 18)
@example("0." + "0" * 78, 18)
def test_an_amount_is_taken_as_the_contract_says(text: str, decimals: int) -> None:
    assert code_of(text, decimals) == by_contract(text, decimals)


@given(
    whole=st.integers(0, 10**18 - 1), fraction=st.text("0123456789", max_size=18), decimals=decimals
)
def test_what_is_taken_means_exactly_what_it_says(whole: int, fraction: str, decimals: int) -> None:
    text = f"{whole}.{fraction}" if fraction else str(whole)
    if len(fraction) > decimals:
        assert code_of(text, decimals) == "amount_precision"
        return
    with localcontext() as context:
        context.prec = 60
        assert parse_amount(text, decimals) == Decimal(text) * 10**decimals


@given(places=decimals, data=st.data())
def test_units_survive_the_way_out_and_in_again(places: int, data: st.DataObject) -> None:
    units = data.draw(st.integers(0, 10 ** (18 + places) - 1))
    text = format_amount(units, places)
    assert parse_amount(text, places) == units
    assert "e" not in text.lower()
    assert not re.search(r"\.\d*0$|\.$", text)  # the shortest form


@given(units=st.integers(-(2**256), 2**256), places=decimals)
def test_what_is_shown_is_exact_at_any_size_and_sign(units: int, places: int) -> None:
    with localcontext() as context:
        context.prec = 100
        exact = Decimal(units) / 10**places
        assert Decimal(format_amount(units, places)) == exact
        shown = format_fixed(units, places)
        assert Decimal(shown.replace(",", "")) == exact
    _, _, fraction = shown.partition(".")
    assert len(fraction) == places


@pytest.mark.parametrize(
    ("units", "places", "short", "fixed"),
    [
        (0, 8, "0", "0.00000000"),
        (1, 8, "0.00000001", "0.00000001"),
        (-1, 8, "-0.00000001", "-0.00000001"),
        (150_000_000, 8, "1.5", "1.50000000"),
        (123_456_700_000_000, 8, "1234567", "1,234,567.00000000"),
        (-1_234, 0, "-1234", "-1,234"),
        (10**18, 18, "1", "1.000000000000000000"),
    ],
)
def test_amounts_read_as_people_expect(units: int, places: int, short: str, fixed: str) -> None:
    assert format_amount(units, places) == short
    assert format_fixed(units, places) == fixed


HOSTILE = [
    *(1, 1.5, True, None, b"1", ["1"], {"amount": "1"}, Decimal(1), 10**400, float("nan")),
    *("NaN", "Infinity", "-Infinity", "sNaN", "1_000", "1e3", "1E3", "0x10", "1e1000000"),
    *(
        "+5",
        "-0",
        "-5",
        " 5 ",
        "5 ",
        "\t5",
        "5\n",
        "5\x00",
        "",
        " ",
        "\uff11\uff12",
        "٣",
        "²",
        "½",
        "1,5",
    ),
    *("1.5.5", "..", ".", "1.", ".1", "01", "00.1", "--1", "1-", "0b1", "1'000", "1 000"),
    *("9" * 1_000_000, "0." + "1" * 1_000_000, "1" + "0" * 100_000 + ".", "1." * 100_000),
    *("\ud800", "5\u200b", "\u202e5", "5\u0301", "\U0001d7d3", "\u2164", "五"),
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_input_is_refused_at_once(text: object) -> None:
    begun_s = time.thread_time()  # of our own turns: others may have the machine meanwhile
    assert code_of(text, 8) == "amount_invalid"
    assert time.thread_time() - begun_s < 0.5
