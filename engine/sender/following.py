"""What was stored is sent again as the same bytes, followed, and replaced when it is stuck."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial

from db.connection import database
from db.models import Attempt, Coin
from engine.chain import BlockRef, Chain, Fact, Sending, Standing
from engine.clock import rfc3339
from engine.config import Config, Currency
from engine.crashpoints import reach
from engine.errors import NodeRefused
from engine.lifecycle import Batch
from engine.sender import attempts, bump, fees
from engine.sender.attempts import Stored
from engine.sender.losing import NO_LOSS, loss_of
from engine.sender.settle import Look, Settling

log = logging.getLogger(__name__)


class Following:
    """The open attempts of one chain; belongs to the sender's thread."""

    def __init__(
        self, config: Config, symbol: str, node: Chain, *, guard: Callable[[], None]
    ) -> None:
        self._config = config
        self._symbol = symbol
        self._currency = config.currencies[symbol]
        self._node = node
        self._guard = guard

    def follow(self, tip: BlockRef, now: datetime, *, everything: bool) -> int:
        """Ask for every open attempt (else only for those whose bytes may not be out), and bring
        their payments to where the answers say. Returns the moves made."""
        families = self._open(tip) if everything else attempts.unsent_families(self._symbol)
        if not families:
            return 0
        facts = self._node.facts([stored.row.txid for family in families for stored in family])
        moved = 0
        for family in families:
            self._send_again(family, facts, now)
            loss = loss_of(family, facts, self._node, tip) if everything else NO_LOSS
            settling = Settling(partial(self._batch, now), self._currency, now=now)
            moved += settling.settle(Look(family, facts, tip, loss))
            if everything and bump.is_due(family, facts, self._currency, now):
                moved += self._bump(family, now)
        return moved

    def _open(self, tip: BlockRef) -> list[list[Stored]]:
        blocks = attempts.settled_blocks(self._symbol)
        return attempts.open_families(
            self._symbol,
            dead=[each for each in blocks if self._node.block(each) is None],
            deepest=tip.height - self._currency.finality + 1,
        )

    def broadcast(self, attempt: str, raw: str, now: datetime) -> Sending:
        """Send stored bytes once and note what the node said. Raises NodeDown: unknown."""
        reach("broadcast.before", sandbox=self._config.sandbox)
        reply = self._node.send(raw)
        reach("broadcast.after", sandbox=self._config.sandbox)
        words = reply.words if reply.outcome is Sending.REFUSED else ""
        with database.atomic():
            self._guard()
            said_before = Attempt.get_by_id(attempt).last_error
            Attempt.update(sends=Attempt.sends + 1, last_error=words, sent_at=rfc3339(now)).where(
                Attempt.id == attempt
            ).execute()
        if words not in {"", said_before}:
            log.warning("%s: the node refused attempt %s: %s", self._symbol, attempt, words)
        return reply.outcome

    def _send_again(self, family: Sequence[Stored], facts: dict[str, Fact], now: datetime) -> None:
        """The same bytes, the newest that the node takes, when it has none of the family."""
        if any(facts[each.row.txid].standing is not Standing.ABSENT for each in family):
            return
        reach("recovery.during", sandbox=self._config.sandbox)
        for stored in reversed(family):
            if self.broadcast(stored.row.id, stored.row.signed, now) is not Sending.REFUSED:
                facts[stored.row.txid] = Fact(stored.row.txid, Standing.MEMPOOL)
                return

    def _bump(self, family: Sequence[Stored], now: datetime) -> int:
        """Replace what is stuck by an attempt with a higher fee, where caps and change allow."""
        newest = family[-1]
        payments = attempts.payments_of(newest)
        if any(payment.state != "pending" for payment in payments):
            return 0  # settled before, and out of its block: the same bytes are mined again
        try:
            draft = bump.draft(
                newest,
                _input_addresses(newest),
                self._node,
                self._currency,
                passphrase=passphrase_of(self._currency),
            )
        except (fees.FeeTooHigh, NodeRefused) as error:
            log.info("%s: attempt %s is not replaced: %s", self._symbol, newest.row.id, error)
            return 0
        if draft is None:
            return 0
        attempt, family_id = attempts.new_id(), str(newest.row.family)
        with self._batch(now) as batch:
            for payment in payments:
                batch.move(
                    payment,
                    "bump",
                    evidence={
                        "attempt": attempt,
                        "txid": draft.signed.txid,
                        "replaces": newest.row.txid,
                        "chain_fee": str(draft.fee),
                    },
                )
            batch.also(
                partial(
                    attempts.store,
                    draft,
                    attempt=attempt,
                    family=family_id,
                    number=len(family) + 1,
                    at=rfc3339(now),
                )
            )
        reach("bump.store.after", sandbox=self._config.sandbox)
        self.broadcast(attempt, draft.signed.raw, now)
        return len(payments)

    def _batch(self, now: datetime) -> Batch:
        return Batch(self._config, actor="engine", now=now, guard=self._guard)


def passphrase_of(currency: Currency) -> str | None:
    """What opens the wallet for the moment of signing, None for one that is open."""
    keys = currency.keys
    return keys.passphrase.reveal() if keys is not None and keys.passphrase is not None else None


def _input_addresses(stored: Stored) -> dict[tuple[str, str], str]:
    rows = Coin.select().where(
        (Coin.chain == stored.row.chain)
        & Coin.txid.in_(sorted({each.txid for each in stored.inputs}))
    )
    return {(row.txid, row.idx): str(row.address) for row in rows}
