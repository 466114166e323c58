"""What paying a deposit back takes off it: the network's fee, as each kind of chain asks for it."""

from __future__ import annotations

from typing import Protocol

from engine.chain import Chain, Pay, Spend
from engine.config import Currency
from engine.errors import CashierError, NodeRefused
from engine.sender import fees
from engine.sender.by_nonce import offers
from engine.sending import REVERTED, Payer, Send


class RefundWaits(CashierError):
    """It cannot be paid back now; says why."""

    code = "refund_waits"


class RefundCosts(Protocol):
    """One currency's costs. Raises NodeDown."""

    def dust(self, address: str) -> int:
        """The least amount in units that may be sent to `address`."""

    def fee(self, coin: Spend, address: str) -> int:
        """Units of the coin that the network will take for sending it to `address`. Raises
        RefundWaits."""


class CoinCosts:
    """Where a node keeps a wallet of coins."""

    def __init__(self, currency: Currency, node: Chain) -> None:
        self._currency = currency
        self._node = node

    def dust(self, address: str) -> int:
        return self._node.dust(address)

    def fee(self, coin: Spend, address: str) -> int:
        """What sending one such coin costs now, with change."""
        try:
            rate, _ = fees.rate_within(self._currency, self._node)
        except fees.FeeTooHigh as error:
            raise RefundWaits(str(error)) from None
        return fees.fee_of(self._node.tx_size([coin], [Pay(address, 0), Pay(address, 0)]), rate)


class GasCosts:
    """Where addresses count their sends: the most that the gas may cost. A token's is paid by the
    house, in the chain's coin, and the token goes back whole."""

    def __init__(self, currency: Currency, node: Payer) -> None:
        self._currency = currency
        self._node = node

    def dust(self, address: str) -> int:  # noqa: ARG002 - any amount can be sent to anybody
        return 1

    def fee(self, coin: Spend, address: str) -> int:  # noqa: ARG002 - all coins cost the same
        if self._currency.is_token:
            return 0
        hot = self._node.hot_address().address
        limits = self._currency.withdrawal
        try:
            estimate = self._node.gas_of(Send(hot, self._currency.symbol, address, 1))
            gas = offers.gas_for(estimate, most=limits.gas_max)
            return offers.offer(self._node.rates(), gas, most=limits.fee_max).most
        except (fees.FeeTooHigh, offers.GasTooHigh) as error:
            raise RefundWaits(str(error)) from None
        except NodeRefused as error:
            rejected = error.rpc_code == REVERTED
            why = "the receiver's contract does not take it" if rejected else str(error)
            raise RefundWaits(why) from None
