"""Reading the files of an export: lines of bounded length, headers and seals, rows with proofs.

A JSON Lines file holds everything; beside a CSV file stands FILE.seals.jsonl with the rest.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from engine.audit.cells import from_cells
from engine.audit.form import (
    PROOF_LINE_FIELDS,
    STANDING_FIELDS,
    Line,
    LineError,
    check_fields,
    parse_line,
)
from engine.audit.report import Flaws
from engine.history import COLUMNS

LINE_BYTES_MAX = 16 * 1024 * 1024
BESIDE = ".seals.jsonl"

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class FoundRow:
    """A row as it stands in a file, with the proof beside it (None: not sealed)."""

    where: str
    row: Line
    proof: Line | None


def beside(path: Path) -> Path:
    """The file with header, proofs and seals of a CSV file."""
    return path.with_name(path.name + BESIDE)


def read_raw(path: Path, progress: Progress = lambda _: None) -> Iterator[tuple[int, bytes]]:
    """Lines and their numbers, none longer than LINE_BYTES_MAX (a longer one comes in pieces).
    A last line without its end keeps no newline."""
    with path.open("rb") as file:
        for number, raw in enumerate(iter(lambda: file.readline(LINE_BYTES_MAX), b""), start=1):
            progress(len(raw))
            yield number, raw


def is_csv(path: Path) -> bool:
    """Whether the file is an export as CSV: it begins with the names of the columns."""
    with path.open("rb") as file:
        return file.read(len(COLUMNS[0]) + 1) == COLUMNS[0].encode() + b","


def read_frame(path: Path) -> Iterator[tuple[str, Line]]:
    """The first line and the seals, without a word on what is malformed: reading the rows tells
    that."""
    for number, raw in read_raw(path):
        # Only a seal has a root: most rows need not be parsed to know that they are none.
        if number > 1 and b'"root"' not in raw:
            continue
        try:
            line = parse_line(raw)
        except LineError:
            continue
        if number == 1 or line["type"] == "seal":
            yield f"{path.name}:{number}", line


def read_lines(
    path: Path, flaws: Flaws, progress: Progress = lambda _: None
) -> Iterator[tuple[str, Line]]:
    """The lines between header and seals; what is malformed or out of place becomes a flaw."""
    ended = False
    for number, raw in read_raw(path, progress):
        where = f"{path.name}:{number}"
        if flaws.full:
            return
        try:
            line = parse_line(raw)
            _check_place(line, number=number, raw=raw, ended=ended)
        except LineError as error:
            flaws.add(f"the line {error}", where=where)
            continue
        ended = ended or line["type"] == "seal"
        if line["type"] not in {"header", "seal"}:
            yield where, line


def _check_place(line: Line, *, number: int, raw: bytes, ended: bool) -> None:
    if not raw.endswith(b"\n"):
        raise LineError("has no end: the file was cut off")
    kind = line["type"]
    if (kind == "header") != (number == 1):
        raise LineError("must be a header" if number == 1 else "is a second header")
    if kind == "seal" and b'"root"' not in raw:
        raise LineError("is a seal that does not name its root plainly")
    if ended and kind != "seal":
        raise LineError("stands after the first seal")


def read_jsonl_rows(path: Path, flaws: Flaws, progress: Progress) -> Iterator[FoundRow]:
    """The rows of a JSON Lines export."""
    for where, line in read_lines(path, flaws, progress):
        row = {name: value for name, value in line.items() if name not in STANDING_FIELDS}
        standing = {name: line[name] for name in STANDING_FIELDS if name in line}
        proof = _proof(where, standing, flaws, kind="row", row=row)
        yield FoundRow(where, row, proof)


def read_csv_rows(path: Path, flaws: Flaws, progress: Progress) -> Iterator[FoundRow]:
    """The rows of a CSV export, each with its proof from the file beside it."""
    proofs = _Proofs(beside(path), flaws)
    for where, row in _csv_rows(path, flaws, progress):
        yield FoundRow(where, row, proofs.take(row["seq"]))
    proofs.finish()


def _csv_rows(path: Path, flaws: Flaws, progress: Progress) -> Iterator[tuple[str, Line]]:
    for line, cells in _csv_records(path, flaws, progress):
        where = f"{path.name}:{line}"
        if flaws.full:
            return
        try:
            row = None if line == 1 else from_cells(cells)
            if row is None:
                _check_columns(cells)
        except LineError as error:
            flaws.add(f"the row {error}", where=where, **_named(cells))
            continue
        if row is not None:
            yield where, row


def _csv_records(path: Path, flaws: Flaws, progress: Progress) -> Iterator[tuple[int, list[str]]]:
    """Records and the numbers of their last lines, up to the first that is no CSV."""
    csv.field_size_limit(LINE_BYTES_MAX)
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(_bounded(file, progress), strict=True)
        try:
            for cells in reader:
                yield reader.line_num, cells
        except (csv.Error, UnicodeDecodeError):
            where = f"{path.name}:{reader.line_num + 1}"
            flaws.add("the line is not CSV as we write it", where=where)


def _bounded(file: IO[str], progress: Progress) -> Iterator[str]:
    while text := file.readline(LINE_BYTES_MAX):
        if not text.endswith("\n"):
            raise csv.Error("a line without its end")
        progress(len(text))
        yield text


def _named(cells: list[str]) -> dict[str, Any]:
    """Which row the first cells say that it is."""
    seq, payment = [*cells, "", ""][:2]
    known = seq.isascii() and seq.isdigit() and len(seq) <= 18
    return {"seq": int(seq) if known else None, "of": payment}


def _check_columns(cells: list[str]) -> None:
    if cells != list(COLUMNS):
        raise LineError("does not name the columns of the format")


class _Proofs:
    """The proof lines beside a CSV file, taken in the order of `seq`."""

    def __init__(self, path: Path, flaws: Flaws) -> None:
        self._lines = read_lines(path, flaws)
        self._flaws = flaws
        self._next = self._read()

    def take(self, seq: int) -> Line | None:
        """The proof of this row; proofs of rows that are not there become flaws."""
        while self._next is not None and self._next[0] < seq:
            self._pass_over(self._next[0])
        if self._next is None or self._next[0] != seq:
            return None
        proof, self._next = self._next[1], self._read()
        return proof

    def finish(self) -> None:
        """Name what is left over."""
        while self._next is not None and not self._flaws.full:
            self._pass_over(self._next[0])

    def _pass_over(self, seq: int) -> None:
        self._flaws.add("the row is missing, its proof is there", seq=seq)
        self._next = self._read()

    def _read(self) -> tuple[int, Line | None] | None:
        for where, line in self._lines:
            seq = line.get("seq")
            if type(seq) is not int:
                self._flaws.add("the line has no seq", where=where)
                continue
            row = {"seq": seq}
            return seq, _proof(where, line, self._flaws, kind="proof", row=row)
        return None


def _proof(where: str, standing: Line, flaws: Flaws, *, kind: str, row: Line) -> Line | None:
    """The proof in the fields beside a row, which must agree with `sealed`."""
    try:
        _check_standing(standing, kind)
    except LineError as error:
        seq, payment = row.get("seq"), row.get("payment")
        flaws.add(
            f"the line {error}",
            where=where,
            seq=seq if type(seq) is int else None,
            of=payment if isinstance(payment, str) else "",
        )
        return None
    proof: Line | None = standing["proof"]
    return proof


def _check_standing(standing: Line, kind: str) -> None:
    if standing["type"] != kind:
        raise LineError(f"is no {kind}")
    check_fields(standing, STANDING_FIELDS if kind == "row" else PROOF_LINE_FIELDS)
    if standing["sealed"] != (standing["proof"] is not None):
        raise LineError("says sealed without a proof, or the other way round")
