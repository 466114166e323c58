"""Many rows in one statement, without the ORM's cost per row; the same SQL on both databases."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import peewee

from db.connection import database
from db.exact import is_sqlite
from db.fields import FlagField, UnitsField

PARAMETERS_MAX = 30_000  # SQLite's default limit is 32,766 in one statement

_CASTS = {"UNITS": "NUMERIC(78,0)", "BIGINT": "BIGINT", "INT": "INTEGER", "INTEGER": "INTEGER"}


def insert_rows(model: type[peewee.Model], rows: Sequence[dict[str, Any]], *, on: str = "") -> None:
    """Insert `rows` (attribute name → value, all with the same keys); `on` is a conflict clause."""
    if not rows:
        return
    names = list(rows[0])
    fields = [model._meta.fields[name] for name in names]
    columns = ", ".join(field.column_name for field in fields)
    # Names come from our models; every value is a parameter.
    head = f"INSERT INTO {model._meta.table_name} ({columns}) VALUES "  # noqa: S608
    for part in _parts(rows, len(fields)):
        values = [_values(row, names, fields) for row in part]
        _execute(head + _placeholders(values) + " " + on, values)


def update_rows(
    model: type[peewee.Model],
    rows: Sequence[dict[str, Any]],
    *,
    match: Sequence[str],
    changes: Sequence[str],
) -> int:
    """Update each row whose `match` columns equal those given; returns how many were changed.

    A row holds the values of the match columns under `"match." + name` and the new values under
    the plain names, so that a column can be compared and set in one statement.
    """
    changed = 0
    keys = [f"match.{name}" for name in match] + list(changes)
    fields = [model._meta.fields[key.removeprefix("match.")] for key in keys]
    for part in _parts(rows, len(keys)):
        values = [_values(row, keys, fields) for row in part]
        changed += _execute(_update_sql(model, fields, len(match), values), values)
    return changed


def _update_sql(
    model: type[peewee.Model],
    fields: Sequence[peewee.Field[Any]],
    matched: int,
    values: Sequence[Sequence[Any]],
) -> str:
    table = model._meta.table_name
    given = [_typed(f"v.column{at + 1}", field) for at, field in enumerate(fields)]
    where = " AND ".join(
        f"{table}.{field.column_name} = {value}"
        for field, value in zip(fields[:matched], given[:matched], strict=True)
    )
    sets = ", ".join(
        f"{field.column_name} = {value}"
        for field, value in zip(fields[matched:], given[matched:], strict=True)
    )
    rows = _placeholders(values)
    return f"UPDATE {table} SET {sets} FROM (VALUES {rows}) AS v WHERE {where}"  # noqa: S608


def _values(
    row: Mapping[str, Any], names: Sequence[str], fields: Sequence[peewee.Field[Any]]
) -> list[Any]:
    """The row's values as the driver takes them; only our own kinds of columns need a change."""
    return [
        field.db_value(row[name]) if isinstance(field, UnitsField | FlagField) else row[name]
        for name, field in zip(names, fields, strict=True)
    ]


def _typed(value: str, field: peewee.Field[Any]) -> str:
    """PostgreSQL types a column of VALUES by its literals, and one of NULLs as text: say it."""
    if is_sqlite(database.obj):
        return value
    return f"CAST({value} AS {_CASTS.get(field.field_type, 'TEXT')})"


def _placeholders(values: Sequence[Sequence[Any]]) -> str:
    one = "(" + ", ".join([database.param] * len(values[0])) + ")"
    return ", ".join([one] * len(values))


def _execute(sql: str, values: Sequence[Sequence[Any]]) -> int:
    cursor = database.execute_sql(sql, [value for row in values for value in row])
    return int(cursor.rowcount)


def _parts(rows: Sequence[dict[str, Any]], width: int) -> Iterator[Sequence[dict[str, Any]]]:
    size = max(1, PARAMETERS_MAX // width)
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
