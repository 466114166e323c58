"""Which reasons of a payment its client reads, in the API, on the page and in the feed alike. What
else stands there is the house's own: what staff look into, how the hot wallet is, who else may have
its keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from engine.client_words.told import CHAIN_REASONS, brake_reason, is_told_hold
from engine.client_words.withdrawals import WAITING_WORDS, waits_for
from engine.config import Config, Currency
from engine.deposits.verdicts import PAUSED
from engine.queries import HistoryView, PaymentView
from engine.sender.by_nonce.settle import FAILED

ENDED = frozenset({"refused", "failed", "cancelled"})
"""Where the reason was written for the client, by a rule, a person or the network."""
KINDS = frozenset({"deposit", "withdrawal"})
WAITING = "waiting"


def as_client_sees(config: Config, view: PaymentView) -> PaymentView:
    """The payment with what its client may know of why. Seen twice, it is the same."""
    if view.kind not in KINDS or not view.reason:
        return view
    now = _of_a_deposit if view.kind == "deposit" else _of_a_withdrawal
    return replace(view, reason=now(view, config.currencies.get(view.currency)))


def rows_as_client_sees(
    config: Config, view: PaymentView, rows: Iterable[HistoryView]
) -> tuple[HistoryView, ...]:
    """The history of a payment in the same way."""
    if view.kind not in KINDS:
        return tuple(rows)
    currency = config.currencies.get(view.currency)
    return tuple(
        replace(row, reason=_written_for_clients(view.kind, row.to_state, row.reason, currency))
        for row in rows
    )


def _of_a_deposit(view: PaymentView, currency: Currency | None) -> str:
    if view.state == "confirmed" and view.sub_state == PAUSED:
        return brake_reason(view.reason)
    return _written_for_clients(view.kind, view.state, view.reason, currency)


def _of_a_withdrawal(view: PaymentView, currency: Currency | None) -> str:
    waits = view.reason.startswith(WAITING) or view.reason in WAITING_WORDS
    if view.state == "requested" or waits:
        return waits_for(view.reason)
    if view.state == "pending" and view.reason == FAILED:
        return view.reason
    return _written_for_clients(view.kind, view.state, view.reason, currency)


def _written_for_clients(kind: str, state: str, reason: str, currency: Currency | None) -> str:
    if state in ENDED or reason in CHAIN_REASONS:
        return reason
    return reason if state == "held" and is_told_hold(kind, reason, currency) else ""
