"""Rows as CSV cells and back, without loss and without formulas.

A cell that a spreadsheet would run is defused with an apostrophe in front; an apostrophe that was
there gets one too, so that taking one away gives back exactly what was written.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from typing import IO, Any

from engine.audit.form import ROW_FIELDS, Line, LineError, exact_canonical, parse_json, shown
from engine.history import COLUMNS

_DEFUSED = ("=", "+", "-", "@", "\t", "\r", "\n", "'")


def write_csv(file: IO[str], rows: Iterable[Sequence[str]]) -> None:
    """Append rows of cells as RFC 4180 CSV (the file opened with newline="")."""
    csv.writer(file).writerows(rows)


def to_cells(row: Line) -> list[str]:
    """The cells of a row, in the order of COLUMNS; null is an empty cell."""
    return [_defuse(_text(row[name])) for name in COLUMNS]


def from_cells(cells: Sequence[str]) -> Line:
    """The row of these cells. Raises LineError unless `to_cells` gives exactly these again."""
    if len(cells) != len(COLUMNS):
        raise LineError(f"has {len(cells)} cells instead of {len(COLUMNS)}")
    row = {name: _value(name, _fuse(cell)) for name, cell in zip(COLUMNS, cells, strict=True)}
    for name, cell, again in zip(COLUMNS, cells, to_cells(row), strict=True):
        if cell != again:
            raise LineError(f"has a {name} written otherwise than we write it: {shown(cell)}")
    return row


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return exact_canonical(value).decode("utf-8")
    return "" if value is None else str(value)


def _value(name: str, text: str) -> Any:
    types = ROW_FIELDS[name]
    if dict in types:
        return _object(name, text)
    if int in types:
        return _integer(name, text)
    return None if text == "" and type(None) in types else text


def _object(name: str, text: str) -> Line:
    value = parse_json(text)
    try:
        exact_canonical(value)
    except ValueError:
        raise LineError(f"has a {name} without a canonical form") from None
    if not isinstance(value, dict):
        raise LineError(f"has a {name} that is no JSON object")
    return value


def _integer(name: str, text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        raise LineError(f"has a {name} that is no integer: {shown(text)}")
    return int(text)


def _defuse(text: str) -> str:
    return "'" + text if text.startswith(_DEFUSED) else text


def _fuse(cell: str) -> str:
    return cell.removeprefix("'")
