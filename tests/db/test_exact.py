"""The same SQL words compute exactly on both databases, far beyond 63 bits."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.connection import database as opened
from db.exact import add_sql, compare_sql, is_sqlite, sum_sql, value_sql
from db.models import Balance

units = st.integers(-(2**250), 2**250)
several = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
OPERATORS: dict[str, Callable[[int, int], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
    ">=": operator.ge,
    ">": operator.gt,
}


def selected(sql: str, *given_units: int) -> Any:
    cursor = opened.execute_sql(f"SELECT {sql}", [str(each) for each in given_units])
    return cursor.fetchone()[0]


def placeholder() -> str:
    return value_sql(opened.obj, opened.param)


@several
@given(left=units, right=units)
def test_a_sum_of_two_is_exact(database: str, left: int, right: int) -> None:
    assert database
    found = selected(add_sql(opened.obj, placeholder(), placeholder()), left, right)
    assert int(found) == left + right


@several
@given(left=units, right=units | st.just(0), name=st.sampled_from(sorted(OPERATORS)))
def test_a_comparison_is_of_numbers_and_not_of_text(
    database: str, left: int, right: int, name: str
) -> None:
    assert database
    found = selected(compare_sql(opened.obj, placeholder(), name, placeholder()), left, right)
    assert bool(found) is OPERATORS[name](left, right)


@several
@given(rows=st.lists(units, min_size=1, max_size=8))
def test_the_sum_of_a_column_is_exact(database: str, rows: list[int]) -> None:
    assert database
    opened.execute_sql("DELETE FROM balance")
    for number, each in enumerate(rows):
        Balance.create(account=f"client:{number}", currency="ETH", units=each)
    cursor = opened.execute_sql(f"SELECT {sum_sql(opened.obj, 'units')} FROM balance")
    assert int(cursor.fetchone()[0]) == sum(rows)


def test_the_sum_of_nothing_is_null(database: str) -> None:
    assert database
    cursor = opened.execute_sql(f"SELECT {sum_sql(opened.obj, 'units')} FROM balance")
    assert cursor.fetchone()[0] is None


def test_nine_is_less_than_ten(database: str) -> None:
    assert is_sqlite(opened.obj) is database.startswith("sqlite")
    for name, holds in OPERATORS.items():
        sql = compare_sql(opened.obj, placeholder(), name, placeholder())
        assert bool(selected(sql, 9, 10)) is holds(9, 10)
