"""What a chain tx may cost: the node's estimate, within the caps of the configuration."""

from __future__ import annotations

from engine.chain import Wallet
from engine.config import Currency
from engine.errors import CashierError

TARGET_BLOCKS = 6
BUMP_PERCENT = 25
SHARE_PARTS = 1_000_000
SHARE_MAX_DEFAULT = 50_000  # 5 %, in parts of a million
RATE_LOW_FACTOR = 2  # up to twice the floor, small coins are spent along


class FeeTooHigh(CashierError):
    """The estimate passes a cap: a person looks, nothing is sent."""

    code = "fee_too_high"


def rate(wallet: Wallet) -> tuple[int, bool]:
    """Units per 1,000 virtual bytes to offer now, and whether that is low."""
    floor = max(1, wallet.fee_floor())
    estimate = wallet.fee_rate(blocks=TARGET_BLOCKS) or floor
    offered = max(floor, estimate)
    return offered, offered <= floor * RATE_LOW_FACTOR


def rate_within(currency: Currency, wallet: Wallet) -> tuple[int, bool]:
    """As `rate`. Raises FeeTooHigh above `fee_rate_max`: a node's estimate is no order to pay."""
    offered, low = rate(wallet)
    check_rate(currency, offered)
    return offered, low


def check_rate(currency: Currency, offered: int) -> None:
    """Raises FeeTooHigh for a rate above `fee_rate_max`, both in units per 1,000 virtual bytes."""
    most = currency.withdrawal.fee_rate_max
    if most is not None and offered > most:
        raise FeeTooHigh("the network's fee rate is above fee_rate_max now")


def bumped(currency: Currency, old_rate: int, new_rate: int, *, floor: int) -> int:
    """A rate that replaces: above the old one by the share that nodes demand, and by the floor;
    beyond that the network's, as far as the cap lets it. Raises FeeTooHigh when the cap is below
    what nodes demand."""
    most = currency.withdrawal.fee_rate_max
    wanted = new_rate if most is None else min(new_rate, most)
    offered = max(wanted, old_rate * (100 + BUMP_PERCENT) // 100, old_rate + floor)
    check_rate(currency, offered)
    return offered


def fee_of(size: int, rate_now: int) -> int:
    """The fee in units of `size` virtual bytes, rounded up."""
    return -(-size * rate_now // 1000)


def check(currency: Currency, fee: int, *, amount: int) -> None:
    """Raises FeeTooHigh for a fee above `fee_max` or above its share of what is paid."""
    limits = currency.withdrawal
    if limits.fee_max is not None and fee > limits.fee_max:
        raise FeeTooHigh("the network's fee is above fee_max now")
    share = limits.fee_max_share
    if share is None and limits.fee_max is None and not currency.sandbox:
        share = SHARE_MAX_DEFAULT
    if share is not None and fee * SHARE_PARTS > amount * share:
        raise FeeTooHigh("the network's fee is too large a share of the amount now")
