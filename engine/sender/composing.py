"""What a chain tx is made of: payments in their order, coins for them, change and fee."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from db.models import Payment
from engine.chain import Pay, Wallet
from engine.config import Currency
from engine.sender import coins, fees
from engine.sender.attempts import Output
from engine.sender.coins import OwnCoin
from engine.sender.fees import FeeTooHigh


@dataclass(frozen=True, slots=True)
class Composed:
    """A chain tx to be signed; `fee` in units."""

    coins: tuple[OwnCoin, ...]
    outputs: tuple[Output, ...]
    fee: int


class Composer:
    """Composes at one rate out of one list of coins, each of which it uses once. `low`: small ones
    are spent along."""

    def __init__(
        self, currency: Currency, node: Wallet, own: Sequence[OwnCoin], *, rate: int, low: bool
    ) -> None:
        self._currency = currency
        self._node = node
        self._own = own
        self._rate = rate
        self._low = low
        self._prices: dict[str, int] = {}  # by the coin's address

    def most(self, payments: Sequence[Payment], change: str) -> Composed | None:
        """For as many of `payments`, in their order, as coins and caps allow; None when our coins
        do not pay the first. Raises FeeTooHigh when the caps do not allow it."""
        for count in _fewer(len(payments)):
            try:
                composed = self.compose(payments[:count], change)
            except FeeTooHigh:
                if count == 1:
                    raise
                continue
            if composed is not None:
                used = {id(coin) for coin in composed.coins}
                self._own = [coin for coin in self._own if id(coin) not in used]
                return composed
        return None

    def give_back(self, composed: Composed) -> None:
        """Its coins may be used for others: it is not signed."""
        self._own = [*self._own, *composed.coins]

    def compose(self, payments: Sequence[Payment], change: str) -> Composed | None:
        """For all of `payments`; what is left over goes to the address `change`."""
        outputs = [Output(Pay(str(p.address), int(p.units or 0)), p.id) for p in payments]
        pays = [output.pay for output in outputs]
        total = sum(pay.units for pay in pays)
        chosen = coins.choose(self._own, target=total + self._fee([], pays), price=self._price)
        if chosen is None:
            return None
        if self._low:
            chosen = coins.add_small(chosen, self._own, price=self._price)
        return self._with_change(chosen, outputs, Pay(change, 0), total)

    def _with_change(
        self, chosen: list[OwnCoin], outputs: list[Output], change: Pay, total: int
    ) -> Composed:
        """Change below dust is left to the fee."""
        over = sum(coin.spend.units for coin in chosen) - total
        fee = self._fee(chosen, [*(output.pay for output in outputs), change])
        if over - fee >= self._node.dust(change.address):
            outputs = [*outputs, Output(Pay(change.address, over - fee), None)]
        else:
            fee = over
        fees.check(self._currency, fee, amount=total)
        return Composed(tuple(chosen), tuple(outputs), fee)

    def _fee(self, chosen: Sequence[OwnCoin], pays: Sequence[Pay]) -> int:
        size = self._node.tx_size([coin.spend for coin in chosen], pays)
        return fees.fee_of(size, self._rate)

    def _price(self, coin: OwnCoin) -> int:
        """Units that spending one more coin costs."""
        address = coin.spend.address
        if address not in self._prices:
            size = self._node.tx_size([coin.spend], []) - self._node.tx_size([], [])
            self._prices[address] = fees.fee_of(size, self._rate)
        return self._prices[address]


def _fewer(count: int) -> list[int]:
    """How many payments to try to pay together: all, then halves, then the first alone."""
    tried = []
    while count:
        tried.append(count)
        count //= 2
    return tried
