"""From hot to cold: what the hot wallet holds above its ceiling becomes a transfer, by itself.

One is open at a time, and what clients wait for stays. The sender pays it like a withdrawal.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import peewee

from db.attempts import Outflow
from db.connection import database
from db.exact import sum_sql
from db.models import Coin, Payment
from engine import brakes, chains, ledger
from engine.chain import BlockRef, Chain, Pay
from engine.config import Currency
from engine.ledger import WALLET_DEPOSITS, WALLET_HOT
from engine.lifecycle import Batch
from engine.moves.addresses import cold_address, hot_address
from engine.sender import coins, fees
from engine.sender.by_nonce.funds import Purse
from engine.sender.coins import INPUTS_MAX, OwnCoin
from engine.sender.fees import FeeTooHigh

log = logging.getLogger(__name__)

SHARE_LEAST = 10  # a move of less than this part of the ceiling is not worth its fee
DUST_TIMES = 100  # nor is one of less than so many times what is dust
OPEN = ("requested", "held", "pending", "confirmed")


def open_move(
    batch: Batch, currency: Currency, *, units: int, asked_by: str, evidence: Mapping[str, Any]
) -> Payment:
    """A transfer of `units` to the cold address, which the sender then pays. `asked_by` is
    `engine` or `staff:NAME`."""
    address = cold_address(currency)
    assert address is not None
    return batch.open(
        kind="transfer",
        client=None,
        currency=currency.symbol,
        chain=currency.chain,
        address=address,
        units=units,
        required=currency.confirmations.required(units),
        asked_by=asked_by,
        evidence={"address": address, "fee_units": "0", **evidence},
    )


def is_under_way(currency: str) -> bool:
    """Whether a transfer to cold is open."""
    rows = Payment.select().where(
        (Payment.kind == "transfer")
        & (Payment.currency == currency)
        & Payment.origin.is_null()
        & Payment.purpose.is_null()
        & Payment.state.in_(OPEN)
    )
    return bool(rows.exists())


def spare_units(currency: Currency) -> int:
    """Units that the house's own sends may take now. Where addresses count their sends that is what
    the hot address has, without what deposit addresses hold."""
    hot = hot_address(currency.chain)
    if currency.family != "evm" or hot is None:
        return hot_units(currency)
    purse = Purse(currency.chain, height=chains.followed_height(currency.chain))
    return purse.available(currency.symbol, hot)


def hot_units(currency: Currency) -> int:
    """Units that withdrawals can be paid of: coins in blocks, in no attempt, and nobody's question,
    less what left by sends of addresses that count them."""
    total = peewee.SQL(sum_sql(database.obj, "t1.units"))
    rows = (
        Coin.select(total)
        .join(Payment, peewee.JOIN.LEFT_OUTER, on=(Coin.payment == Payment.id), attr="of")
        .where(
            (Coin.chain == currency.chain)
            & (Coin.currency == currency.symbol)
            & Coin.account.in_((WALLET_DEPOSITS, WALLET_HOT))
            & ~Coin.height.is_null()
            & Coin.spent_txid.is_null()
            & Coin.reserved.is_null()
            & (
                Coin.payment.is_null()
                | (Payment.state.in_(coins.SPENDABLE) & (Payment.unsettled == 0))
            )
        )
    )
    return int(rows.scalar() or 0) - _left_units(currency)


def _left_units(currency: Currency) -> int:
    rows = Outflow.select(peewee.SQL(sum_sql(database.obj, "t1.units"))).where(
        (Outflow.chain == currency.chain)
        & (Outflow.currency == currency.symbol)
        & Outflow.account.in_((WALLET_DEPOSITS, WALLET_HOT))
        & ~Outflow.height.is_null()
        & Outflow.folded_height.is_null()
    )
    return int(rows.scalar() or 0)


def waiting_units(currency: str) -> int:
    """Units that clients asked for and that no attempt pays yet."""
    rows = Payment.select(Payment.units).where(
        (Payment.kind == "withdrawal")
        & (Payment.currency == currency)
        & Payment.state.in_(("requested", "held"))
        & Payment.attempt.is_null()
    )
    return sum(int(row.units or 0) for row in rows)


class Ceiling:
    """Watches one chain's hot funds. One thread owns an instance, with the node it asks."""

    def __init__(self, currency: Currency, node: Chain) -> None:
        self._currency = currency
        self._node = node

    def open_when_above(self, new_batch: Callable[[], Batch], tip: BlockRef) -> int:
        """Open a transfer when more than the ceiling is there; the moves made. Asks the node only
        then. Raises NodeDown, NodeRefused."""
        cold = self._currency.cold
        if cold is None or cold.above is None or is_under_way(self._currency.symbol):
            return 0
        if "withdrawal" in brakes.of_currency(self._currency.symbol):
            return 0
        funds, waiting = hot_units(self._currency), waiting_units(self._currency.symbol)
        keep = cold.above + waiting
        address = cold_address(self._currency)
        assert address is not None
        least = max(cold.above // SHARE_LEAST, DUST_TIMES * self._node.dust(address))
        if funds - keep < least:
            return 0
        largest = self._largest(tip)
        try:
            fee = self._fee(largest, address)
        except FeeTooHigh as error:
            log.info("%s: nothing goes to cold: %s", self._currency.symbol, error)
            return 0
        reachable = sum(coin.spend.units for coin in largest) - fee
        units = min(funds - max(keep, fee), reachable)
        if units < least or ledger.own_funds(self._currency.symbol) < fee:
            return 0
        with new_batch() as batch:
            told = {"hot": str(funds), "waiting": str(waiting), "above": str(cold.above)}
            open_move(batch, self._currency, units=units, asked_by="engine", evidence=told)
        return 1

    def _largest(self, tip: BlockRef) -> Sequence[OwnCoin]:
        """The coins that one chain tx could take at most."""
        final = tip.height - self._currency.finality + 1
        own = coins.spendable(
            self._currency.chain, self._currency.symbol, deepest=tip.height, final=final
        )
        return sorted(own, key=lambda coin: -coin.spend.units)[:INPUTS_MAX]

    def _fee(self, largest: Sequence[OwnCoin], address: str) -> int:
        """What a chain tx of all of them would cost at the most. Raises FeeTooHigh."""
        rate, _ = fees.rate_within(self._currency, self._node)
        spends = [coin.spend for coin in largest]
        size = self._node.tx_size(spends, [Pay(address, 0), Pay(address, 0)])
        return fees.fee_of(size, rate)
