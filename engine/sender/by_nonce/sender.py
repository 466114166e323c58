"""One chain's sender where addresses count their sends: signs what is due, stores it, broadcasts
it, follows it until it is final.

The order is the safety: a number is taken and the bytes are stored in one database transaction
before anything is sent, the same bytes are sent again and again, and no second number is taken for
a payment while the first one can still be used for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from db.models import Payment
from engine.approvals.founding import founding_rows
from engine.audit.sealed import CHANGED, open_sealed
from engine.chain import BlockRef
from engine.clock import rfc3339
from engine.config import Config
from engine.crashpoints import reach
from engine.errors import NodeRefused, StaleState
from engine.lifecycle import Batch
from engine.sender import attempts
from engine.sender.adjusted import adjusted_units
from engine.sender.attempts import Stored
from engine.sender.by_nonce.asking import OfCurrency
from engine.sender.by_nonce.checks import Checks
from engine.sender.by_nonce.following import Following
from engine.sender.by_nonce.forgotten import Forgotten
from engine.sender.by_nonce.looks import FinalHeight
from engine.sender.by_nonce.making import Signing, as_stored
from engine.sender.by_nonce.questions import Question
from engine.sender.by_nonce.reserve import reserve
from engine.sender.by_nonce.signing import SigningRound, told_apart
from engine.sender.due import SHOWN_MAX, queue, refuse, refuse_unpayable, wait
from engine.sender.papers import paper_flaw
from engine.sender.proof import Proof
from engine.sending import Payer

log = logging.getLogger(__name__)

LOOK_EVERY = timedelta(seconds=30)


class NonceSender:
    """Belongs to one thread, the one that holds the chain's lease; `guard` proves that in every
    database transaction. `paused` says why nothing of a currency may be paid now, or is empty.
    `go_on` is called between two chain txs; it raises EngineStopping to leave the rest for the next
    start."""

    def __init__(
        self,
        config: Config,
        symbol: str,
        payer: Payer,
        *,
        guard: Callable[[], None],
        paused: Callable[[str], str] = lambda _: "",
        go_on: Callable[[], None] = lambda: None,
        final_height: FinalHeight = lambda: None,
    ) -> None:
        self._config = config
        self._symbol = symbol
        self._currencies = config.chains()[symbol]
        self._payer = payer
        self._guard = guard
        self._paused = paused
        self._go_on = go_on
        self._sealed = open_sealed(config)
        self._nodes = {each.symbol: OfCurrency(payer, each.symbol) for each in self._currencies}
        self._proofs = {symbol: Proof(node, self._sealed) for symbol, node in self._nodes.items()}
        self._following = Following(
            config,
            symbol,
            payer,
            guard=guard,
            go_on=go_on,
            sealed=self._sealed,
            final_height=final_height,
        )
        self._forgotten = Forgotten(symbol, payer)
        self._looked: tuple[str, datetime] | None = None

    def step(self, tip: BlockRef, now: datetime) -> int:
        """One round at this tip; returns the moves made. Raises NodeDown when the node could not
        be asked: what was stored is looked up and sent again in the next round."""
        return self.follow(tip, now) + self.pay(tip, now)

    def follow(self, tip: BlockRef, now: datetime) -> int:
        """Bring what was stored to where the node says that it is at this tip: afterwards our rows
        know everything that we sent up to it. Returns the moves made."""
        everything = (
            self._looked is None
            or self._looked[0] != tip.hash
            or not timedelta() <= now - self._looked[1] < LOOK_EVERY
        )
        moved = self._following.follow(tip, now, everything=everything)
        if everything:
            self._looked = (tip.hash, now)
        return moved

    @property
    def questions(self) -> tuple[Question, ...]:
        """Sends of which no node told at the last look what became of them; for any thread."""
        return self._following.questions

    def pay(self, tip: BlockRef, now: datetime) -> int:
        """Sign and send what is due; returns the moves made."""
        payments = self._due(now)
        if not payments:
            return 0
        try:
            rates, hot = self._payer.rates(), self._payer.hot_address().address
        except NodeRefused as error:
            return self._wait_all(f"waiting: {error}", now)
        checks = Checks(self._config, self._currencies, self._payer, rates=rates, hot=hot)
        signing = SigningRound(
            self._currencies, self._payer, tip=tip, rates=rates, hot=hot, go_on=self._go_on
        )
        made, moved = list[Signing](), 0
        for part in signing.parts(payments):
            payable, count = self._proved(part, checks, tip, now)
            made += signing.sign(payable)
            moved += count
        if made:
            reach("sign.after", sandbox=self._config.sandbox)
            moved += self._store_and_send(made, tip, now)
        for payment in payments:
            if payment.id in signing.refused:
                refuse(self._batch(now), payment, signing.refused[payment.id])
                moved += 1
        self._show(payments, signing, now)
        return moved

    def _due(self, now: datetime) -> list[Payment]:
        """What waits for its chain tx and may be looked at now, oldest first."""
        waiting = [(each, queue(each, limit=SHOWN_MAX)) for each in self._currencies]
        if not any(rows for _, rows in waiting):
            return []
        trouble = self._sealed.trouble(now)
        if not trouble and not self._sealed.hold(founding_rows(self._config)):
            trouble = CHANGED
        found: list[Payment] = []
        for currency, rows in waiting:
            reason = self._paused(currency.symbol) or trouble
            if reason:
                wait(self._batch(now), currency, reason)
            else:
                found += rows
        return sorted(found, key=lambda each: each.first_seq)

    def _wait_all(self, reason: str, now: datetime) -> int:
        for currency in self._currencies:
            wait(self._batch(now), currency, reason)
        return 0

    def _proved(
        self, payments: Sequence[Payment], checks: Checks, tip: BlockRef, now: datetime
    ) -> tuple[list[tuple[str, Payment]], int]:
        """Those for which everything is proved, oldest first; the others are held or refused."""
        payable, moved = [], 0
        for symbol, rows in told_apart(payments).items():
            proof, node = self._proofs[symbol], self._nodes[symbol]
            proof.begin(rows, tip.hash)
            good, count = refuse_unpayable(
                partial(self._batch, now),
                node,
                proof,
                rows,
                astray=checks.astray,
                paper_flaw=partial(self._paper_flaw, symbol, checks.hot, tip, now=now),
                adjusted=partial(adjusted_units, self._config),
            )
            payable += good
            moved += count
        return sorted(payable, key=lambda each: each[1].first_seq), moved

    def _paper_flaw(
        self, symbol: str, hot: str, tip: BlockRef, payment: Payment, *, now: datetime
    ) -> str | None:
        """What persons must have signed and did not, or must look at first."""
        node, rows = self._nodes[symbol], self._proofs[symbol].verified_rows
        return paper_flaw(self._config, node, payment, now=now, rows=rows) or self._forgotten.flaw(
            payment, rows(payment.id) or (), source=payment.source or hot, tip=tip
        )

    def _store_and_send(self, signed: Sequence[Signing], tip: BlockRef, now: datetime) -> int:
        made = [
            as_stored(each, attempt=new, family=new, number=1, at=rfc3339(now))
            for each in signed
            for new in (attempts.new_id(),)
        ]
        try:
            self._store(signed, made, now)
        except StaleState as error:
            log.info("%s: %s", self._symbol, error)
            return 0
        reach("store.after", sandbox=self._config.sandbox)
        return len(signed) + self._following.send_new(made, tip, now)

    def _store(self, signed: Sequence[Signing], made: Sequence[Stored], now: datetime) -> None:
        """Numbers, attempts and payments in one database transaction: from here on the same bytes
        are sent until they are mined, or proved impossible."""
        with self._batch(now) as batch:
            batch.also(partial(attempts.store, made))
            batch.also(partial(reserve, made))
            for each, stored in zip(signed, made, strict=True):
                batch.move(
                    each.payment,
                    "sign",
                    evidence=_evidence(each, stored),
                    attempt=stored.row.id,
                    sub_state="sending",
                    reason="",
                )

    def _show(self, payments: Sequence[Payment], signing: SigningRound, now: datetime) -> None:
        """Why payments wait; a reason that stands already is not written again."""
        with self._batch(now) as batch:
            for payment in payments:
                reason = signing.reasons.get(payment.id, payment.reason)
                waits = payment.state == "requested" and payment.attempt is None
                if waits and payment.reason != reason:
                    batch.touch(payment, sub_state="waiting", reason=reason)

    def _batch(self, now: datetime) -> Batch:
        return Batch(self._config, actor="engine", now=now, guard=self._guard)


def _evidence(signing: Signing, stored: Stored) -> dict[str, object]:
    return {
        "attempt": stored.row.id,
        "txid": stored.row.txid,
        "inputs": [signing.input_name],
        "chain_fee": str(stored.row.fee_units),
        "chain_fee_currency": stored.row.chain,
        "size": stored.row.size,
        "nonce": signing.number,
        "address": signing.payment.address,
    }
