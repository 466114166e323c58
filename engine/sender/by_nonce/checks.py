"""Where the house's own moves may go: by our keys and by what staff accepted, whatever rows say."""

from __future__ import annotations

from collections.abc import Sequence

from db.models import Payment
from engine.approvals.acceptance import payable_cold
from engine.config import Config, Currency
from engine.errors import NodeRefused
from engine.sender.by_nonce import offers
from engine.sender.due import NOT_COLD
from engine.sending import Payer, Rates

NOT_HOT = "it pays from an address that is not the hot one"
NOT_OURS = "our keys do not make its addresses"
NOT_SWEPT_HERE = "a sweep goes to the hot address"
NO_TOP_UP = "it gives a deposit address more than gas may cost, or another coin"


class Checks:
    """The checks of one chain in one round. `currencies` begin with the chain's own."""

    def __init__(
        self,
        config: Config,
        currencies: Sequence[Currency],
        payer: Payer,
        *,
        rates: Rates,
        hot: str,
    ) -> None:
        self._config = config
        self._payer = payer
        self._by_symbol = {each.symbol: each for each in currencies}
        self._ground = currencies[0]
        self.hot = hot
        self._cold = {e.cold.address.lower() for e in currencies if e.cold is not None}
        self._top_up = offers.top_up_cap(list(currencies), rates)

    def astray(self, payment: Payment) -> str:
        """Why it leads elsewhere than the house lets it; empty when it does not."""
        if payment.purpose == "sweep" and payment.kind == "transfer":
            return self._astray_sweep(payment)
        if payment.source not in {None, self.hot}:
            return NOT_HOT
        if payment.kind != "transfer":
            return ""
        if payment.purpose == "gas":
            return self._astray_top_up(payment)
        cold = payable_cold(self._config, self._by_symbol[payment.currency])
        return "" if payment.address == cold is not None else NOT_COLD

    def _astray_sweep(self, payment: Payment) -> str:
        if payment.address != self.hot:
            return NOT_SWEPT_HERE
        return "" if self._is_deposit_address(payment.source) else NOT_OURS

    def _astray_top_up(self, payment: Payment) -> str:
        if payment.currency != self._ground.symbol or int(payment.units or 0) > self._top_up:
            return NO_TOP_UP
        return "" if self._is_deposit_address(payment.address) else NOT_OURS

    def _is_deposit_address(self, address: str | None) -> bool:
        """Whether our keys make it, and it is none of the house's."""
        if address is None or address == self.hot or address.lower() in self._cold:
            return False
        try:
            return self._payer.owns(address)
        except NodeRefused:
            return False
