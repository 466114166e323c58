"""Whatever is done to an exported file is found, and the first bad row is named."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.audit import trust
from engine.audit.form import dump_line, line_hash
from engine.audit.lines import beside
from engine.audit.merkle import Tree
from engine.audit.report import Report
from engine.audit.verify import verify
from engine.history import row_hash
from tests.engine.audit.histories import KEY, OTHER_KEY, payment_id, read_lines, write_lines

Lines = list[dict[str, Any]]
FILES = ("whole.jsonl", "ann.jsonl", "dated.jsonl")

many = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def _tampered(
    exports: Path, change: Callable[[Lines], object], name: str = "whole.jsonl"
) -> Report:
    lines = read_lines(exports / name)
    change(lines)
    return verify(write_lines(exports / "tampered.jsonl", lines))


def _first(report: Report) -> tuple[int | None, str | None]:
    assert not report.ok
    return report.problems[0].seq, report.problems[0].payment


@pytest.mark.parametrize("name", [*FILES, "whole.csv"])
def test_an_untouched_export_verifies(exports: Path, name: str) -> None:
    report = verify(exports / name)
    assert report.problems == ()
    assert not report.authenticated
    assert report.verdict.startswith("consistent, not authenticated: ")


@pytest.mark.parametrize("name", [*FILES, "whole.csv"])
def test_the_right_key_authenticates_and_another_does_not(exports: Path, name: str) -> None:
    assert verify(exports / name, key=KEY.public).authenticated
    report = verify(exports / name, key=OTHER_KEY.public)
    assert not report.ok
    assert not report.authenticated
    assert "is not signed by the trusted key" in str(report.problems[0])


def test_a_file_written_again_by_another_program_still_verifies(exports: Path) -> None:
    assert _tampered(exports, list).ok


def test_the_report_counts_what_it_saw(exports: Path) -> None:
    report = verify(exports / "whole.jsonl")
    assert (report.rows, report.seals, report.unsealed) == (24, 2, 4)
    assert report.extent == ""
    assert verify(exports / "ann.jsonl").extent == "a part of the histories: client ann"


def test_an_edited_row_is_named(exports: Path) -> None:
    report = _tampered(exports, lambda lines: lines[5].update(amount="9"))
    assert _first(report) == (5, payment_id(4))
    assert "does not match its hash: it was changed" in str(report.problems[0])


def test_an_edited_row_with_a_new_hash_is_named(exports: Path) -> None:
    def forge(lines: Lines) -> None:
        row = lines[5]
        row["amount"] = "9"
        row["hash"] = row_hash(row)

    report = _tampered(exports, forge)
    assert _first(report) == (5, payment_id(4))
    assert "is not the one that seal 1 holds: it was changed" in str(report.problems[0])


def test_a_row_forged_with_all_proofs_made_anew_breaks_its_seal(exports: Path) -> None:
    def forge(lines: Lines) -> None:
        row = lines[9]
        row["amount"] = "9"
        row["hash"] = row_hash(row)
        tree = Tree(bytes.fromhex(line["hash"]) for line in lines[1:11])
        for index, line in enumerate(lines[1:11]):
            line["proof"]["path"] = [node.hex() for node in tree.proof(index)]

    report = _tampered(exports, forge)
    assert _first(report) == (15, payment_id(2))
    assert "is not linked to the payment's row before it" in str(report.problems[0])
    assert "seal 1 holds none of rows 1 to 10 as they are here" in str(report.problems[1])


def test_a_deleted_row_is_named(exports: Path) -> None:
    report = _tampered(exports, lambda lines: lines.pop(5))
    assert _first(report)[0] == 6
    assert "seq 5 is missing before this row" in str(report.problems[0])


def test_reordered_rows_are_named(exports: Path) -> None:
    def swap(lines: Lines) -> None:
        lines[5], lines[6] = lines[6], lines[5]

    report = _tampered(exports, swap)
    assert _first(report) == (5, payment_id(4))
    assert "repeated or out of order" in str(report.problems[0])


def test_an_inserted_row_is_named(exports: Path) -> None:
    def insert(lines: Lines) -> None:
        row = copy.deepcopy(lines[24])
        row.update(seq=25, prev=row["hash"], **{"from": row["to"]})
        row["hash"] = row_hash(row)
        lines.insert(25, row)

    report = _tampered(exports, insert)
    assert "the header counts 24 rows, not 25" in str(report.problems[0])


def test_a_seal_signed_by_another_key_is_found(exports: Path) -> None:
    def forge(lines: Lines) -> None:
        seal = lines[-1]
        seal["key"] = OTHER_KEY.public
        seal["hash"] = line_hash(seal)

    report = _tampered(exports, forge)
    assert "a seal is not signed by the key that it names" in str(report.problems[0])


def test_cut_off_rows_are_found_even_with_a_mended_header(exports: Path) -> None:
    def cut(lines: Lines) -> None:
        del lines[15:25]
        lines[0]["rows"] = 14
        lines[0]["hash"] = line_hash(lines[0])

    report = _tampered(exports, cut)
    assert "seq 15 to 20 are missing at the end, though sealed" in str(report.problems[0])


def _older_copy(exports: Path) -> Path:
    """Rows and seal after the first seal cut off, the header mended: consistent in itself."""
    lines = read_lines(exports / "whole.jsonl")
    kept = [lines[0], *lines[1:11], lines[25]]
    kept[0].update(rows=10, seals=1)
    kept[0]["hash"] = line_hash(kept[0])
    return write_lines(exports / "older.jsonl", kept)


def test_a_cut_tail_is_found_by_an_anchor(exports: Path) -> None:
    older = _older_copy(exports)
    assert verify(older, key=KEY.public).ok
    anchor = trust.read_anchor(exports / "whole.jsonl")
    report = verify(older, anchor=anchor)
    assert "seal 2 of the anchor is missing: the end was cut off" in map(str, report.problems)


def test_an_unsealed_row_of_the_anchor_must_still_be_there(exports: Path) -> None:
    anchor = trust.read_anchor(exports / "early.jsonl")
    assert verify(exports / "whole.jsonl", anchor=anchor).authenticated
    report = verify(_older_copy(exports), anchor=anchor)
    assert _first(report)[0] == 11
    assert "stands in the anchor but is missing here" in str(report.problems[0])


def test_a_published_seal_serves_as_anchor(exports: Path) -> None:
    head = exports / "head.json"
    head.write_text(dump_line(read_lines(exports / "whole.jsonl")[-1]), encoding="utf-8")
    anchor = trust.read_anchor(head)
    assert verify(exports / "whole.jsonl", anchor=anchor).authenticated
    assert not verify(_older_copy(exports), anchor=anchor).ok


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where every leaf of a JSON value is."""
    if isinstance(value, dict) and value:
        return [leaf for name in value for leaf in _paths(value[name], (*path, name))]
    if isinstance(value, list) and value:
        return [leaf for at in range(len(value)) for leaf in _paths(value[at], (*path, at))]
    return [path]


