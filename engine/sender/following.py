"""What was stored is sent again as the same bytes, followed, and replaced when it is stuck."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from db.models import Coin, Payment
from engine.audit.sealed import SealedHistory
from engine.chain import BlockRef, Chain, Fact, Standing
from engine.clock import rfc3339
from engine.config import Config, Currency
from engine.crashpoints import reach
from engine.errors import NodeRefused
from engine.lifecycle import Batch
from engine.sender import attempts, bump, fees
from engine.sender.as_signed import AsSigned
from engine.sender.attempts import Draft, Stored
from engine.sender.broadcast import Broadcast
from engine.sender.doubted import Doubted
from engine.sender.losing import NO_LOSS, loss_of
from engine.sender.readable import Readable
from engine.sender.settle import Look, Settling
from engine.sender.twins import twin_of

log = logging.getLogger(__name__)

WAITING = frozenset({Standing.ABSENT, Standing.MEMPOOL})
TOGETHER = 50  # families whose moves share a commit


class Following:
    """The open attempts of one chain; belongs to the sender's thread."""

    def __init__(
        self,
        config: Config,
        symbol: str,
        node: Chain,
        *,
        guard: Callable[[], None],
        go_on: Callable[[], None],
        sealed: SealedHistory,
    ) -> None:
        self._config = config
        self._symbol = symbol
        self._currency = config.currencies[symbol]
        self._node = node
        self._guard = guard
        self._is_as_signed = AsSigned(symbol, sealed)
        self._doubted = Doubted(symbol, guard=guard)
        self._readable = Readable(symbol, self._batch)
        self._broadcast = Broadcast(symbol, node, go_on=go_on, sandbox=config.sandbox)

    def follow(self, tip: BlockRef, now: datetime, *, everything: bool) -> int:
        """Ask for every open attempt (else only for those whose bytes may not be out), and bring
        their payments to where the answers say. Returns the moves made."""
        families = self._open(tip) if everything else attempts.unsent_families(self._symbol)
        if not families:
            return 0
        facts = self._node.facts([stored.row.txid for family in families for stored in family])
        self._doubted.begin()
        looked_at = [stored for family in families for stored in family]
        families = self._readable.of(families, facts, now)
        moved = 0
        for start in range(0, len(families), TOGETHER):
            part = families[start : start + TOGETHER]
            looks = [self._look(family, facts, tip, now, everything=everything) for family in part]
            moved += self._settle(looks, now)
        if everything:
            due = (f for f in families if bump.is_due(f, facts, self._currency, now))
            moved += sum(self._bump(family, facts, tip, now) for family in due)
        self._doubted.end(looked_at, now)
        return moved

    def send_new(self, made: Sequence[Stored], tip: BlockRef, now: datetime) -> int:
        """Send attempts that were just stored, each once, and bring their payments to where the
        node's answers say. Raises NodeDown: unknown, and the next round asks."""
        looks = []
        for stored in made:
            facts: dict[str, Fact] = {}
            self._send(stored, facts, now)
            looks.append(Look([stored], facts, tip, sent=frozenset({stored.row.id})))
        return self._settle(looks, now)

    def _settle(self, looks: Sequence[Look], now: datetime) -> int:
        batch = partial(self._batch, now)
        doubt = self._doubted.name
        return Settling(batch, self._currency, self._is_as_signed, doubt, now=now).settle(looks)

    def _look(
        self,
        family: Sequence[Stored],
        facts: dict[str, Fact],
        tip: BlockRef,
        now: datetime,
        *,
        everything: bool,
    ) -> Look:
        # What refuses a broadcast names no conflicts: those that the node told of come first.
        own = {stored.row.txid for stored in family}
        rivals = [txid for each in own for txid in facts[each].conflicts if txid not in own]
        sent = self._send_again(family, facts, now)
        loss = loss_of(family, facts, self._node, tip) if everything else NO_LOSS
        look = Look(family, facts, tip, loss, sent)
        if look.seen or not everything:
            return look
        rivals += [fact.txid for fact in loss.spent.values()]
        return self._with_twin(look, facts, sorted(set(rivals)), now)

    def _with_twin(
        self, look: Look, facts: dict[str, Fact], rivals: Sequence[str], now: datetime
    ) -> Look:
        """What pays the same under another id is one more attempt of the family, or at least ends
        all thought of paying it again."""
        family, newest = look.family, look.newest
        twin = twin_of(family, rivals, self._node)
        if twin is None:
            return look
        payments = attempts.payments_of([newest])[str(newest.row.id)]
        log.warning("%s: attempt %s is paid by another chain tx", self._symbol, newest.row.id)
        if twin.draft is None or not self._is_as_signed(family, payments):
            return replace(look, paid_elsewhere=True)
        waiting = [each for each in payments if each.state in {"requested", "pending"}]
        made = self._join(family, twin.draft, waiting, now)
        facts.update(self._node.facts([twin.draft.signed.txid]))
        return Look([*family, made], facts, look.tip, sent=look.sent)

    def _open(self, tip: BlockRef) -> list[list[Stored]]:
        blocks = attempts.settled_blocks(self._symbol)
        return attempts.open_families(
            self._symbol,
            dead=[each for each in blocks if self._node.block(each) is None],
            deepest=tip.height - self._currency.finality + 1,
        )

    def _send(self, stored: Stored, facts: dict[str, Fact], now: datetime) -> bool:
        """Send stored bytes once; whether the node has them now. Raises NodeDown: unknown, and
        EngineStopping before it sends anything."""
        fact = self._broadcast.once(stored, now)
        facts[fact.txid] = fact
        return fact.standing is Standing.MEMPOOL

    def _send_again(
        self, family: Sequence[Stored], facts: dict[str, Fact], now: datetime
    ) -> frozenset[str]:
        """The same bytes, the newest that the node takes, when it has none of the family, or only
        what the newest replaces and it may take that now; those that were sent."""
        standings = {facts[each.row.txid].standing for each in family}
        absent = facts[family[-1].row.txid].standing is Standing.ABSENT
        if standings == {Standing.ABSENT}:
            again = list(reversed(family))
        elif absent and standings <= WAITING and self._may_be_taken(family, facts, now):
            again = [family[-1]]
        else:
            return frozenset()
        reach("recovery.during", sandbox=self._config.sandbox)
        sent = []
        for stored in again:
            sent.append(str(stored.row.id))
            if self._send(stored, facts, now):
                break
        return frozenset(sent)

    def _may_be_taken(
        self, family: Sequence[Stored], facts: dict[str, Fact], now: datetime
    ) -> bool:
        """A replacement that the node refused is offered again, but not in every round."""
        refused = family[-1].row.last_error
        return not refused or bump.is_sent_again(family, facts, self._currency, now)

    def _bump(
        self, family: Sequence[Stored], facts: dict[str, Fact], tip: BlockRef, now: datetime
    ) -> int:
        """Replace what is stuck by an attempt with a higher fee, where caps and change allow."""
        newest = family[-1]
        payments = attempts.payments_of([newest])[str(newest.row.id)]
        if any(payment.state != "pending" for payment in payments):
            return 0  # settled before, and out of its block: the same bytes are mined again
        if not self._is_as_signed(family, payments):
            return 0
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
            return self._tell(payments, f"waiting: {error}", now)
        if draft is None:
            return self._tell(payments, "", now)
        made = self._join(family, draft, payments, now)
        reach("bump.store.after", sandbox=self._config.sandbox)
        told = dict(facts)
        self._send(made, told, now)
        sent = frozenset({str(made.row.id)})
        self._settle([Look([*family, made], told, tip, sent=sent)], now)
        return len(payments)

    def _join(
        self, family: Sequence[Stored], draft: Draft, payments: Sequence[Payment], now: datetime
    ) -> Stored:
        """Store one more attempt of the family, which the histories of `payments` tell."""
        newest, attempt = family[-1], attempts.new_id()
        made = attempts.stored_of(
            draft,
            attempt=attempt,
            family=str(newest.row.family),
            number=len(family) + 1,
            at=rfc3339(now),
        )
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
            batch.also(partial(attempts.store, [made]))
        return made

    def _tell(self, payments: Sequence[Payment], reason: str, now: datetime) -> int:
        """Show on payments why their chain tx is not replaced; what stands already is not written
        again. No move."""
        with self._batch(now) as batch:
            for payment in payments:
                if payment.reason != reason:
                    batch.touch(payment, reason=reason)
        return 0

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
