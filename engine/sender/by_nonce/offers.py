"""What a send may cost, in units of the chain's coin: the network's price, within the caps.

A node's figures are no order to pay: beyond a cap a payment waits, and nothing is sent.
"""

from __future__ import annotations

from db.models import Payment
from engine.config import Currency
from engine.errors import CashierError
from engine.sender.fees import SHARE_MAX_DEFAULT, SHARE_PARTS, FeeTooHigh
from engine.sending import Offer, Rates

PLAIN_GAS = 21_000  # a payment to an address without code; more is left over by estimates
TOP_UP_TIMES = 2  # gas prices may double until a top-up is spent


class GasTooHigh(CashierError):
    """A send takes more work than `gas_max` allows."""

    code = "gas_too_high"


def gas_for(estimate: int, *, most: int) -> int:
    """The gas to offer: a fifth more than estimated, because the state may differ in the block
    that takes it. Raises GasTooHigh."""
    if estimate > most:
        raise GasTooHigh(f"its chain tx takes {estimate} gas, and gas_max is {most}")
    return estimate if estimate == PLAIN_GAS else min(most, estimate + estimate // 5)


def cap_of(currency: Currency, ground: Currency, payment: Payment) -> int | None:
    """The most that the chain tx of `payment` may cost; None without a limit. `ground` is the
    chain's own currency. A share is only known where fee and amount are of one coin."""
    if payment.purpose == "sweep":
        return _own_cap(currency, ground)
    most = currency.withdrawal.fee_max
    if most is None:
        most = ground.withdrawal.fee_max
    if currency.is_token or payment.purpose is not None:
        return most
    share = currency.withdrawal.fee_max_share
    if share is None and most is None and not currency.sandbox:
        share = SHARE_MAX_DEFAULT
    if share is None:
        return most
    part = int(payment.units or 0) * share // SHARE_PARTS
    return part if most is None else min(most, part)


def offer(rates: Rates, gas: int, *, most: int | None) -> Offer:
    """What outlasts a doubled base fee, or as much less as `most` demands while a block of now, and
    the next one, would still take it. Raises FeeTooHigh."""
    wanted = 2 * rates.base + rates.tip
    fee_cap = wanted if most is None else min(wanted, most // gas)
    if fee_cap < least(rates):
        raise FeeTooHigh(
            "the network's fee is above what may be paid now",
            detail=f"{gas} gas at {least(rates)} and more, of at most {most}",
        )
    return Offer(gas, fee_cap, rates.tip)


def least(rates: Rates) -> int:
    """The lowest price for each gas that the next block takes, however full this one is."""
    return rates.base + rates.base // 8 + rates.tip


def raised(old: Offer, rates: Rates, *, most: int | None) -> Offer | None:
    """An offer that nodes take in the place of `old`; None when the network asks no more than was
    offered. Raises FeeTooHigh when `most` is less than nodes demand."""
    if old.fee_cap >= rates.base + rates.tip and old.tip_cap >= rates.tip:
        return None
    tip = max(rates.tip, _replacing(old.tip_cap))
    enough = max(_replacing(old.fee_cap), rates.base + tip)
    wanted = max(enough, 2 * rates.base + tip)
    fee_cap = wanted if most is None else min(wanted, most // old.gas)
    if fee_cap < enough:
        raise FeeTooHigh("the network's fee is above what may be paid now")
    return Offer(old.gas, fee_cap, tip)


def _replacing(price: int) -> int:
    """An eighth more, rounded up: every node takes that for a replacement."""
    return price + -(-price // 8)


def top_up_cap(currencies: list[Currency], rates: Rates) -> int:
    """The most that a deposit address may be given for gas at once: what one send of any token may
    cost it."""
    ground = currencies[0]
    caps = [
        TOP_UP_TIMES * each.withdrawal.gas_max * (2 * rates.base + rates.tip)
        for each in currencies
        if _own_cap(each, ground) is None
    ]
    return max([*caps, *(_own_cap(each, ground) or 0 for each in currencies)])


def _own_cap(currency: Currency, ground: Currency) -> int | None:
    if currency.sweep is not None and currency.sweep.fee_max is not None:
        return currency.sweep.fee_max
    most = currency.withdrawal.fee_max
    return ground.withdrawal.fee_max if most is None else most
