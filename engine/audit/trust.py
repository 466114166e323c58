"""What an auditor trusts from elsewhere: a public key, or an anchor.

An anchor is an earlier export (for CSV its FILE.seals.jsonl) or a published seal: what it holds
must be held still, so that a cut tail and an older copy are found.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from engine.audit.checks import SealChain
from engine.audit.form import Line, LineError, check_row, check_seal, parse_line
from engine.audit.keys import parse_public
from engine.audit.lines import read_raw
from engine.audit.report import Flaws
from engine.errors import AuditError

KEPT_ROWS_MAX = 100_000
_STANDING = frozenset({"type", "sealed", "proof"})


@dataclass(frozen=True, slots=True)
class Anchor:
    """What the anchor holds: seal number → hash, and seq → hash of the rows that no seal held
    yet."""

    seals: dict[int, str]
    rows: dict[int, str]
    installation: str
    key: str | None


@dataclass(slots=True)
class Trust:
    """Compares what is verified with what is trusted."""

    key: str | None
    anchor: Anchor | None
    _met: set[int] = field(default_factory=set)

    def check_row(self, flaws: Flaws, *, seq: int, row_hash: str, payment: str) -> None:
        """The row against the anchor's."""
        if self.anchor is None or seq not in self.anchor.rows:
            return
        self._met.add(seq)
        if self.anchor.rows[seq] != row_hash:
            flaws.add("the row is another one than in the anchor", seq=seq, of=payment)

    def check_seals(self, flaws: Flaws, seals: SealChain) -> None:
        """The seals against the anchor's, and the newest one's key."""
        newest, trusted = seals.keys.get(seals.number), self._trusted_key()
        if None not in {newest, trusted} and newest != trusted and not self._holds_newest(seals):
            flaws.add(f"the newest seal, {seals.number}, is not signed by the trusted key")
        for number, anchored in self.anchor.seals.items() if self.anchor else ():
            if number not in seals.hashes:
                flaws.add(f"seal {number} of the anchor is missing: the end was cut off")
            elif seals.hashes[number] != anchored:
                flaws.add(f"seal {number} is another one than in the anchor")

    def check_rows_met(self, flaws: Flaws) -> None:
        """For whole histories: every row of the anchor must have come by."""
        for seq in self.anchor.rows if self.anchor else ():
            if seq not in self._met:
                flaws.add("the row stands in the anchor but is missing here", seq=seq)

    def check_installation(self, flaws: Flaws, seals: SealChain) -> None:
        """The anchor must be of the same installation."""
        if self.anchor is not None and self.anchor.installation != seals.installation:
            flaws.add("the anchor is of another installation")

    def authenticates(self, seals: SealChain) -> bool:
        """Whether, without a flaw, key or anchor vouch for the newest seal."""
        return (self.key is not None or self.anchor is not None) and bool(seals.hashes)

    def _trusted_key(self) -> str | None:
        if self.key is not None or self.anchor is None:
            return self.key
        return self.anchor.key

    def _holds_newest(self, seals: SealChain) -> bool:
        """Whether the anchor itself holds the newest seal, whoever signed it."""
        return self.anchor is not None and seals.number in self.anchor.seals


def read_key(text: str) -> str:
    """The public key that `text` is, or that stands in the file of that name. Raises
    AuditError."""
    given = text.strip()
    if not given.startswith("ed25519:") and Path(given).is_file():
        given = Path(given).read_bytes()[:1000].decode("ascii", errors="replace").strip()
    parse_public(given)
    return given


def read_anchor(path: Path) -> Anchor:
    """The anchor in a file. Raises AuditError when it holds no seal, or anything unreadable."""
    seals: dict[int, str] = {}
    rows: dict[int, str] = {}
    last: Line | None = None
    for where, line in _anchor_lines(path):
        if line["type"] == "seal":
            _check_anchor_line(where, line)
            seals[line["number"]], last = line["hash"], line
        elif line["type"] == "row" and line.get("sealed") is False:
            _check_anchor_line(where, line)
            if len(rows) < KEPT_ROWS_MAX:
                rows[line["seq"]] = line["hash"]
    if last is None:
        raise AuditError(f"{path} holds no seal: it cannot serve as an anchor")
    return Anchor(seals=seals, rows=rows, installation=last["installation"], key=last["key"])


def _check_anchor_line(where: str, line: Line) -> None:
    """Raises AuditError for a seal or row that is not sound."""
    try:
        if line["type"] == "seal":
            check_seal(line)
        else:
            check_row({name: value for name, value in line.items() if name not in _STANDING})
    except LineError as error:
        raise AuditError(f"anchor {where}: the {line['type']} {error}") from None


def _anchor_lines(path: Path) -> Iterator[tuple[str, Line]]:
    try:
        for number, raw in read_raw(path):
            where = f"{path.name}:{number}"
            try:
                yield where, parse_line(raw)
            except LineError as error:
                raise AuditError(f"anchor {where}: the line {error}") from None
    except OSError as error:
        raise AuditError(f"anchor {path} cannot be read ({error.strerror})") from error
