"""One look at a chain's deposit addresses: which are due now, and opening what they need."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from db.models import Payment
from engine import brakes
from engine.chain import BlockRef
from engine.config import Currency
from engine.lifecycle import Batch
from engine.sender.by_nonce.funds import Purse
from engine.sender.fees import FeeTooHigh
from engine.sending import Payer, Rates
from engine.sweeps import demand, holdings, policy
from engine.sweeps.holdings import Holding
from engine.sweeps.left import LeftAlone
from engine.sweeps.opener import Opener, OwnFundsShort
from engine.sweeps.under_way import Move


class Look:
    """At one tip. `currencies` are the chain's tokens and then its own coin, so that what tokens
    need of it is not swept away before them; `rooms` how many sweeps of each may be opened.
    `reasons` says by currency why nothing was."""

    def __init__(
        self,
        currencies: Sequence[Currency],
        node: Payer,
        tip: BlockRef,
        under_way: Sequence[Move],
        *,
        rooms: Mapping[str, int],
        left: LeftAlone,
        new_batch: Callable[[], Batch],
        now: datetime,
    ) -> None:
        self._currencies = currencies
        self._ground = currencies[-1]
        self._node = node
        self._tip = tip
        self._under_way = under_way
        self._rooms = rooms
        self._left = left
        self._new_batch = new_batch
        self._now = now
        self._hot = node.hot_address().address
        self._purse = Purse(self._ground.symbol, height=tip.height)
        self._rates: Rates | None = None
        self._opener: Opener | None = None
        self._for_tokens: set[str] = set()
        self.reasons: dict[str, str] = {}
        self.code_at_hot = False

    def open(self) -> int:
        """Open what is due; the moves made. Asks the node only for that, and opens nothing once it
        found code at the hot address. Raises NodeDown."""
        moved = 0
        waiting = demand.waiting(self._ground.symbol)
        for currency in self._currencies:
            wanted = () if self._is_stopped(currency) else self._wanted(currency, waiting)
            if wanted and self._opener is None and self._node.has_code(self._hot):
                self.code_at_hot = True
                return moved
            try:
                for held in wanted:
                    moved += self._opens().open(currency, held)
            except (FeeTooHigh, OwnFundsShort) as error:
                self.reasons[currency.symbol] = str(error)
        return moved

    def _is_stopped(self, currency: Currency) -> bool:
        """Whether a brake is on: for a token also that of the coin which pays for it."""
        on = set(brakes.of_currency(currency.symbol))
        if currency.is_token and brakes.WITHDRAWAL in brakes.of_currency(self._ground.symbol):
            return True
        return bool(on & {brakes.SWEEP, brakes.WITHDRAWAL})

    def _wanted(self, currency: Currency, waiting: Sequence[Payment]) -> Sequence[Holding]:
        lacking = self._lacking(currency, waiting)
        above = policy.threshold(currency, lacking=lacking)
        if above is None:
            return ()
        symbol = currency.symbol
        held = [
            each
            for each in holdings.largest(
                self._ground.symbol, symbol, tip=self._tip.height, above=above
            )
            if (symbol, each.address) not in self._left and not self._is_busy(symbol, each.address)
        ]
        if currency.is_token:
            due = policy.chosen(currency, held, lacking=lacking, room=len(held))
            self._for_tokens.update(each.address for each in due)
        elif self._rooms[symbol] <= 0:
            return ()
        return policy.chosen(currency, held, lacking=lacking, room=policy.ROUND_MAX)

    def _lacking(self, currency: Currency, waiting: Sequence[Payment]) -> int:
        if not waiting:
            return 0
        there = self._purse.available(currency.symbol, self._hot)
        return demand.lacking(
            currency, waiting, self._under_way, there=there, price=_price(self._asked())
        )

    def _is_busy(self, symbol: str, place: str) -> bool:
        """Whether something of this address is on its way that this sweep would get in the way of:
        the chain's coin is swept when no token needs it, a token when the coin does not go."""
        at_place = [move for move in self._under_way if move.place == place]
        if symbol == self._ground.symbol:
            return bool(at_place) or place in self._for_tokens
        own = (symbol, self._ground.symbol)
        return any(move.is_sweep and move.payment.currency in own for move in at_place)

    def _asked(self) -> Rates:
        if self._rates is None:
            self._rates = self._node.rates()
        return self._rates

    def _opens(self) -> Opener:
        if self._opener is None:
            self._opener = Opener(
                self._ground,
                self._node,
                rates=self._asked(),
                purse=self._purse,
                under_way=self._under_way,
                rooms=self._rooms,
                left=self._left,
                new_batch=self._new_batch,
                now=self._now,
                tip=self._tip,
            )
        return self._opener


def _price(rates: Rates) -> int:
    """What each gas of a payment may cost at the most."""
    return 2 * rates.base + rates.tip
