"""Verifying an exported file with nothing but the file: no database, no configuration.

Streams, twice: header and seals first, then row by row. Whatever is wrong becomes a flaw.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from engine.audit.checks import RowChain, SealChain, missing
from engine.audit.form import (
    Line,
    LineError,
    check_header,
    filter_of,
)
from engine.audit.lines import (
    Progress,
    beside,
    is_csv,
    read_csv_rows,
    read_frame,
    read_jsonl_rows,
)
from engine.audit.paths import Paths
from engine.audit.report import Flaw, Flaws, Report
from engine.audit.tails import Tails
from engine.audit.trust import Anchor, Trust


def verify(
    path: Path,
    *,
    key: str | None = None,
    anchor: Anchor | None = None,
    progress: Progress = lambda _: None,
) -> Report:
    """Verify the export in `path`: JSON Lines, or CSV with FILE.seals.jsonl beside it.

    `key` is the public key text that the auditor trusts (trust.read_key), `anchor` what an earlier
    export held (trust.read_anchor). `progress` is told of the bytes read. Raises OSError only.
    """
    as_csv = is_csv(path)
    frame_path = beside(path) if as_csv else path
    if not frame_path.is_file():
        absent = Flaw(f"{frame_path.name} is missing: it holds the seals of {path.name}")
        return Report(rows=0, seals=0, unsealed=0, problems=(absent,), authenticated=False)
    read = read_csv_rows if as_csv else read_jsonl_rows
    with Tails() as tails:
        verifier = _Verifier(read_frame(frame_path), Trust(key, anchor), tails)
        for found in read(path, verifier.row_flaws, progress):
            verifier.feed(found.where, found.row, found.proof)
        return verifier.finish()


class _Verifier:
    """The state of one pass over a file's rows."""

    def __init__(self, frame: Iterator[tuple[str, Line]], trust: Trust, tails: Tails) -> None:
        self.row_flaws = Flaws()
        self._frame_flaws = Flaws()
        self._trust = trust
        nothing: tuple[str, Line] = ("", {"type": ""})
        where, self._header = next(frame, nothing)
        self._is_sound = self._check_header(where)
        self._rows = RowChain(filter_of(self._header), self.row_flaws, tails)
        installation = self._header.get("installation") if self._is_sound else None
        self._seals = SealChain(installation, self._frame_flaws)
        for place, line in frame:
            if self._frame_flaws.full:
                break
            self._seals.feed(place, line)
        self._paths = Paths(self._seals, self.row_flaws, self._frame_flaws)

    def feed(self, where: str, row: Line, proof: Line | None) -> None:
        """Check the next row with its proof."""
        if not self._rows.feed(where, row):
            return
        self._trust.check_row(
            self.row_flaws, seq=row["seq"], row_hash=row["hash"], payment=row["payment"]
        )
        self._paths.feed(where, row, proof)

    def finish(self) -> Report:
        """Check what can only be known at the end."""
        self._paths.finish()
        self._check_end()
        self._trust.check_seals(self._frame_flaws, self._seals)
        self._trust.check_installation(self._frame_flaws, self._seals)
        if self._is_sound:
            self._check_counts(self._header)
        problems = (*self.row_flaws.by_seq(), *self._frame_flaws.found)
        return Report(
            rows=self._rows.rows,
            seals=len(self._seals.hashes),
            unsealed=self._paths.unsealed,
            problems=problems,
            authenticated=not problems and self._trust.authenticates(self._seals),
            installation=self._seals.installation or "",
            key=self._header["key"] if self._is_sound else None,
            part=self._rows.part,
        )

    def _check_header(self, where: str) -> bool:
        try:
            check_header(self._header)
        except LineError as error:
            self._frame_flaws.add(f"the header {error}", where=where)
            return False
        return True

    def _check_end(self) -> None:
        if self.row_flaws.full or not self._rows.part.is_whole:
            return
        if self._rows.last_seq < self._seals.last_seq:
            what = missing(self._rows.last_seq + 1, self._seals.last_seq)
            self.row_flaws.add(f"{what} at the end, though sealed")
        self._trust.check_rows_met(self.row_flaws)

    def _check_counts(self, header: Line) -> None:
        counted = {"rows": self._rows.rows, "seals": len(self._seals.hashes)}
        for name, count in counted.items():
            if header[name] != count:
                self._frame_flaws.add(f"the header counts {header[name]} {name}, not {count}")
        newest = self._seals.keys.get(self._seals.number, self._trust.key)
        if newest is not None and header["key"] != newest:
            self._frame_flaws.add("the header names another key than the newest seal")
