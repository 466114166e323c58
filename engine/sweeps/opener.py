"""Opens the sweep of one address, or the top-up that it needs first, within price and own funds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

from engine.chain import BlockRef
from engine.config import Currency
from engine.errors import NodeRefused
from engine.lifecycle import Batch
from engine.money import format_amount
from engine.sender.by_nonce import offers
from engine.sender.by_nonce.funds import Purse
from engine.sender.fees import FeeTooHigh
from engine.sending import REVERTED, Offer, Payer, Rates, Send
from engine.sweeps.holdings import Holding
from engine.sweeps.left import LeftAlone
from engine.sweeps.opening import open_sweep, open_top_up
from engine.sweeps.policy import ROUND_MAX
from engine.sweeps.under_way import Move, top_ups_since

TOP_UPS_MAX = 3  # to one address without a settled sweep
HAS_CODE = "there is code at it now, which could keep what is sent from it or to it"
OFTEN = f"it had {TOP_UPS_MAX} top-ups for gas and no sweep was settled"


class OwnFundsShort(Exception):
    """What the house has of its own does not pay the network: no client's money does."""


@dataclass(slots=True)
class Opener:
    """One look's openings on one chain. `rooms` is how many sweeps of each currency may be opened;
    top-ups do not wait for that. Raises FeeTooHigh and OwnFundsShort where no other address would
    do better."""

    ground: Currency
    node: Payer
    rates: Rates
    purse: Purse
    under_way: Sequence[Move]
    rooms: Mapping[str, int]
    left: LeftAlone
    new_batch: Callable[[], Batch]
    now: datetime
    tip: BlockRef
    _promised: dict[str, int] = field(default_factory=dict)
    _topped_up: set[str] = field(default_factory=set)
    _opened: dict[str, int] = field(default_factory=dict)
    _hot: str = ""
    _own_funds: int = 0

    def __post_init__(self) -> None:
        self._hot = self.node.hot_address().address
        unsigned = [move for move in self.under_way if move.is_unsigned]
        self._own_funds = self.purse.own_funds - sum(move.most for move in unsigned)
        for move in unsigned:
            if move.is_sweep:
                self._promise(move.place, move.most)
        self._topped_up.update(move.place for move in self.under_way if not move.is_sweep)

    def open(self, currency: Currency, held: Holding) -> int:
        """Open what `held` needs next; the moves made. Raises NodeDown."""
        place = held.address
        if self.node.has_code(place):
            self.left.name(currency.symbol, place, HAS_CODE, self.now)
            return 0
        try:
            if currency.is_token:
                return self._token(currency, held)
            return self._coin(held)
        except offers.GasTooHigh as error:
            self.left.name(currency.symbol, place, str(error), self.now)
        except NodeRefused as error:
            # Another word than that a contract undoes it is about now, not about this address.
            if error.rpc_code == REVERTED and self._is_at_tip():
                why = f"its contract would undo the transfer: {error.detail}"
                self.left.name(currency.symbol, place, why, self.now)
        return 0

    def _is_at_tip(self) -> bool:
        """Whether the node still has the block by which an address holds what it holds: what it
        estimates is of now."""
        return self.node.block(self.tip.hash) is not None

    def _coin(self, held: Holding) -> int:
        """All of it but what the network may take; the rest that it does not take stays there."""
        ground, place = self.ground, held.address
        free = self._free(place)
        if free < 2:
            return 0
        send = Send(place, ground.symbol, self._hot, free // 2)
        offer = self._offer(ground, self.node.gas_of(send))
        units = free - offer.most
        if units <= offer.most:
            return 0  # it would cost more than it brings
        return self._sweep(ground, place, units, offer)

    def _token(self, currency: Currency, held: Holding) -> int:
        place, units = held.address, self.purse.available(currency.symbol, held.address)
        if units <= 0:
            return 0
        gas = self.node.gas_of(Send(place, currency.symbol, self._hot, units))
        offer = self._offer(currency, gas)
        missing = offer.most - self._free(place)
        if missing <= 0:
            return self._sweep(currency, place, units, offer)
        if place in self._topped_up or len(self._topped_up) >= ROUND_MAX:
            return 0
        return self._top_up(currency, place, missing, offer)

    def _top_up(self, currency: Currency, place: str, missing: int, sweep: Offer) -> int:
        if top_ups_since(self.ground.symbol, place, currency.symbol) >= TOP_UPS_MAX:
            self.left.name(currency.symbol, place, OFTEN, self.now)
            return 0
        offer = offers.offer(self.rates, offers.PLAIN_GAS, most=None)
        self._check_price(currency, sweep.most + offer.most)
        self._spend(sweep.most + offer.most)
        self._topped_up.add(place)
        with self.new_batch() as batch:
            open_top_up(batch, self.ground, currency, to=place, units=missing, offer=offer)
        return 1

    def _sweep(self, currency: Currency, place: str, units: int, offer: Offer) -> int:
        opened = self._opened.get(currency.symbol, 0)
        if opened >= self.rooms[currency.symbol]:
            return 0
        self._spend(offer.most)
        self._promise(place, offer.most)
        self._opened[currency.symbol] = opened + 1
        with self.new_batch() as batch:
            open_sweep(
                batch,
                currency,
                source=place,
                hot=self._hot,
                units=units,
                offer=offer,
                tip=self.tip.height,
            )
            batch.also(partial(self.left.clear, currency.symbol, place))
        return 1

    def _offer(self, currency: Currency, estimate: int) -> Offer:
        gas = offers.gas_for(estimate, most=currency.withdrawal.gas_max)
        offer = offers.offer(self.rates, gas, most=None)
        self._check_price(currency, offer.most)
        return offer

    def _check_price(self, currency: Currency, most: int) -> None:
        cap = fee_max(currency, self.ground)
        if cap is not None and most > cap:
            said = partial(format_amount, decimals=self.ground.decimals)
            symbol = self.ground.symbol
            raise FeeTooHigh(
                f"a sweep may cost {said(most)} {symbol} now, more than {said(cap)} {symbol}"
            )

    def _free(self, place: str) -> int:
        """The chain's coin at an address that no other sweep counts on."""
        free = self.purse.available(self.ground.symbol, place)
        return free - self._promised.get(place, 0)

    def _promise(self, place: str, most: int) -> None:
        self._promised[place] = self._promised.get(place, 0) + most

    def _spend(self, most: int) -> None:
        if self._own_funds < most:
            have, need = (
                format_amount(max(0, each), self.ground.decimals)
                for each in (self._own_funds, most)
            )
            raise OwnFundsShort(
                f"the house has {have} {self.ground.symbol} of its own for the network, and a"
                f" sweep may cost {need}"
            )
        self._own_funds -= most


def fee_max(currency: Currency, ground: Currency) -> int | None:
    """The most that a sweep with its top-up may cost, in the chain's coin; None without a limit."""
    if currency.sweep is not None and currency.sweep.fee_max is not None:
        return currency.sweep.fee_max
    most = currency.withdrawal.fee_max
    return ground.withdrawal.fee_max if most is None else most
