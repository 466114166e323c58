"""Cures that are certainly safe: asking the node again, by the same rules that the follower has.
No entry is posted here that those rules would not post anyway."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from db.connection import database
from db.models import Coin, Payment
from engine.chain import BlockRef, Countable
from engine.config import Config
from engine.deposits.cases import cases_of_payments
from engine.deposits.standing import Settlement
from engine.lease import ChainLease
from engine.lifecycle import Batch
from engine.reconciliation.kinds import KINDS, RECOUNT, Finding
from engine.recount import Recount
from engine.risk import RiskHook

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
        if any(KINDS[f.kind].safe == RECOUNT and not f.payments for f in todo):
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
