"""What sending posts: the attempt's own entry once, and each payment's when it is settled."""

from __future__ import annotations

from db.models import Payment
from engine.ledger import WALLET_DEPOSITS, WALLET_HOT, Line, NewEntry, client_account

IN_TRANSIT = "in_transit"
FEES_NETWORK = "fees:network"
FEES_SERVICE = "fees:service"


def debit(client: str, currency: str, *, units: int, fee: int) -> NewEntry:
    """Amount and service fee leave the client's account, together, at the request."""
    total = units + fee
    lines = (Line(client_account(client), currency, total), Line(IN_TRANSIT, currency, -total))
    return NewEntry("request", lines)


def give_back(payment: Payment, event: str) -> NewEntry:
    """The debit, backwards: refused and cancelled withdrawals."""
    total = int(payment.units or 0) + int(payment.fee_units or 0)
    account = client_account(str(payment.client))
    lines = (
        Line(IN_TRANSIT, payment.currency, total),
        Line(account, payment.currency, -total),
    )
    return NewEntry(event, lines)


def of_attempt(currency: str, *, fee: int, from_deposits: int, event: str) -> NewEntry:
    """The attempt's own entry: deposit coins that it spends move to the hot account, and the
    chain's fee leaves it, at the house's cost. Negative figures take it back."""
    lines = [Line("fees:network", currency, fee), Line(WALLET_HOT, currency, -fee)]
    if from_deposits:
        lines += [
            Line(WALLET_HOT, currency, from_deposits),
            Line(WALLET_DEPOSITS, currency, -from_deposits),
        ]
    return NewEntry(event, tuple(lines), overdraw=True)


def settled(payment: Payment, event: str, *, sign: int = 1) -> NewEntry:
    """Amount and fee leave `in_transit`: the coins are gone from the hot account, the fee is ours.
    With `sign` -1 backwards. A transfer to cold coins only changes its wallet account."""
    units, fee = int(payment.units or 0) * sign, int(payment.fee_units or 0) * sign
    currency = payment.currency
    if payment.kind == "transfer":
        lines = [Line("wallet:cold", currency, units), Line(WALLET_HOT, currency, -units)]
        return NewEntry(event, tuple(lines), overdraw=True)
    lines = [Line(IN_TRANSIT, currency, units + fee), Line(WALLET_HOT, currency, -units)]
    if fee:
        lines.append(Line(FEES_SERVICE, currency, -fee))
    return NewEntry(event, tuple(lines), overdraw=True)
