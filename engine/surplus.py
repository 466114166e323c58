"""What only a balance shows: rewards, and what contracts send where the node traces nothing.

Cost follows open work: addresses with open requests are looked at with each block, the others a
page at a time. What is found is held with its exact amount until a person knows whose it is, and
only when a second look, a moment later, finds the same: a node that makes a block just now may tell
its balances under the name of the block before, and coins that come by a chain tx would be counted
twice for ever.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from db.attempts import Attempt, AttemptOutput
from db.models import Address, Payment
from engine.chain import Arrival, BlockRef, ByBalance
from engine.config import Config
from engine.deposits.cases import cases_of_arrivals
from engine.deposits.standing import Settlement
from engine.errors import TipMoved
from engine.holdings import Key, holdings, surplus_name
from engine.lifecycle import Batch
from engine.own_sends import explained
from engine.sender.by_nonce.settle import UNCLEAR

log = logging.getLogger(__name__)

PAGE = 100  # addresses of the rolling look, with each block
OPEN_MAX = 400  # addresses with open requests, with each block
SURE_AFTER = timedelta(seconds=1)
ONLY_BALANCE = "only its balance shows it: no chain tx, call or log of its block names it"


class SurplusWatch:
    """One chain's look at its balances, after each followed block. One thread owns an instance;
    `guard` proves in every database transaction that its engine still follows the chain."""

    def __init__(
        self, config: Config, symbol: str, node: ByBalance, *, guard: Callable[[], None]
    ) -> None:
        self._config = config
        self._symbol = symbol
        self._node = node
        self._guard = guard
        self._currencies = [c.symbol for c in config.currencies.values() if c.chain == symbol]
        self._looked_at = ""
        self._after = 0
        # What one look found, by currency and address: how many units, and since when.
        self._seen_once: dict[Key, tuple[int, datetime]] = {}

    def step(self, tip: BlockRef, now: datetime) -> int:
        """Look once at each block that the follower reached, and again at what was more there;
        returns how many were found for sure. Raises NodeDown."""
        is_new = tip.hash != self._looked_at
        if not is_new and not self._seen_once:
            return 0
        addresses, after = {address: None for _, address in self._seen_once}, self._after
        if is_new:
            page, after = self._page()
            addresses |= dict.fromkeys((*self._open(), *page))
        try:
            found = self._found(list(addresses), tip) if addresses else []
        except TipMoved as error:  # our own sends stand elsewhere by now: the next look knows
            log.info("%s: %s", self._symbol, error)
            return 0
        sure = self._sure(found, now)
        if sure:
            batch = partial(Batch, self._config, actor="engine", now=now, guard=self._guard)
            cases = cases_of_arrivals(self._symbol, self._config.currencies, sure)
            Settlement(batch, chain=self._symbol, tip=tip, now=now, hook=None).settle(cases)
        self._looked_at, self._after = tip.hash, after
        return len(sure)

    def _sure(self, found: Sequence[Arrival], now: datetime) -> list[Arrival]:
        """Those that an earlier look found as well; the others are remembered for the next one."""
        before, self._seen_once = self._seen_once, {}
        sure = []
        for each in found:
            key = each.currency, each.address
            units, since = before.get(key, (each.units, now))
            if units == each.units and now - since >= SURE_AFTER:
                sure.append(each)
            else:
                self._seen_once[key] = each.units, since if units == each.units else now
        return sure

    def _found(self, addresses: Sequence[str], tip: BlockRef) -> list[Arrival]:
        rows = holdings(self._node, self._symbol, self._currencies, addresses, tip)
        told = explained(self._node, self._symbol, rows, tip)
        unsure = _of_unclear_sends(self._symbol)
        return [
            Arrival(
                *surplus_name(each.address, tip.hash),
                each.currency,
                each.address,
                each.more,
                tip,
                doubt=ONLY_BALANCE,
            )
            for each in told
            if each.more > 0 and each.key not in unsure
        ]

    def _open(self) -> list[str]:
        """Addresses that somebody is about to pay, the newest requests first."""
        rows = (
            Payment.select(Payment.address)
            .where(
                (Payment.chain == self._symbol)
                & (Payment.kind == "deposit")
                & (Payment.state == "requested")
                & (Payment.final == 0)
            )
            .order_by(Payment.first_seq.desc())
            .limit(OPEN_MAX)
        )
        return [str(row.address) for row in rows]

    def _page(self) -> tuple[list[str], int]:
        """The next addresses of the rolling look, and where the one after it begins."""
        rows = list(
            Address.select(Address.id, Address.address)
            .where((Address.chain == self._symbol) & (Address.id > self._after))
            .order_by(Address.id)
            .limit(PAGE)
        )
        after = int(rows[-1].id) if len(rows) == PAGE else 0
        return [str(row.address) for row in rows], after


def _of_unclear_sends(chain: str) -> frozenset[Key]:
    """Addresses, each with its currency, from which something was sent of which only a log says
    what it moved: what they have more may be just what never left them, and is no coin that came.
    Taken for one, it would bear out that log."""
    rows: Any = (
        Attempt.select(Attempt.currency, Attempt.address)
        .join(AttemptOutput, on=(AttemptOutput.attempt == Attempt.id))
        .join(Payment, on=(AttemptOutput.payment == Payment.id))
        .where(
            (Attempt.chain == chain)
            & (Attempt.final == 0)
            & Attempt.state.in_(("mined", "settled"))
            & ~Attempt.block_hash.is_null()
            & ~Attempt.nonce.is_null()
            & (Payment.reason == UNCLEAR)
        )
        .tuples()
    )
    return frozenset((str(currency), str(address)) for currency, address in rows)
