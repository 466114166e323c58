"""Exports that tests tamper with, made once."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from db import connection
from engine.audit.form import Filter
from tests.engine.audit.histories import (
    export_csv,
    export_jsonl,
    make_rows,
    seal_up_to,
    store,
    store_more,
)


@pytest.fixture(scope="module")
def exports(ready_sqlite: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with `whole.jsonl`, `whole.csv` and `ann.jsonl` (one client's part) of 24 rows:
    10 under the first seal, 10 under the second, 4 not sealed; `early.jsonl` is of the time of
    the first seal, with 2 rows not sealed."""
    folder = tmp_path_factory.mktemp("exports")
    shutil.copyfile(ready_sqlite, folder / "cashier.db")
    opened = connection.open_database(f"sqlite:///{folder / 'cashier.db'}")
    with connection.connected():
        _fill(folder)
    opened.close()
    yield folder


def _fill(folder: Path) -> None:
    rows = make_rows(6)
    store([])
    seal_up_to(10, rows[:10])
    store_more(rows[10:12])
    export_jsonl(folder / "early.jsonl")
    seal_up_to(0, rows[12:20])
    store_more(rows[20:])
    export_jsonl(folder / "whole.jsonl")
    export_csv(folder / "whole.csv")
    export_jsonl(folder / "ann.jsonl", Filter(client="ann"))
    export_jsonl(folder / "dated.jsonl", Filter(since=rows[6]["at"], until=rows[15]["at"]))