SCALARS: st.SearchStrategy[Any] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(), st.just([]), st.just({})
)


def _same(left: Any, right: Any) -> bool:
    return type(left) is type(right) and left == right


@many
@given(data=st.data(), name=st.sampled_from(FILES))
def test_any_edit_of_any_field_is_found(exports: Path, data: st.DataObject, name: str) -> None:
    lines = read_lines(exports / name)
    line = data.draw(st.sampled_from(lines))
    *way, last = data.draw(st.sampled_from(_paths(line)))
    target: Any = line
    for step in way:
        target = target[step]
    before = target[last]
    near = st.just(before[:-1] if isinstance(before, str) and before else 0)
    target[last] = data.draw(st.one_of(SCALARS, near).filter(lambda new: not _same(new, before)))
    assert not verify(write_lines(exports / "edited.jsonl", lines)).ok


@many
@given(data=st.data(), name=st.sampled_from(FILES))
def test_any_added_or_dropped_field_is_found(exports: Path, data: st.DataObject, name: str) -> None:
    lines = read_lines(exports / name)
    line = data.draw(st.sampled_from(lines))
    field = data.draw(st.one_of(st.sampled_from(list(line)), st.text()))
    if field in line:
        del line[field]
    else:
        line[field] = data.draw(SCALARS)
    assert not verify(write_lines(exports / "edited.jsonl", lines)).ok


def _delete(lines: Lines, at: int, _to: int) -> None:
    del lines[at]


def _repeat(lines: Lines, at: int, to: int) -> None:
    lines.insert(to, lines[at])


def _move(lines: Lines, at: int, to: int) -> None:
    lines.insert(to, lines.pop(at))


def _truncate(lines: Lines, at: int, _to: int) -> None:
    del lines[at:]


@many
@given(
    data=st.data(),
    name=st.sampled_from(FILES),
    change=st.sampled_from([_delete, _repeat, _move, _truncate]),
)
def test_any_deletion_repetition_reordering_or_truncation_is_found(
    exports: Path, data: st.DataObject, name: str, change: Callable[[Lines, int, int], None]
) -> None:
    lines = read_lines(exports / name)
    place = st.integers(0, len(lines) - 1)
    at, to = data.draw(place), data.draw(place)
    whole = list(lines)
    change(lines, at, to)
    if lines == whole:
        return
    assert not verify(write_lines(exports / "edited.jsonl", lines)).ok


@many
@given(data=st.data(), name=st.sampled_from([*FILES, "whole.csv", "whole.csv.seals.jsonl"]))
def test_any_changed_byte_is_found(exports: Path, data: st.DataObject, name: str) -> None:
    content = bytearray((exports / name).read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte != content[at]))
    assert not _verify_changed(exports, name, bytes(content)).ok


@many
@given(data=st.data(), name=st.sampled_from([*FILES, "whole.csv", "whole.csv.seals.jsonl"]))
def test_any_cut_file_is_found(exports: Path, data: st.DataObject, name: str) -> None:
    content = (exports / name).read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    assert not _verify_changed(exports, name, content[:at]).ok


def _verify_changed(exports: Path, name: str, content: bytes) -> Report:
    if name.endswith(".jsonl") and ".csv" not in name:
        changed = exports / "changed.jsonl"
        changed.write_bytes(content)
        return verify(changed)
    changed = exports / "changed.csv"
    for path, copied in (("whole.csv", changed), ("whole.csv.seals.jsonl", beside(changed))):
        copied.write_bytes(content if path == name else (exports / path).read_bytes())
    return verify(changed)


@many
@given(content=st.binary(max_size=2_000))
def test_garbage_is_a_problem_never_a_trace(exports: Path, content: bytes) -> None:
    assert not _verify_changed(exports, "garbage.jsonl", content).ok
    assert not _verify_changed(exports, "whole.csv", b"seq,payment" + content).ok
    assert not _verify_changed(exports, "whole.csv.seals.jsonl", content).ok


def test_an_empty_file_is_not_an_export(exports: Path) -> None:
    assert not _verify_changed(exports, "garbage.jsonl", b"").ok


def test_a_csv_without_its_seals_says_which_file_is_missing(exports: Path) -> None:
    alone = exports / "alone.csv"
    alone.write_bytes((exports / "whole.csv").read_bytes())
    report = verify(alone)
    assert str(report.problems[0]).startswith("alone.csv.seals.jsonl is missing")
