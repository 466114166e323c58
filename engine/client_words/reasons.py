"""Which reasons of a withdrawal are for its client. What else stands there is the house's own: what
staff look into, how the hot wallet is, who else may have its keys."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from engine.client_words.withdrawals import WAITING_WORDS, told_reasons, waits_for
from engine.config import Config, Currency
from engine.queries import HistoryView, PaymentView
from engine.sender.by_nonce.settle import FAILED

ENDED = frozenset({"refused", "failed", "cancelled"})
"""Where the reason was written for the client, by a rule, a person or the network."""
WAITING = "waiting"


def as_client_sees(config: Config, view: PaymentView) -> PaymentView:
    """The payment with what its client may know of why. Seen twice, it is the same."""
    if view.kind != "withdrawal" or not view.reason:
        return view
    currency = config.currencies.get(view.currency)
    return replace(view, reason=_now(view, currency))


def rows_as_client_sees(
    config: Config, view: PaymentView, rows: Iterable[HistoryView]
) -> tuple[HistoryView, ...]:
    """The history of a payment in the same way."""
    if view.kind != "withdrawal":
        return tuple(rows)
    currency = config.currencies.get(view.currency)
    return tuple(replace(row, reason=_of_a_move(row, currency)) for row in rows)


def _now(view: PaymentView, currency: Currency | None) -> str:
    waits = view.reason.startswith(WAITING) or view.reason in WAITING_WORDS
    if view.state == "requested" or waits:
        return waits_for(view.reason)
    if view.state == "pending" and view.reason == FAILED:
        return view.reason
    return _written_for_clients(view.state, view.reason, currency)


def _of_a_move(row: HistoryView, currency: Currency | None) -> str:
    return _written_for_clients(row.to_state, row.reason, currency)


def _written_for_clients(state: str, reason: str, currency: Currency | None) -> str:
    if state == "held":
        return reason if reason in told_reasons(currency) else ""
    return reason if state in ENDED else ""
