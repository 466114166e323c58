"""Files are read in bounded lines, and what stands where it should not becomes a flaw."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.audit import lines
from engine.audit.report import Flaws
from tests.engine.audit.histories import read_lines, write_lines


def _flaws(path: Path) -> list[str]:
    flaws = Flaws()
    for _ in lines.read_lines(path, flaws):
        pass
    return [str(flaw) for flaw in flaws.found]


def test_rows_come_with_their_proofs(exports: Path) -> None:
    flaws = Flaws()
    from_jsonl = list(lines.read_jsonl_rows(exports / "whole.jsonl", flaws, lambda _: None))
    from_csv = list(lines.read_csv_rows(exports / "whole.csv", flaws, lambda _: None))
    assert flaws.found == []
    assert [found.row for found in from_csv] == [found.row for found in from_jsonl]
    assert [found.proof for found in from_csv] == [found.proof for found in from_jsonl]
    assert from_jsonl[0].where == "whole.jsonl:2"
    assert from_jsonl[-1].proof is None


def test_the_frame_is_the_header_and_the_seals(exports: Path) -> None:
    for name in ("whole.jsonl", "whole.csv.seals.jsonl"):
        types = [line["type"] for _, line in lines.read_frame(exports / name)]
        assert types == ["header", "seal", "seal"]


def test_the_kind_of_file_is_seen_by_its_beginning(exports: Path) -> None:
    assert lines.is_csv(exports / "whole.csv")
    assert not lines.is_csv(exports / "whole.jsonl")


def test_progress_tells_every_byte(exports: Path) -> None:
    seen: list[int] = []
    list(lines.read_raw(exports / "whole.jsonl", seen.append))
    assert sum(seen) == (exports / "whole.jsonl").stat().st_size


def test_a_line_without_end_is_read_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lines, "LINE_BYTES_MAX", 100)
    path = tmp_path / "huge.jsonl"
    path.write_bytes(b"{" * 950)
    assert [len(raw) for _, raw in lines.read_raw(path)] == [100] * 9 + [50]
    assert _flaws(path)[0] == "huge.jsonl:1: the line is not JSON"
    csv_file = tmp_path / "huge.csv"
    csv_file.write_bytes(b"seq,payment" + b"x" * 950)
    lines.beside(csv_file).write_bytes(b"")
    flaws = Flaws()
    assert list(lines.read_csv_rows(csv_file, flaws, lambda _: None)) == []
    assert str(flaws.found[0]) == "huge.csv:1: the line is not CSV as we write it"


def test_lines_out_of_place_are_named(exports: Path, tmp_path: Path) -> None:
    whole = read_lines(exports / "whole.jsonl")
    path = tmp_path / "a.jsonl"
    assert _flaws(write_lines(path, whole[1:]))[0] == "a.jsonl:1: the line must be a header"
    again = [whole[0], whole[0], *whole[1:]]
    assert _flaws(write_lines(path, again)) == ["a.jsonl:2: the line is a second header"]
    late = [*whole, whole[5]]
    assert _flaws(write_lines(path, late)) == ["a.jsonl:28: the line stands after the first seal"]


def test_a_seal_that_hides_its_root_is_refused(exports: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    hidden = (exports / "whole.jsonl").read_bytes().replace(b'"root"', b'"r\\u006fot"')
    path.write_bytes(hidden)
    assert "does not name its root plainly" in _flaws(path)[0]


def test_a_cut_line_is_said_to_be_cut(exports: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes((exports / "whole.jsonl").read_bytes()[:-1])
    assert _flaws(path) == ["a.jsonl:27: the line has no end: the file was cut off"]


def test_a_csv_row_with_a_bad_cell_is_named_by_its_first_cells(
    exports: Path, tmp_path: Path
) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes((exports / "whole.csv").read_bytes().replace(b'"{""', b'"{,""', 3))
    lines.beside(path).write_bytes((exports / "whole.csv.seals.jsonl").read_bytes())
    flaws = Flaws()
    list(lines.read_csv_rows(path, flaws, lambda _: None))
    assert str(flaws.found[0]) == f"a.csv:2: seq 1, payment {'0' * 32}: the row is not JSON"


@pytest.mark.parametrize("change", ["drop", "add", "swap"])
def test_proofs_and_rows_must_match_one_to_one(exports: Path, tmp_path: Path, change: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes((exports / "whole.csv").read_bytes())
    beside = read_lines(exports / "whole.csv.seals.jsonl")
    if change == "drop":
        del beside[5]
    elif change == "add":
        beside.insert(25, {**beside[24], "seq": 25})
    else:
        beside[5]["seq"] = "five"
    write_lines(lines.beside(path), beside)
    flaws = Flaws()
    found = list(lines.read_csv_rows(path, flaws, lambda _: None))
    assert len(found) == 24
    if change == "add":
        assert str(flaws.found[0]) == "seq 25: the row is missing, its proof is there"
    else:
        assert found[4].proof is None
        assert found[5].proof is not None
