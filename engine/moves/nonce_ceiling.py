"""From hot to cold where addresses count their sends: what the hot address holds above its ceiling
becomes a transfer, by itself, one at a time. Deposit addresses come to it by sweeps only."""

from __future__ import annotations

import logging
from collections.abc import Callable

from engine import brakes
from engine.config import Currency
from engine.errors import NodeRefused
from engine.lifecycle import Batch
from engine.moves.addresses import cold_address
from engine.moves.ceiling import SHARE_LEAST, is_under_way, open_move, waiting_units
from engine.sender.by_nonce import offers
from engine.sender.by_nonce.funds import Purse
from engine.sender.fees import FeeTooHigh
from engine.sending import Offer, Payer, Send

log = logging.getLogger(__name__)


class NonceCeiling:
    """Watches what the hot address has of one currency. One thread owns an instance; `ground` is
    the chain's coin, which pays."""

    def __init__(self, currency: Currency, ground: Currency, node: Payer) -> None:
        self._currency = currency
        self._ground = ground
        self._node = node

    def open_when_above(self, new_batch: Callable[[], Batch], purse: Purse) -> int:
        """Open a transfer when more than the ceiling is there; the moves made. Asks the node only
        then. Raises NodeDown."""
        cold, symbol = self._currency.cold, self._currency.symbol
        if cold is None or cold.above is None or is_under_way(symbol):
            return 0
        if brakes.WITHDRAWAL in brakes.of_currency(symbol):
            return 0
        hot = self._node.hot_address().address
        funds, waiting = purse.available(symbol, hot), waiting_units(symbol)
        units = funds - cold.above - waiting
        least = max(1, cold.above // SHARE_LEAST)
        if units < least:
            return 0
        offer = self._offer(Send(hot, symbol, str(cold_address(self._currency)), units))
        if offer is None or purse.own_funds < offer.most:
            return 0
        if not self._currency.is_token:
            units = min(units, funds - offer.most)
        if units < least:
            return 0
        with new_batch() as batch:
            told = {"hot": str(funds), "waiting": str(waiting), "above": str(cold.above)}
            open_move(batch, self._currency, units=units, asked_by="engine", evidence=told)
        return 1

    def _offer(self, send: Send) -> Offer | None:
        """What it may cost; None while that is more than is allowed."""
        limits = self._currency.withdrawal
        most = self._ground.withdrawal.fee_max if limits.fee_max is None else limits.fee_max
        try:
            gas = offers.gas_for(self._node.gas_of(send), most=limits.gas_max)
            return offers.offer(self._node.rates(), gas, most=most)
        except (FeeTooHigh, offers.GasTooHigh, NodeRefused) as error:
            log.info("%s: nothing goes to cold: %s", send.currency, error)
            return None
