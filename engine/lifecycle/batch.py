"""Moves, collected and written together: the only writer of `Payment.state`.

One database transaction holds the compare-and-set of every payment, its history rows, its ledger
entries and whatever belongs to them: all or none. Many moves share a commit.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from db import bulk
from db.connection import database
from db.models import History, Payment
from engine import ledger
from engine.clock import rfc3339
from engine.config import Config
from engine.errors import LifecycleError, StaleState
from engine.history import COLUMNS, canonical, record_hash, row_hash
from engine.lifecycle.machine import NEW, fire
from engine.money import format_amount

CHANGING = frozenset(
    {
        "client",
        "state",
        "sub_state",
        "unsettled",
        "reason",
        "doubt",
        "units",
        "fee_units",
        "address",
        "txid",
        "idx",
        "block_hash",
        "block_height",
        "generated",
        "required",
        "rule",
        "updated_at",
        "expires_at",
        "missing_since",
        "successor",
        "attempt",
        "approvals_required",
        "final",
        "last_seq",
        "last_hash",
    }
)
_BY_MOVES = frozenset({"state", "last_seq", "last_hash"})
_SAME_NAME = tuple(name for name in COLUMNS if name not in {"units", "from", "to", "evidence"})


@dataclass(slots=True)
class _Step:
    """One history row to be, by the columns of History, and the entry that it carries."""

    payment: Payment
    record: dict[str, Any]
    entry: ledger.NewEntry | None


class Batch:
    """Collects moves; leaving the `with` block without an error writes them.

    `guard` runs first inside the database transaction (an engine proves there that it still holds
    its lease); functions given to `also` run last, before the commit. Raises StaleState when a
    payment moved meanwhile, and then nothing is written: payments held in memory are to be read
    again.
    """

    def __init__(
        self,
        config: Config,
        *,
        actor: str,
        now: datetime,
        guard: Callable[[], None] | None = None,
    ) -> None:
        self._config = config
        self._actor = actor
        self._at = rfc3339(now)
        self._guard = guard
        self._steps: list[_Step] = []
        self._new: list[Payment] = []
        self._originals: dict[str, tuple[Payment, str, int]] = {}
        self._changed: set[str] = set()
        self._also: list[Callable[[], object]] = []

    @property
    def steps(self) -> int:
        """Moves collected so far."""
        return len(self._steps)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            self.flush()

    def open(
        self,
        *,
        evidence: Mapping[str, Any],
        reason: str = "",
        entry: ledger.NewEntry | None = None,
        **columns: Any,
    ) -> Payment:
        """A new payment in state `requested`, by event `request`. `columns` are Payment's."""
        currency = self._config.currencies[columns["currency"]]
        columns.setdefault("rule", currency.rule_version)
        payment = Payment(
            id=secrets.token_hex(16),
            state=NEW,
            created_at=self._at,
            updated_at=self._at,
            first_seq=0,
            last_seq=0,
            last_hash="",
            **columns,
        )
        payment.last_hash = payment.id
        self._new.append(payment)
        self.move(payment, "request", evidence=evidence, reason=reason, entry=entry)
        return payment

    def move(
        self,
        payment: Payment,
        event: str,
        *,
        evidence: Mapping[str, Any],
        reason: str = "",
        entry: ledger.NewEntry | None = None,
        actor: str | None = None,
        **changes: Any,
    ) -> None:
        """Fire `event` on `payment`, with its evidence and the entry that it posts; `changes` are
        columns that change with it. Raises LifecycleError for an illegal move."""
        self._remember(payment)
        left = fire(payment, event)
        self._change(payment, {"reason": reason, **changes})
        proof = dict(evidence)
        if entry is not None:
            proof["entry"] = entry.as_json()
        record = self._record(payment, event, left, proof)
        record["actor"] = actor or self._actor
        self._steps.append(_Step(payment, record, entry))

    def touch(self, payment: Payment, **changes: Any) -> None:
        """Change columns that are not a move (a block while pending, a flag of finality)."""
        self._remember(payment)
        self._change(payment, changes)

    def also(self, work: Callable[[], object]) -> None:
        """Run `work` in the same database transaction, before the commit."""
        self._also.append(work)

    def flush(self) -> None:
        """Write everything collected so far in one database transaction."""
        if not (self._steps or self._originals or self._also):
            return
        with database.atomic():
            if self._guard is not None:
                self._guard()
            numbered = self._number_steps()
            self._write_payments()
            bulk.insert_rows(History, [step.record for step in self._steps])
            self._post(numbered)
            for work in self._also:
                work()
        self._steps, self._new, self._originals, self._also = [], [], {}, []
        self._changed = set()

    @staticmethod
    def _post(numbered: Sequence[tuple[int, _Step]]) -> None:
        """An entry bears the time of its row, which a clock that was set back leaves behind it."""
        entries: dict[str, list[tuple[int, str, str | None, ledger.NewEntry]]] = {}
        for seq, step in numbered:
            if step.entry is not None:
                posted = (seq, step.record["event"], step.payment.id, step.entry)
                entries.setdefault(step.record["at"], []).append(posted)
        for at, together in entries.items():
            ledger.post(together, at=at)

    def _remember(self, payment: Payment) -> None:
        if payment.state == NEW:
            return
        original = (payment, payment.state, payment.last_seq)
        if self._originals.setdefault(payment.id, original)[0] is not payment:
            raise LifecycleError("two copies of one payment cannot move in one batch")

    def _change(self, payment: Payment, changes: Mapping[str, Any]) -> None:
        for name in changes.keys() - CHANGING:
            raise TypeError(f"Payment.{name} does not change")
        data = payment.__data__  # a third of a round's time went into the ORM's setters
        data.update(changes)
        self._changed.update(changes)
        # A clock that was set back must not make a payment's rows run backwards.
        data["updated_at"] = max(self._at, payment.updated_at)

    def _record(
        self, payment: Payment, event: str, left: str, evidence: dict[str, Any]
    ) -> dict[str, Any]:
        decimals = self._config.currencies[payment.currency].decimals
        units = payment.units
        return {
            "payment": payment.id,
            "kind": payment.kind,
            "client": payment.client,
            "currency": payment.currency,
            "units": units,
            "amount": None if units is None else format_amount(units, decimals),
            "event": event,
            "from_state": None if left == NEW else left,
            "to_state": payment.state,
            "at": payment.updated_at,
            "reason": payment.reason,
            "rule": payment.rule,
            "evidence": canonical(evidence).decode(),
        }

    def _number_steps(self) -> list[tuple[int, _Step]]:
        """Give each row its `seq`, its `prev` and its hash. The counter row stays locked until the
        commit, so that numbers become visible in order."""
        if not self._steps:
            return []
        first = _take_numbers(len(self._steps))
        numbered = list(enumerate(self._steps, start=first))
        for seq, step in numbered:
            payment, record = step.payment, step.record
            record["seq"] = seq
            record["prev"] = payment.last_hash
            record["hash"] = record_hash(record)
            payment.first_seq = payment.first_seq or seq
            payment.last_seq = seq
            payment.last_hash = record["hash"]
        return numbered

    def _write_payments(self) -> None:
        """Only columns that some payment changed are written: each one that is named rewrites the
        indexes that it is in, changed or not."""
        opened = {payment.id for payment in self._new}
        bulk.insert_rows(Payment, [payment.__data__ for payment in self._complete_new()])
        rows = [
            {"match.id": payment.id, "match.state": state, "match.last_seq": seq} | payment.__data__
            for payment, state, seq in self._originals.values()
            if payment.id not in opened
        ]
        names = self._changed | {"updated_at"} | (_BY_MOVES if self._steps else frozenset())
        changed = bulk.update_rows(
            Payment, rows, match=("id", "state", "last_seq"), changes=sorted(names)
        )
        if changed != len(rows):
            raise StaleState("the payment moved meanwhile; nothing was changed")

    def _complete_new(self) -> list[Payment]:
        for payment in self._new:
            for name in Payment._meta.fields:
                payment.__data__.setdefault(name, None)
        return self._new


def write_row(row: dict[str, Any]) -> None:
    """Write one history row that belongs to no payment (kind `installation`), inside the caller's
    database transaction; `row` has every public column but `seq` and `hash`."""
    row["seq"] = _take_numbers(1)
    row["hash"] = row_hash(row)
    bulk.insert_rows(History, [_stored(row)])


def _stored(row: Mapping[str, Any]) -> dict[str, Any]:
    """The stored form of a public row."""
    return {
        **{name: row[name] for name in _SAME_NAME},
        "units": None if row["units"] is None else int(row["units"]),
        "from_state": row["from"],
        "to_state": row["to"],
        "evidence": canonical(row["evidence"]).decode(),
    }


def _take_numbers(count: int) -> int:
    """Reserve `count` history numbers; returns the first."""
    cursor = database.execute_sql(
        f"UPDATE counter SET value = value + {database.param}"  # noqa: S608 - a placeholder
        " WHERE name = 'seq' RETURNING value",
        [count],
    )
    return int(cursor.fetchone()[0]) - count + 1
