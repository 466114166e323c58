"""Cures that are certainly safe: asking the node again, by the same rules that the follower has.
No entry is posted here that those rules would not post anyway."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from db.attempts import Attempt
from db.connection import database
from db.models import Coin, Payment
from engine import outflows
from engine.chain import BlockRef, Countable
from engine.config import Config
from engine.deposits.cases import cases_of_payments
from engine.deposits.standing import Settlement
from engine.lease import ChainLease
from engine.lifecycle import Batch
from engine.own_sends import TellsOutcomes
from engine.reconciliation.kinds import KINDS, RECOUNT, Finding
from engine.recount import Recount
from engine.risk import RiskHook
from engine.sender.attempts import payments_of, stored_of_ids
from engine.sender.by_nonce.noting import mined_as

ACTOR = "engine:reconciliation"
ASKED_MAX = 500  # payments in one run; the others follow in the next
TOGETHER = 100  # payments in one database transaction


@dataclass(frozen=True, slots=True)
class Cures:
    """Carries out safe cures on one chain. Raises NodeError, StaleState, LeaseLost."""

    config: Config
    chain: str
    opener: Callable[[], Countable]

    def apply(
        self,
        findings: Iterable[Finding],
        node: Countable,
        tip: BlockRef,
        lease: ChainLease,
        hook: RiskHook | None,
        *,
        now: datetime,
    ) -> None:
        """Recheck the payments that `findings` name; recount the wallet for coins of no payment."""
        todo = [finding for finding in findings if KINDS[finding.kind].safe]
        payments = sorted({payment for finding in todo for payment in finding.payments})
        if payments:
            self._recheck(payments[:ASKED_MAX], node, tip, lease, hook, now=now)
        self._follow_spends(todo, lease)
        sends = {str(f.evidence["send"]) for f in todo if f.evidence.get("send")}
        if sends and isinstance(node, TellsOutcomes):
            self._note_sends(sends, node, lease)
        left = [f for f in todo if not f.payments and not f.evidence.get("send")]
        if any(KINDS[f.kind].safe == RECOUNT for f in left):
            Recount(self.config, self.chain, self.opener).run(lease, hook)

    def _follow_spends(self, findings: Iterable[Finding], lease: ChainLease) -> None:
        """Booked spends of strangers that a reorganisation put into another block: the same coins
        spent, the same change, no entry."""
        booked = [f.evidence for f in findings if f.kind == "state_lags" and "was" in f.evidence]
        for told in booked:
            block = told["block"]
            with database.atomic():
                lease.guard()
                Coin.update(spent_height=block["height"], spent_hash=block["hash"]).where(
                    (Coin.chain == self.chain) & (Coin.spent_txid == told["txid"])
                ).execute()
                Coin.update(height=block["height"], hash=block["hash"]).where(
                    (Coin.chain == self.chain)
                    & (Coin.txid == told["txid"])
                    & Coin.payment.is_null()
                ).execute()

    def _note_sends(
        self, attempts: Collection[str], node: TellsOutcomes, lease: ChainLease
    ) -> None:
        """Rows of what our own chain txs did, once more by the node's word: no entry."""
        made = stored_of_ids(attempts)
        told = node.outcomes([each.row for each in made])
        payments = payments_of(made)
        for stored in made:
            (payment,), outcome = payments[str(stored.row.id)], told.get(str(stored.row.txid))
            block = None if outcome is None else outcome.fact.block
            if outcome is None or block is None or block.hash != stored.row.block_hash:
                continue
            with database.atomic():
                lease.guard()
                is_there = (Attempt.id == stored.row.id) & (Attempt.block_hash == block.hash)
                if Attempt.update(paid_units=outcome.fee).where(is_there).execute():
                    outflows.note([mined_as(stored, payment, outcome)])

    def _recheck(
        self,
        payments: Sequence[str],
        node: Countable,
        tip: BlockRef,
        lease: ChainLease,
        hook: RiskHook | None,
        *,
        now: datetime,
    ) -> None:
        batch = partial(Batch, self.config, actor=ACTOR, now=now, guard=lease.guard)
        for start in range(0, len(payments), TOGETHER):
            part = list(payments[start : start + TOGETHER])
            rows = list(Payment.select().where(Payment.id.in_(part) & (Payment.kind == "deposit")))
            facts = node.facts(sorted({str(row.txid) for row in rows}))
            cases = cases_of_payments(self.chain, self.config.currencies, rows, facts)
            Settlement(batch, chain=self.chain, tip=tip, now=now, hook=hook).settle(cases)
