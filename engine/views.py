"""What page, console and commands see of payments, balances, chains and currencies: frozen rows
with exact amounts, and their public JSON form. No rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.brakes import BrakeView
from engine.config import Currency
from engine.money import format_amount

NOT_CONTACTED = "not contacted yet"


@dataclass(frozen=True, slots=True)
class PaymentView:
    """A payment as everybody outside the rules sees it. Times are RFC 3339 UTC."""

    id: str
    kind: str
    client: str | None
    currency: str
    network: str
    decimals: int
    units: int | None
    fee_units: int | None
    address: str | None
    uri: str | None
    state: str
    sub_state: str
    unsettled: bool
    reason: str
    confirmations: int
    confirmations_required: int
    txid: str | None
    index: str | None
    block_hash: str | None
    block_height: int | None
    successor: str | None
    created_at: str
    updated_at: str
    expires_at: str | None
    first_seq: int
    last_seq: int

    @property
    def amount(self) -> str | None:
        """Whole coins as a decimal string; None while nothing has arrived, and where the currency
        is configured no longer."""
        return None if self.units is None else format_amount(self.units, self.decimals)

    def as_json(self) -> dict[str, Any]:
        """The public form of a payment."""
        fee = None if self.fee_units is None else format_amount(self.fee_units, self.decimals)
        return {
            "id": self.id,
            "kind": self.kind,
            "client": self.client,
            "currency": self.currency,
            "network": self.network,
            "amount": self.amount,
            "fee": fee,
            "address": self.address,
            "uri": self.uri,
            "state": self.state,
            "sub_state": self.sub_state or None,
            "unsettled": self.unsettled,
            "reason": self.reason or None,
            "confirmations": self.confirmations,
            "confirmations_required": self.confirmations_required,
            "txid": self.txid,
            "index": self.index,
            "created_at": self.created_at,
            "updated_at": self.updated_at,
        }


@dataclass(frozen=True, slots=True)
class HistoryView:
    """One move of a payment."""

    seq: int
    event: str
    from_state: str | None
    to_state: str
    at: str
    actor: str
    reason: str
    rule: str
    evidence: dict[str, Any]
    hash: str

    def as_json(self, *, public: bool = False) -> dict[str, Any]:
        """All of it, or with `public` what the client itself may see."""
        row: dict[str, Any] = {
            "event": self.event,
            "from": self.from_state,
            "to": self.to_state,
            "at": self.at,
            "reason": self.reason or None,
        }
        shown = ("confirmations", "required", "txid", "index", "block_hash", "block_height")
        if public:
            return row | {"evidence": {k: v for k, v in self.evidence.items() if k in shown}}
        return row | {
            "seq": self.seq,
            "actor": self.actor,
            "rule": self.rule,
            "evidence": self.evidence,
            "hash": self.hash,
        }


@dataclass(frozen=True, slots=True)
class Page:
    """A page of payments; `next` continues it, None at the end."""

    items: tuple[PaymentView, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class BalanceView:
    """What a client has in one currency, in units: `available` may be below zero after a
    reversal."""

    currency: str
    decimals: int
    available: int
    pending: int
    in_transit: int

    def as_json(self) -> dict[str, str]:
        return {
            "currency": self.currency,
            "available": format_amount(self.available, self.decimals),
            "pending": format_amount(self.pending, self.decimals),
            "in_transit": format_amount(self.in_transit, self.decimals),
        }


@dataclass(frozen=True, slots=True)
class ChainView:
    """How a chain's node is and how far it is followed."""

    symbol: str
    state: str
    reason: str
    since: str
    height: int | None
    hash: str | None
    behind: int | None
    tip_time: int
    peers: int | None
    version: str
    checked_at: str | None
    beat_at: str | None

    def as_json(self) -> dict[str, Any]:
        return {
            "currency": self.symbol,
            "state": self.state,
            "reason": self.reason or None,
            "since": self.since,
            "height": self.height,
            "hash": self.hash,
            "behind": self.behind,
        }


@dataclass(frozen=True, slots=True)
class PauseView:
    """Why something waits, and since when (RFC 3339 UTC, empty if nobody knows)."""

    reason: str
    since: str


@dataclass(frozen=True, slots=True)
class CurrencyView:
    """What a client must know of a currency before it pays. `brakes` are by kind of payment."""

    currency: Currency
    chain: ChainView | None
    brakes: Mapping[str, BrakeView] = field(default_factory=dict)

    def pause(self, kind: str = "deposit") -> PauseView | None:
        """Why payments of this kind wait: a person's brake, or a node that is not well."""
        brake = self.brakes.get(kind)
        if brake is not None:
            return PauseView(brake.reason, brake.since)
        if self.chain is None:
            return PauseView(NOT_CONTACTED, "")
        well = self.chain.state == "well"
        return None if well else PauseView(self.chain.reason, self.chain.since)

    def as_json(self) -> dict[str, Any]:
        decimals = self.currency.decimals
        return {
            "symbol": self.currency.symbol,
            "name": self.currency.name,
            "network": self.currency.network,
            "decimals": decimals,
            "confirmations": self.currency.confirmations.required(self.currency.deposit_minimum),
            "deposits": {
                **self._state("deposit"),
                "minimum": format_amount(self.currency.deposit_minimum, decimals),
            },
            "withdrawals": {
                **self._state("withdrawal"),
                "minimum": format_amount(self.currency.least_withdrawal, decimals),
                "fee": format_amount(self.currency.withdrawal.fee, decimals),
            },
        }

    def _state(self, kind: str) -> dict[str, str | None]:
        pause = self.pause(kind)
        return {
            "state": "open" if pause is None else "paused",
            "reason": None if pause is None else pause.reason,
        }
