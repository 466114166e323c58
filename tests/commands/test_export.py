"""`cashier export histories`: whole files or none, sealed first, the same on both databases."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.audit import seals
from engine.audit.lines import beside
from engine.audit.verify import verify
from engine.errors import AuditError
from tests.commands.desk import Desk
from tests.engine.audit.histories import KEY, START, make_rows, store, store_more
from tests.engine.audit.tampering import tamper
from tests.nodes.ports import PATIENCE_S

TOP = Path(__file__).parents[2]
ROWS = make_rows(6)
NOT_SEALED = "no engine answered: rows after the last seal are marked unsealed\n"


@pytest.fixture
def filled(desk: Desk) -> Desk:
    """24 rows, the first 20 of them sealed."""
    with desk.opened():
        store(ROWS[:20])
        seals.seal(now=START, key=KEY)
        store_more(ROWS[20:])
    return desk


def _rows(text: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in text.splitlines()]
    return [line for line in lines if line["type"] == "row"]


def test_without_an_engine_late_rows_are_marked_unsealed(filled: Desk, tmp_path: Path) -> None:
    result = filled.type("export", "histories")
    assert (result.exit_code, result.stderr) == (0, NOT_SEALED)
    assert [row["sealed"] for row in _rows(result.stdout)] == [True] * 20 + [False] * 4
    path = tmp_path / "piped.jsonl"
    path.write_text(result.stdout, encoding="utf-8")
    assert verify(path, key=KEY.public).authenticated


@contextmanager
def _engine(desk: Desk) -> Iterator[None]:
    """An engine in a process of its own that seals when asked."""
    command = [sys.executable, "-m", "tests.commands.sealing_engine", desk.url]
    with subprocess.Popen(
        command, cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield
        process.communicate(timeout=PATIENCE_S)


def test_a_running_engine_seals_first(filled: Desk) -> None:
    with _engine(filled):
        result = filled.type("export", "histories")
    assert (result.exit_code, result.stderr) == (0, "")
    assert all(row["sealed"] for row in _rows(result.stdout))


def test_an_engine_that_will_not_seal_is_quoted_and_the_export_made(
    filled: Desk, tmp_path: Path
) -> None:
    with filled.opened():
        tamper("UPDATE history SET amount = '9' WHERE seq = 22")
    with _engine(filled):
        result = filled.type("export", "histories", "-o", str(tmp_path / "a.jsonl"))
    assert result.exit_code == 0
    assert result.stderr.startswith("not sealed: history row 22 of payment ")
    assert verify(tmp_path / "a.jsonl").problems[0].seq == 22


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_files_appear_whole_and_verify(filled: Desk, tmp_path: Path, form: str) -> None:
    path = tmp_path / "out" / f"histories.{form}"
    path.parent.mkdir()
    result = filled.type("export", "histories", "--format", form, "-o", str(path))
    assert (result.exit_code, result.stdout) == (0, "")
    assert verify(path, key=KEY.public).authenticated
    expected = {path, beside(path)} if form == "csv" else {path}
    assert set(path.parent.iterdir()) == expected


def test_a_failed_export_leaves_the_old_file_alone(filled: Desk, tmp_path: Path) -> None:
    path = tmp_path / "out" / "histories.jsonl"
    path.parent.mkdir()
    path.write_text("old")
    with filled.opened():
        tamper("UPDATE history SET evidence = 'nonsense' WHERE seq = 22")
    result = filled.type("export", "histories", "-o", str(path))
    assert result.exit_code == 1
    assert "history row 22 of payment" in result.stderr
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


def test_text_that_is_no_unicode_is_a_problem_not_a_trace(filled: Desk) -> None:
    with filled.opened():
        tamper('UPDATE history SET evidence = \'{"a":"\\ud800"}\' WHERE seq = 22')
    result = filled.type("export", "histories")
    assert result.exit_code == 1
    assert str(AuditError("a history row holds text that is no Unicode")) in result.stderr


def test_csv_on_stdout_says_that_it_proves_nothing(filled: Desk) -> None:
    result = filled.type("export", "histories", "--format", "csv")
    assert result.exit_code == 0
    assert result.stdout.startswith("seq,payment,kind,client,")
    assert "`cashier verify` needs the second file" in result.stderr


def test_a_part_is_exported(filled: Desk) -> None:
    words = ("--from", "2026-11-01", "--to", "2026-11-02T00:00:00Z", "--client", "ann")
    result = filled.type("export", "histories", *words)
    found = _rows(result.stdout)
    assert found
    assert all(row["client"] == "ann" and row["at"].startswith("2026-11-01") for row in found)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--from", "yesterday"], "'yesterday' is not a date"),
        (["--from", "2026-11-02", "--to", "2026-11-01"], "--from must be before --to"),
        (["--format", "xml"], "'xml' is not one of"),
        (["-o", "/dev/null"], "/dev/null is not a regular file"),
        (["-o", "/proc/nowhere/file"], "cannot be written"),
        (["-o", "/"], "is a directory"),
    ],
)
def test_wrong_use_is_one_line(filled: Desk, words: list[str], what: str) -> None:
    result = filled.type("export", "histories", *words)
    assert result.exit_code == 2
    assert what in result.stderr.splitlines()[-1]
    assert "Traceback" not in result.stderr


def test_a_database_that_is_not_there_says_what_to_do(new_desk: Desk) -> None:
    result = new_desk.type("export", "histories")
    assert result.exit_code == 2
    assert "run `cashier migrate`" in result.stderr
