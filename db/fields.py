"""Columns that neither database offers alike: exact integers of any size, and flags."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import peewee

if TYPE_CHECKING:
    IntColumn = peewee.Field[int]
    BoolColumn = peewee.Field[bool]
else:
    IntColumn = BoolColumn = peewee.Field  # generic only in its stub


class UnitsField(IntColumn):
    """A signed integer of any size, exact on both databases.

    PostgreSQL keeps NUMERIC(78,0); SQLite has no such type (INTEGER ends at 9.22 ETH in wei, REAL
    loses digits), so it keeps the decimal text and computes through functions of `db.exact`.
    """

    field_type = "UNITS"

    def db_value(self, value: object) -> str | None:
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            raise TypeError(f"units must be an integer, not {type(value).__name__}")
        return str(value)

    def python_value(self, value: object) -> int | None:
        return None if value is None else int(str(value))


def optional_units() -> peewee.Field[int | None]:
    """A units column that may be NULL, typed as such."""
    return cast("peewee.Field[int | None]", UnitsField(null=True))


class FlagField(BoolColumn):
    """True or false, as 1 or 0 on both databases, so that one SQL text serves both."""

    field_type = "INTEGER"

    def db_value(self, value: object) -> int | None:
        return None if value is None else int(bool(value))

    def python_value(self, value: object) -> bool | None:
        return None if value is None else bool(value)
