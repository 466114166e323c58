"""Each row of a file under its seal, by the path that the file gives for it.

When some rows of a seal fail, they are the bad ones. When all do, the seal and the rows as a whole
do not fit, and no single row is blamed for it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from engine.audit.checks import SealChain, Span
from engine.audit.form import PROOF_FIELDS, Line, LineError, check_digests, check_fields
from engine.audit.merkle import verify_proof
from engine.audit.report import FLAWS_MAX, Flaws


@dataclass(slots=True)
class Paths:
    """Fed with rows in the order of `seq`; `unsealed` counts those that no seal holds yet."""

    seals: SealChain
    row_flaws: Flaws
    seal_flaws: Flaws
    unsealed: int = 0
    _span: Span | None = None
    _sound: int = 0
    _failed: list[tuple[str, Line, str]] = field(default_factory=list)

    def feed(self, where: str, row: Line, proof: Line | None) -> None:
        """Check the next row."""
        span = self.seals.covering(row["seq"])
        if span is not self._span:
            self.finish()
            self._span = span
        try:
            if span is None:
                self._check_unsealed(row, proof)
            else:
                _check_path(row, proof, span)
                self._sound += 1
        except LineError as error:
            if len(self._failed) < FLAWS_MAX:
                self._failed.append((where, row, str(error)))

    def finish(self) -> None:
        """Say what was wrong under the seal that ends here."""
        span, sound, failed = self._span, self._sound, self._failed
        self._span, self._sound, self._failed = None, 0, []
        if span is not None and not sound and len(failed) > 1:
            self.seal_flaws.add(
                f"seal {span.number} holds none of rows {span.first_seq} to {span.last_seq} as they"
                " are here: one was changed, added or removed after it was sealed"
            )
            return
        for where, row, what in failed:
            self.row_flaws.add(f"the row {what}", where=where, seq=row["seq"], of=row["payment"])

    def _check_unsealed(self, row: Line, proof: Line | None) -> None:
        if proof is not None or row["seq"] <= self.seals.last_seq:
            raise LineError("is held by no seal of this file")
        self.unsealed += 1


def _check_path(row: Line, proof: Line | None, span: Span) -> None:
    if proof is None:
        raise LineError(f"has no proof under seal {span.number}")
    check_fields(proof, PROOF_FIELDS)
    check_digests(proof["path"])
    if proof["seal"] != span.number or proof["index"] != row["seq"] - span.first_seq:
        raise LineError(f"points to another place than its own under seal {span.number}")
    if not verify_proof(
        bytes.fromhex(row["hash"]),
        index=proof["index"],
        count=span.count,
        path=[bytes.fromhex(node) for node in proof["path"]],
        expected_root=span.root,
    ):
        raise LineError(f"is not the one that seal {span.number} holds: it was changed")
