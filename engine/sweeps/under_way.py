"""Sweeps and top-ups that are not settled yet, with what was said when they were opened."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import peewee

from db.models import History, Payment

SWEEP, GAS = "sweep", "gas"
# In the words of the indexes, or no database takes them.
_OPEN = "state IN ('requested', 'held', 'pending', 'confirmed')"


@dataclass(frozen=True, slots=True)
class Move:
    """One that is under way. `most` is what it may cost in units of the chain's coin for `gas`;
    `beneficiary` the currency that it is for, another than its own where a token's sweep needs the
    chain's coin; `opened_at` is the height of the tip then."""

    payment: Payment
    most: int
    gas: int
    beneficiary: str
    opened_at: int = 0

    @property
    def is_sweep(self) -> bool:
        return self.payment.purpose == SWEEP

    @property
    def place(self) -> str:
        """The deposit address that it is about."""
        return str(self.payment.source if self.is_sweep else self.payment.address)

    @property
    def is_unsigned(self) -> bool:
        """Whether no bytes of it exist, so that it can be taken back."""
        return self.payment.state == "requested" and self.payment.attempt is None

    @property
    def is_mined(self) -> bool:
        return self.payment.block_hash is not None


def moves(chain: str) -> list[Move]:
    """Every open sweep and top-up of a chain, oldest first."""
    sweeps = _open(chain, "purpose = 'sweep'")
    return _read(sorted([*sweeps, *_open(chain, "purpose = 'gas'")], key=lambda row: row.first_seq))


def top_ups_since(chain: str, address: str, currency: str) -> int:
    """How many top-ups an address had since a sweep of this currency from it was settled last."""
    swept = Payment.select(Payment.first_seq, Payment.state).where(
        (Payment.chain == chain) & (Payment.source == address) & (Payment.currency == currency)
    )
    last = max((row.first_seq for row in swept if row.state == "credited"), default=0)
    at_address = Payment.select(Payment.first_seq, Payment.state, Payment.purpose).where(
        (Payment.address == address) & (Payment.chain == chain)
    )
    return sum(
        (row.purpose, row.state) == (GAS, "credited") and row.first_seq > last for row in at_address
    )


def _open(chain: str, purpose: str) -> Sequence[Payment]:
    rows = Payment.select().where(
        (Payment.chain == chain) & peewee.SQL(purpose) & peewee.SQL(_OPEN)
    )
    return list(rows)


def _read(payments: Iterable[Payment]) -> list[Move]:
    rows = list(payments)
    first = [row.first_seq for row in rows]
    told = {
        row.seq: _told(row)
        for row in History.select(History.seq, History.evidence).where(History.seq.in_(first))
    }
    return [_move(row, told.get(row.first_seq, {})) for row in rows]


def _told(row: History) -> dict[str, Any]:
    evidence: dict[str, Any] = json.loads(row.evidence)
    return evidence


def _move(payment: Payment, told: dict[str, Any]) -> Move:
    most, gas, tip = (int(told.get(name, 0)) for name in ("most", "gas", "tip_height"))
    return Move(payment, most, gas, str(told.get("for", payment.currency)), tip)
