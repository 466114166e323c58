"""CSV cells are safe in a spreadsheet and give back exactly the row."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.audit.cells import from_cells, to_cells, write_csv
from engine.audit.form import LineError
from engine.history import COLUMNS
from tests.engine.audit.histories import make_rows

ROW = make_rows(1)[0]
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))


def _cell(name: str, cell: str) -> list[str]:
    cells = to_cells(ROW)
    cells[COLUMNS.index(name)] = cell
    return cells


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "'"])
def test_what_a_spreadsheet_would_run_is_defused_and_comes_back(first: str) -> None:
    row = {**ROW, "reason": f"{first}cmd|' /C calc'!A0"}
    cells = to_cells(row)
    assert cells[COLUMNS.index("reason")] == f"'{row['reason']}"
    assert from_cells(cells) == row


@given(reason=TEXT, actor=TEXT, evidence=st.dictionaries(TEXT, st.one_of(TEXT, st.none())))
def test_any_text_survives_the_way_through_a_file(
    reason: str, actor: str, evidence: dict[str, Any]
) -> None:
    row = {**ROW, "reason": reason, "actor": actor, "evidence": evidence}
    file = io.StringIO(newline="")
    write_csv(file, [to_cells(row)])
    file.seek(0)
    (cells,) = csv.reader(file, strict=True)
    assert from_cells(cells) == row
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n")) for cell in cells)


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("seq", "01"),
        ("seq", "+1"),
        ("seq", ""),
        ("seq", "1" * 19),
        ("seq", "²"),
        ("reason", "=1"),
        ("evidence", ""),
        ("evidence", "[]"),
        ("evidence", "{"),
        ("evidence", '{"confirmations": 0, "address": "rltc1q0"}'),
        ("evidence", '{"a":1,"a":1}'),
        ("evidence", '{"a":1.5}'),
        ("evidence", '{"a":"\\ud800"}'),
    ],
)
def test_a_cell_written_otherwise_is_refused(name: str, cell: str) -> None:
    with pytest.raises(LineError):
        from_cells(_cell(name, cell))


def test_a_row_with_more_or_fewer_cells_is_refused() -> None:
    for cells in ([], to_cells(ROW)[:-1], [*to_cells(ROW), ""]):
        with pytest.raises(LineError, match="cells instead of 17"):
            from_cells(cells)
