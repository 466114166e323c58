"""Many rows in one statement, without the ORM's cost per row; the same SQL on both databases."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import Any, TypeVar

import peewee

from db.connection import database
from db.exact import is_sqlite
from db.fields import FlagField, UnitsField

PARAMETERS_MAX = 30_000  # SQLite's default limit is 32,766 in one statement

M = TypeVar("M", bound=peewee.Model)
Row = Mapping[str, Any]

_CASTS = {"UNITS": "NUMERIC(78,0)", "BIGINT": "BIGINT", "INT": "INTEGER", "INTEGER": "INTEGER"}


def insert_rows(model: type[peewee.Model], rows: Sequence[Row], *, on: str = "") -> None:
    """Insert `rows` (attribute name → value, all with the same keys); `on` is a conflict clause."""
    if not rows:
        return
    names = tuple(rows[0])
    fields = [model._meta.fields[name] for name in names]
    columns = ", ".join(field.column_name for field in fields)
    # Names come from our models; every value is a parameter.
    head = f"INSERT INTO {model._meta.table_name} ({columns}) VALUES "  # noqa: S608
    for part in _parts(rows, len(fields)):
        _execute(f"{head}{_tuples(len(part), len(fields))} {on}", _values(part, names, fields))


def update_rows(
    model: type[peewee.Model],
    rows: Sequence[Row],
    *,
    match: Sequence[str],
    changes: Sequence[str],
    where: str = "TRUE",
) -> int:
    """Update each row whose `match` columns equal those given; returns how many were changed.

    A row holds the values of the match columns under `"match." + name` and the new values under
    the plain names, so that a column can be compared and set in one statement. `where`: a further
    condition, SQL over the table's own columns.
    """
    changed = 0
    keys = (*(f"match.{name}" for name in match), *changes)
    fields = [model._meta.fields[key.removeprefix("match.")] for key in keys]
    for part in _parts(rows, len(keys)):
        sql = f"{_update_sql(model, fields, len(match), len(part))} AND {where}"
        changed += _execute(sql, _values(part, keys, fields))
    return changed


def read_rows(query: peewee.ModelSelect[M]) -> list[M]:
    """The instances that `query` finds, of one model and without joins, in a tenth of the ORM's
    own time."""
    model: type[M] = query.model
    columns = ", ".join(field.column_name for field in model._meta.sorted_fields)
    sql, values = query.select(peewee.SQL(columns)).sql()
    return [_instance(model, row) for row in database.execute_sql(sql, values)]


def read_by(model: type[M], *, order: str, **wanted: str | Sequence[str]) -> list[M]:
    """The instances whose text columns hold what is wanted, or one of those that are, by the column
    `order`: what `read_rows` reads, for questions that are asked for each payment. Their SQL is
    written once."""
    listed = frozenset(name for name, value in wanted.items() if not isinstance(value, str))
    sqlite = is_sqlite(database.obj)
    sql = _question(model, tuple(wanted), listed, order, "json_each" if sqlite else "ANY")
    values = [
        json.dumps(value) if sqlite and name in listed else value for name, value in wanted.items()
    ]
    return [_instance(model, row) for row in database.execute_sql(sql, values)]


@cache
def _question(
    model: type[peewee.Model], names: tuple[str, ...], listed: frozenset[str], order: str, way: str
) -> str:
    """`way` is how the database takes a list as one parameter."""
    fields, param = model._meta.fields, "?" if way == "json_each" else "%s"
    one = f"= {param}"
    among = "IN (SELECT value FROM json_each(?))" if way == "json_each" else "= ANY(%s)"
    columns = ", ".join(field.column_name for field in model._meta.sorted_fields)
    where = " AND ".join(
        f"{fields[name].column_name} {among if name in listed else one}" for name in names
    )
    # Names come from our models; every value is a parameter.
    sql = f"SELECT {columns} FROM {model._meta.table_name} WHERE {where}"  # noqa: S608
    return f"{sql} ORDER BY {fields[order].column_name}"


def one_of(field: peewee.Field[Any], values: Iterable[str]) -> peewee.Expression:
    """Whether a text column holds one of `values`: what `in_` says, for lists of hundreds, which go
    as one parameter instead of one for each."""
    listed = list(values)
    if is_sqlite(database.obj):
        return field.in_(peewee.SQL("(SELECT value FROM json_each(?))", [json.dumps(listed)]))
    return field == peewee.SQL("ANY(%s)", [listed])


def _instance(model: type[M], values: Sequence[Any]) -> M:
    """Only our own kinds of columns need a change."""
    row = model(__no_default__=True)
    data = row.__data__ = dict(zip(model._meta.sorted_field_names, values, strict=True))
    for name, convert in _readers(model):
        data[name] = convert(data[name])
    return row


@cache
def _readers(model: type[peewee.Model]) -> tuple[tuple[str, Callable[[Any], Any]], ...]:
    return tuple(
        (field.name, field.python_value)
        for field in model._meta.sorted_fields
        if isinstance(field, UnitsField | FlagField)
    )


def _update_sql(
    model: type[peewee.Model], fields: Sequence[peewee.Field[Any]], matched: int, count: int
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
    rows = _tuples(count, len(fields))
    return f"UPDATE {table} SET {sets} FROM (VALUES {rows}) AS v WHERE {where}"  # noqa: S608


def _values(
    rows: Sequence[Row], names: Sequence[str], fields: Sequence[peewee.Field[Any]]
) -> list[Any]:
    """The rows' values, one after the other, as the driver takes them; only our own kinds of
    columns need a change."""
    pick: Callable[[Row], Sequence[Any]] = (
        itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)
    )
    values = list(chain.from_iterable(map(pick, rows)))
    for at, field in enumerate(fields):
        if isinstance(field, UnitsField | FlagField):
            values[at :: len(fields)] = map(field.db_value, values[at :: len(fields)])
    return values


def _typed(value: str, field: peewee.Field[Any]) -> str:
    """PostgreSQL types a column of VALUES by its literals, and one of NULLs as text: say it."""
    if is_sqlite(database.obj):
        return value
    return f"CAST({value} AS {_CASTS.get(field.field_type, 'TEXT')})"


def _tuples(count: int, width: int) -> str:
    return ", ".join([_marks(width)] * count)


def _marks(count: int) -> str:
    return "(" + ", ".join([database.param] * count) + ")"


def _execute(sql: str, values: Sequence[Any]) -> int:
    return int(database.execute_sql(sql, values).rowcount)


def _parts(rows: Sequence[Row], width: int) -> Iterator[Sequence[Row]]:
    size = max(1, PARAMETERS_MAX // width)
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
