"""History rows held against the seals, by the engine that made them, before it signs a chain tx.

Hash chains can be computed anew by whoever writes the database; a root that our own key signed
cannot. Seals are verified once as they come, rows under them when they are asked for, and all of
them again in turn, a bounded number at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from db.models import History, Seal
from engine.audit import keys, merkle
from engine.audit.checks import SealChain, Span
from engine.audit.report import Flaws
from engine.audit.seals import installation_id, read_seals
from engine.clock import Interval
from engine.config import Config
from engine.errors import AuditError, ConfigError

SWEEP_EVERY = timedelta(seconds=10)
SWEEP_ROWS = 20_000
REMEMBERED_MAX = 1_000_000  # leaves of 32 bytes
_LEAF_BYTES = 32

NO_KEY = "the audit key is missing, so that the seals over all history cannot be checked"
CHANGED = "the seals over all history do not hold: cashier verify --database says where"


class SealedHistory:
    """The seals of this installation and the rows under them. One thread owns an instance."""

    def __init__(self, trusted: Collection[str]) -> None:
        """`trusted` are the public keys, as text, by which seals may be signed."""
        self._trusted = frozenset(trusted)
        self._chain: SealChain | None = None
        self._newest: tuple[int, str] = (0, "")
        self._leaves: dict[int, bytes] = {}
        self._remembered = 0
        self._sweep_due = Interval(SWEEP_EVERY)
        self._swept = 0
        self._broken = False

    def trouble(self, now: datetime) -> str:
        """Why no history is believed now, empty when seals and rows hold: the new seals are read,
        and every few seconds the next of the older rows. What was broken is read anew, too."""
        due = self._sweep_due.is_due(now)
        if due or not self._broken:
            if self._broken:
                self._forget()
            self._broken = not (self._read_new() and (not due or self._sweep()))
        if due:
            self._sweep_due.wait(now)
        if not self._broken:
            return ""
        return CHANGED if self._trusted else NO_KEY

    def hold(self, rows: Iterable[History]) -> bool:
        """Whether each of these rows, whose hashes are known to be theirs, is the one that was
        sealed; what is newer than the newest seal is not sealed yet."""
        if self._chain is None:
            return True
        return all(self._holds(row, self._chain) for row in rows)

    def _holds(self, row: History, chain: SealChain) -> bool:
        seq = int(row.seq)
        span = chain.covering(seq)
        if span is None:
            return seq > chain.last_seq
        at = (seq - span.first_seq) * _LEAF_BYTES
        leaves = self._leaves_of(span)
        return leaves is not None and leaves[at : at + _LEAF_BYTES].hex() == row.hash

    def _read_new(self) -> bool:
        """Take the seals that came since; whether all are ours, linked, and still there."""
        row: Seal | None = Seal.select().order_by(Seal.number.desc()).first()
        newest = (0, "") if row is None else (int(row.number), str(row.hash))
        if newest == self._newest:
            return True
        if newest[0] <= self._newest[0]:
            return False
        try:
            chain = self._chain or SealChain(installation_id(), Flaws())
            for line in read_seals(above=self._newest[0]):
                if line["key"] not in self._trusted:
                    return False
                chain.feed("seal", line)
        except (AuditError, ValueError):
            return False
        self._chain = chain
        self._newest = chain.number, chain.hashes.get(chain.number, "")
        return not chain.flaws.found

    def _forget(self) -> None:
        """Read the seals from the first again; the sweep goes on with the rows that were wrong."""
        self._chain, self._newest = None, (0, "")
        self._leaves.clear()
        self._remembered = 0

    def _sweep(self) -> bool:
        """Read the next rows under seals again; whether they are as they were sealed."""
        if self._chain is None:
            return True
        spans, last = self._chain.spans, self._chain.last_seq
        if History.select().where(History.seq <= last).count() != last:
            return False
        budget = min(SWEEP_ROWS, last)
        while budget > 0:
            span = spans[self._swept % len(spans)]
            if _read_leaves(span) is None:
                return False
            self._swept = (self._swept + 1) % len(spans)
            budget -= span.count
        return True

    def _leaves_of(self, span: Span) -> bytes | None:
        """The leaves under a seal, one after the other; None when they do not make its root."""
        found = self._leaves.get(span.number)
        if found is None:
            found = _read_leaves(span)
            if found is not None:
                self._remember(span, found)
        return found

    def _remember(self, span: Span, leaves: bytes) -> None:
        if self._remembered + span.count > REMEMBERED_MAX:
            self._leaves.clear()
            self._remembered = 0
        self._leaves[span.number] = leaves
        self._remembered += span.count


def open_sealed(config: Config) -> SealedHistory:
    """The seals as this engine's own key, and the former ones of cashier.toml, vouch for them."""
    try:
        own = keys.load(config.audit_key).public
    except ConfigError:
        return SealedHistory(())
    return SealedHistory((own, *config.audit.former_keys))


def _read_leaves(span: Span) -> bytes | None:
    found = History.select(History.hash).where(History.seq.between(span.first_seq, span.last_seq))
    rows: Iterable[Any] = found.order_by(History.seq).tuples()
    try:
        leaves = [bytes.fromhex(row[0]) for row in rows]
    except (TypeError, ValueError):
        return None
    return b"".join(leaves) if merkle.root(leaves) == span.root else None
