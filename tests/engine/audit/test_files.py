"""Exports as files: whole under their name, or not there."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.audit import files
from engine.audit.form import Filter
from engine.audit.verify import verify
from tests.engine.audit.histories import START, make_rows, store


def test_a_file_takes_its_name_only_when_all_is_written(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("before")
    with pytest.raises(RuntimeError), files.replacing(target) as out:
        out.write("half")
        raise RuntimeError
    assert target.read_text() == "before"
    with files.replacing(target) as out:
        out.write("whole")
    assert target.read_text() == "whole"
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.usefixtures("database")
def test_histories_are_written_and_verify(tmp_path: Path) -> None:
    rows = make_rows(7)
    store(rows)
    target = tmp_path / "histories.jsonl"
    assert files.write_histories(Filter(), target, now=START) == len(rows)
    assert verify(target).ok


@pytest.mark.usefixtures("database")
def test_without_an_engine_nothing_is_sealed_and_that_is_said() -> None:
    assert files.seal_first() == files.NO_ENGINE
