"""What a withdrawal would be: its checks, in one strict order, and its price, before any debit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from db.models import Client
from engine import ledger
from engine.config import Config, Currency
from engine.errors import BalanceInsufficient, CurrencyUnknown, WithdrawalRefused
from engine.money import format_amount, parse_amount
from engine.rules import DAY, Flow
from engine.withdrawals.addresses import check_address
from engine.withdrawals.flow import WithdrawalFlow


@dataclass(frozen=True, slots=True)
class Quote:
    """A withdrawal that may be asked for: the address receives `units`, the client is debited
    `units` and `fee`."""

    currency: Currency
    client: str
    address: str
    units: int
    fee: int

    @property
    def total(self) -> int:
        return self.units + self.fee

    def as_question(self) -> Mapping[str, object]:
        """What the risk hook is asked."""
        return {
            "kind": "withdrawal",
            "client": self.client,
            "currency": self.currency.symbol,
            "network": self.currency.network,
            "amount": format_amount(self.units, self.currency.decimals),
            "address": self.address,
            "txid": None,
        }


def quote(
    config: Config, *, client: str, currency: object, address: object, amount: object, now: datetime
) -> Quote:
    """Check a wish as it came in. Raises, in this order: CurrencyUnknown, AmountError,
    WithdrawalRefused (minimum, address, blocked, limit), BalanceInsufficient."""
    settings = config.currencies.get(currency) if isinstance(currency, str) else None
    if settings is None:
        raise CurrencyUnknown("there is no such currency here")
    units = parse_amount(amount, settings.decimals)
    if units < settings.least_withdrawal:
        raise WithdrawalRefused(
            f"the smallest withdrawal is {_text(settings, settings.least_withdrawal)}",
            code="amount_below_minimum",
        )
    where = check_address(config, settings, address)
    found = Quote(settings, client, where, units, settings.withdrawal.fee)
    check_client(client)
    flow = WithdrawalFlow(
        currency=settings.symbol, client=client, address=where, now=now, units=units
    )
    check_daily_limit(settings, flow)
    if available(client, settings) < found.total:
        raise BalanceInsufficient(
            f"{_text(settings, found.total)} are needed, the fee of {_text(settings, found.fee)}"
            f" included; {_text(settings, max(0, available(client, settings)))} are available"
        )
    return found


def available(client: str, currency: Currency) -> int:
    """What the client has, in units; below zero after a reversal."""
    return -ledger.balance(ledger.client_account(client), currency.symbol)


def check_client(client: str) -> None:
    """Raises WithdrawalRefused `client_blocked`."""
    row = Client.get_or_none(Client.id == client)
    if row is not None and row.blocked:
        raise WithdrawalRefused(
            "withdrawals of this account are stopped; ask the site's support", code="client_blocked"
        )


def check_daily_limit(currency: Currency, flow: Flow) -> None:
    """Raises WithdrawalRefused `limit_exceeded`. `flow` includes the withdrawal."""
    limit = currency.withdrawal.daily_limit
    if limit is not None and flow.of_client(DAY) > limit:
        raise WithdrawalRefused(
            f"at most {_text(currency, limit)} can be withdrawn in 24 hours", code="limit_exceeded"
        )


def _text(currency: Currency, units: int) -> str:
    return f"{format_amount(units, currency.decimals)} {currency.symbol}"
