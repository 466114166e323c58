"""One currency of a chain whose node keeps no wallet, asked as any other before something is
signed."""

from __future__ import annotations

from engine.chain import Recipient, Spend
from engine.sending import Payer


class OfCurrency:
    """engine.sender.asked.Asked for the coin of a chain, or for a token of it."""

    def __init__(self, payer: Payer, symbol: str) -> None:
        self._payer = payer
        self._symbol = symbol

    def recipient(self, address: str) -> Recipient | None:
        return self._payer.recipient(address)

    def dust(self, address: str) -> int:  # noqa: ARG002 - any amount can be sent to anybody
        return 1

    def received(self, spend: Spend) -> bool:
        return self._payer.received(spend, currency=self._symbol)
