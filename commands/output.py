"""How commands print: aligned tables, the same as JSON, and nothing that could drive a terminal.

Ids, reasons and nodes' replies come from outside. On a terminal they may neither move the cursor
nor be read as markup.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import click

from engine.printable import printable

__all__ = ["json_option", "print_json", "print_table", "printable"]

# Colour only repeats what the word says.
_STYLES = {"ok": "green", "well": "green", "FAILED": "bold red", "paused": "bold red"}

json_option = click.option("--json", "as_json", is_flag=True, help="The same as JSON.")


def print_json(value: Mapping[str, Any]) -> None:
    """`value` as indented JSON; control characters are escaped by JSON itself."""
    click.echo(json.dumps(value, indent=2, ensure_ascii=True))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Rows under `columns`; a column whose name begins with `>` is aligned right."""
    if sys.stdout.isatty():
        _print_rich(columns, rows)
    else:
        _print_plain(columns, rows)


def _print_rich(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in columns:
        justify: Literal["left", "right"] = "right" if column.startswith(">") else "left"
        table.add_column(column.lstrip(">"), justify=justify, overflow="fold")
    for row in rows:
        # Text and not str: nothing in it is read as markup.
        table.add_row(*(Text(_text(value), style=_STYLES.get(str(value), "")) for value in row))
    Console(highlight=False, emoji=False).print(table)


def _text(value: object) -> str:
    return "-" if value is None else printable(value)


def _print_plain(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    lines = [[column.lstrip(">") for column in columns], *([_text(v) for v in row] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    for line in lines:
        cells = [
            cell.rjust(width) if column.startswith(">") else cell.ljust(width)
            for cell, width, column in zip(line, widths, columns, strict=True)
        ]
        click.echo("  ".join(cells).rstrip())
