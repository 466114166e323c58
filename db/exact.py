"""Exact arithmetic inside SQL statements, the same words on SQLite and PostgreSQL.

On SQLite units are text, so sums and comparisons run through functions that we register; on
PostgreSQL they are NUMERIC and the plain operators are exact.
"""

from __future__ import annotations

import peewee


class _Sum:
    """Exact SUM over text units; NULL over no rows, like SQL's own."""

    def __init__(self) -> None:
        self.total: int | None = None

    def step(self, value: str | None) -> None:
        if value is not None:
            self.total = (self.total or 0) + int(value)

    def finalize(self) -> str | None:
        return None if self.total is None else str(self.total)


def _add(left: str, right: str) -> str:
    return str(int(left) + int(right))


def _compare(left: str, right: str) -> int:
    a, b = int(left), int(right)
    return (a > b) - (a < b)


def register(database: peewee.SqliteDatabase) -> None:
    """Teach every connection of `database` the functions that this module's SQL uses."""
    database.register_function(_add, "units_add", 2)
    database.register_function(_compare, "units_compare", 2)
    database.register_aggregate(_Sum, "units_sum", 1)


def is_sqlite(database: peewee.Database) -> bool:
    """Whether `database` is SQLite; anything else here is PostgreSQL."""
    return isinstance(database, peewee.SqliteDatabase)


def value_sql(database: peewee.Database, given: str) -> str:
    """SQL text for a units value that is given as text (a placeholder or a quoted literal)."""
    return given if is_sqlite(database) else f"CAST({given} AS NUMERIC)"


def add_sql(database: peewee.Database, left: str, right: str) -> str:
    """SQL text for left + right."""
    return f"units_add({left}, {right})" if is_sqlite(database) else f"({left} + {right})"


def compare_sql(database: peewee.Database, left: str, operator: str, right: str) -> str:
    """SQL text for `left operator right` with operator one of < <= = >= >."""
    if is_sqlite(database):
        return f"units_compare({left}, {right}) {operator} 0"
    return f"{left} {operator} {right}"


def sum_sql(database: peewee.Database, column: str) -> str:
    """SQL text for the exact sum of a units column."""
    return f"units_sum({column})" if is_sqlite(database) else f"SUM({column})"
