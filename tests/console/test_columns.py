"""Columns that fit the terminal."""

from __future__ import annotations

from typing import Any

from console.columns import Column, arrange


def _column(title: str, width: int, **more: Any) -> Column:
    return Column(title, width, lambda row: (row.id, ""), **more)


def test_a_narrow_terminal_leaves_out_what_matters_least() -> None:
    columns = [_column("a", 10), _column("b", 10, drop=1), _column("c", 10, drop=2)]
    assert [each.title for each, _ in arrange(columns, 100)] == ["a", "b", "c"]
    assert [each.title for each, _ in arrange(columns, 30)] == ["a", "b"]
    assert [each.title for each, _ in arrange(columns, 5)] == ["a"]


def test_what_is_left_over_goes_to_the_columns_that_grow() -> None:
    columns = [_column("a", 10, grow=1), _column("b", 10, grow=3), _column("c", 10)]
    assert [size for _, size in arrange(columns, 38 + 40)] == [20, 40, 10]
