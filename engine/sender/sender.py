"""One chain's sender: signs what is due, stores it, broadcasts it, follows it until it is final.

The order is the safety: stored before sent, sent again and again as the same bytes, and no second
chain tx for a payment while the first can still be mined.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from db.connection import database
from db.models import Address, Payment
from engine.chain import BlockRef, Chain
from engine.clock import parse_rfc3339, rfc3339
from engine.config import Config
from engine.crashpoints import reach
from engine.errors import NodeRefused, StaleState
from engine.lifecycle import Batch
from engine.moves.addresses import cold_address
from engine.sender import attempts, coins, fees
from engine.sender.adjusted import adjusted_units
from engine.sender.attempts import Draft
from engine.sender.coins import OwnCoin
from engine.sender.composing import Composed, Composer
from engine.sender.due import due, refuse_unpayable, wait
from engine.sender.following import Following, passphrase_of
from engine.sender.losing import spent_on_chain
from engine.sender.papers import paper_flaw
from engine.sender.proof import Proof

log = logging.getLogger(__name__)

LOOK_EVERY = timedelta(seconds=30)
NO_FUNDS = "waiting for funds in the hot wallet"


class Sender:
    """Belongs to one thread, the one that holds the chain's lease; `guard` proves that in every
    database transaction. `paused` says why nothing may be paid now, or is empty."""

    def __init__(
        self,
        config: Config,
        symbol: str,
        node: Chain,
        *,
        guard: Callable[[], None],
        paused: Callable[[str], str] = lambda _: "",
    ) -> None:
        self._config = config
        self._symbol = symbol
        self._currency = config.currencies[symbol]
        self._node = node
        self._guard = guard
        self._paused = paused
        self._proof = Proof(node)
        self._following = Following(config, symbol, node, guard=guard)
        self._looked: tuple[str, datetime] | None = None

    def step(self, tip: BlockRef, now: datetime) -> int:
        """One round at this tip; returns the moves made. Raises NodeDown when the node could not
        be asked: what was stored is looked up and sent again in the next round."""
        everything = (
            self._looked is None
            or self._looked[0] != tip.hash
            or not timedelta() <= now - self._looked[1] < LOOK_EVERY
        )
        moved = self._following.follow(tip, now, everything=everything)
        if everything:
            self._looked = (tip.hash, now)
        return moved + self._pay(tip, now)

    def _pay(self, tip: BlockRef, now: datetime) -> int:
        """Sign and send what is due, one chain tx a round."""
        payments = due(self._currency)
        if not payments:
            return 0
        reason = self._paused(self._symbol)
        if reason:
            return wait(self._batch(now), self._currency, reason)
        every = timedelta(seconds=self._currency.batch.every)
        oldest = min(parse_rfc3339(payment.updated_at) for payment in payments)
        if len(payments) < self._currency.batch.max and timedelta() <= now - oldest < every:
            return 0
        payable, moved = refuse_unpayable(
            partial(self._batch, now),
            self._node,
            self._proof,
            payments,
            cold=cold_address(self._currency),
            paper_flaw=partial(paper_flaw, self._config, self._node, now=now),
            adjusted=partial(adjusted_units, self._config, now=now),
        )
        return moved + (self._sign_and_send(payable, tip, now) if payable else 0)

    def _sign_and_send(self, payments: list[Payment], tip: BlockRef, now: datetime) -> int:
        draft = self._draft(payments, tip, now)
        if draft is None:
            return 0
        paid = {output.payment for output in draft.outputs}
        chosen = [payment for payment in payments if payment.id in paid]
        reach("sign.after", sandbox=self._config.sandbox)
        attempt = attempts.new_id()
        try:
            self._store(draft, attempt, chosen, now)
        except StaleState as error:
            log.info("%s: %s", self._symbol, error)
            return 0
        reach("store.after", sandbox=self._config.sandbox)
        self._following.broadcast(attempt, draft.signed.raw, now)
        return len(chosen) + self._following.follow(tip, now, everything=False)

    def _draft(self, payments: list[Payment], tip: BlockRef, now: datetime) -> Draft | None:
        """A signed chain tx for as many of `payments`, in their order, as can be paid now; None
        when the first must wait, which then says why."""
        try:
            composed = self._compose(payments, tip, now)
        except (fees.FeeTooHigh, NodeRefused) as error:
            wait(self._batch(now), self._currency, f"waiting: {error}")
            return None
        if composed is None:
            wait(self._batch(now), self._currency, NO_FUNDS)
            return None
        try:
            signed = self._node.sign(
                [coin.spend for coin in composed.coins],
                [output.pay for output in composed.outputs],
                passphrase=passphrase_of(self._currency),
            )
        except NodeRefused as error:
            wait(self._batch(now), self._currency, f"waiting: {error}")
            self._give_up_spent(composed.coins)
            return None
        symbol = self._currency.symbol
        return Draft(self._symbol, symbol, composed.coins, composed.outputs, signed, composed.fee)

    def _give_up_spent(self, chosen: Sequence[OwnCoin]) -> None:
        """A coin that somebody else spent with our keys must not hold up every payment: the others
        go on, and reconciliation names the loss."""
        spent = spent_on_chain([coin.spend.coin for coin in chosen], self._node)
        if spent:
            log.warning("%s: coins of ours were spent elsewhere: %s", self._symbol, sorted(spent))
            with database.atomic():
                self._guard()
                coins.note_spent(self._symbol, spent)

    def _compose(self, payments: list[Payment], tip: BlockRef, now: datetime) -> Composed | None:
        rate, low = fees.rate(self._node)
        final = tip.height - self._currency.finality + 1
        own = coins.spendable(self._symbol, self._currency.symbol, deepest=tip.height, final=final)
        composer = Composer(self._currency, self._node, own, rate=rate, low=low)
        return composer.most(payments, self._change_address(now))

    def _change_address(self, now: datetime) -> str:
        """An unused change address of ours, known to us before anything pays to it."""
        row = (
            Address.select()
            .where(
                (Address.chain == self._symbol)
                & (Address.purpose == "change")
                & Address.used_at.is_null()
            )
            .order_by(Address.id)
            .first()
        )
        if row is not None:
            return str(row.address)
        made = self._node.change_address()
        with database.atomic():
            self._guard()
            Address.create(
                chain=self._symbol,
                address=made.address,
                script=made.script,
                purpose="change",
                created_at=rfc3339(now),
                created_height=0,
            )
        return made.address

    def _store(
        self, draft: Draft, attempt: str, payments: Sequence[Payment], now: datetime
    ) -> None:
        """Attempt, coins in use and payments in one database transaction: from here on the same
        bytes are sent until they are mined, or proved impossible."""
        inputs = [f"{coin.spend.txid}:{coin.spend.index}" for coin in draft.coins]
        with self._batch(now) as batch:
            for payment in payments:
                batch.move(
                    payment,
                    "sign",
                    evidence={
                        "attempt": attempt,
                        "txid": draft.signed.txid,
                        "inputs": inputs,
                        "chain_fee": str(draft.fee),
                        "size": draft.signed.size,
                        "address": payment.address,
                    },
                    attempt=attempt,
                    sub_state="sending",
                    reason="",
                )
            store = partial(attempts.store, draft, attempt=attempt, family=attempt, number=1)
            batch.also(partial(store, at=rfc3339(now)))
            batch.also(partial(coins.reserve, self._symbol, draft.coins, attempt))
            batch.also(partial(self._use_change, draft, now))

    def _use_change(self, draft: Draft, now: datetime) -> None:
        used = [output.pay.address for output in draft.outputs if output.payment is None]
        Address.update(used_at=rfc3339(now)).where(
            (Address.chain == self._symbol) & Address.address.in_(used)
        ).execute()

    def _batch(self, now: datetime) -> Batch:
        return Batch(self._config, actor="engine", now=now, guard=self._guard)
