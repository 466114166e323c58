"""Carrying out what the facts demand: moves, entries and coins of deposits."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from db import bulk
from db.models import Address, Client, Coin, Payment
from engine import ledger
from engine.chain import BlockRef, Standing
from engine.clock import parse_rfc3339, rfc3339
from engine.deposits import rules, verdicts
from engine.deposits.cases import Case
from engine.errors import StaleState
from engine.lifecycle import Batch
from engine.risk import RiskHook

DROPPED_AFTER = timedelta(days=14)  # nodes forget an unconfirmed chain tx after two weeks


class Settlement:
    """Brings a list of cases to the state that their facts demand, in one database transaction."""

    def __init__(
        self,
        batch: Callable[[], Batch],
        *,
        chain: str,
        tip: BlockRef,
        now: datetime,
        hook: RiskHook | None,
        show_only: bool = False,
        final_height: int | None = None,
    ) -> None:
        self._new_batch = batch
        self._chain = chain
        self._tip = tip
        self._now = now
        self._hook = hook
        self._show_only = show_only
        self._final_height = final_height

    def settle(
        self, cases: Sequence[Case], *, also: Iterable[Callable[[], None]] = ()
    ) -> list[Case]:
        """Write every move of `cases`; returns those that moved. Raises StaleState when one moved
        meanwhile (nothing is written then)."""
        for case in cases:
            case.events = self._events(case)
        judged = {} if self._show_only else verdicts.judge(cases, self._hook)
        moved = []
        coins: dict[tuple[str, str, str], dict[str, Any]] = {}
        with self._new_batch() as batch:
            for at, case in enumerate(cases):
                was_mined = case.payment is not None and case.payment.block_hash is not None
                if self._apply(batch, case, judged.get(at)):
                    moved.append(case)
                if was_mined or case.fact.block is not None:
                    self._note_coin(coins, case)
            self._mark_used(batch, cases)
            batch.also(lambda: _write_coins(list(coins.values())))
            for work in also:
                batch.also(work)
        return moved

    def _events(self, case: Case) -> tuple[str, ...]:
        events = rules.next_events(case.position, case.fact, tip_height=self._deepening(case))
        if self._show_only:
            return tuple(event for event in events if event == "see")
        if not events and self._is_given_up(case):
            return ("vanish",)
        return events

    def _deepening(self, case: Case) -> int:
        """The tip's height by which a coin's depth is counted. Where the node's own word for final
        decides, any depth is enough with it, and none without."""
        tip, block = self._tip.height, case.fact.block
        if not case.currency.confirmations.finalized or block is None:
            return tip
        enough = block.height + case.required - 1
        if self._final_height is not None and block.height <= self._final_height:
            return max(tip, enough)
        return min(tip, enough - 1)

    def _is_given_up(self, case: Case) -> bool:
        """Nothing is proved, but a payment in another's place or forgotten for two weeks is not
        shown as coming any longer; it revives if it is mined after all."""
        payment = case.payment
        if payment is None or payment.state != "pending":
            return False
        if case.fact.standing is not Standing.ABSENT:
            return False
        if case.replaced:
            return True
        if payment.missing_since is None:
            return False
        return self._now - parse_rfc3339(payment.missing_since) >= DROPPED_AFTER

    def _apply(self, batch: Batch, case: Case, verdict: verdicts.Verdict | None) -> bool:
        if case.payment is None:
            self._open(batch, case)
        payment = case.payment
        assert payment is not None
        facts = self._columns(case)
        for event in case.events:
            self._step(batch, case, event, facts)
        if verdict is not None:
            self._finish(batch, case, verdict)
        if not case.events and (verdict is None or verdict.event == "wait"):
            self._refresh(batch, case, facts)
            return False
        return True

    def _open(self, batch: Batch, case: Case) -> None:
        arrival = case.arrival
        assert arrival is not None
        case.payment = batch.open(
            kind="deposit",
            client=None if case.owner is None else case.owner.client,
            currency=case.currency.symbol,
            chain=self._chain,
            address=arrival.address,
            reason=rules.LATE if case.late else "",
            origin=case.origin,
            evidence={
                "address": arrival.address,
                "late": case.late,
                **({"origin": case.origin} if case.origin else {}),
            },
        )

    def _columns(self, case: Case) -> dict[str, Any]:
        """The columns that follow from the facts alone."""
        payment, fact = case.payment, case.fact
        assert payment is not None
        columns: dict[str, Any] = {
            "block_hash": None if fact.block is None else fact.block.hash,
            "block_height": None if fact.block is None else fact.block.height,
        }
        if fact.standing is Standing.ABSENT:
            columns["missing_since"] = payment.missing_since or rfc3339(self._now)
        elif case.arrival is None or fact.block is not None:
            # A wallet lists what its mempool lost, too: only asking by id tells the two apart.
            columns["missing_since"] = None
        if payment.txid is None and case.arrival is not None:
            columns |= {
                "txid": case.arrival.txid,
                "idx": case.arrival.index,
                "units": case.arrival.units,
                "generated": case.arrival.generated,
                "required": case.required,
                "doubt": case.doubt,
            }
        return columns

    def _step(self, batch: Batch, case: Case, event: str, facts: Mapping[str, Any]) -> None:
        payment = case.payment
        assert payment is not None
        changes = dict(facts)
        if event in {"see", "revive", "unconfirm"}:
            changes["sub_state"] = self._waiting_for(case)
        elif event in {"confirm", "vanish", "reverse"}:
            changes["sub_state"] = ""
        if event in {"unsettle", "settle"}:
            changes["unsettled"] = event == "unsettle"
        if event in {"reverse", "revive"}:
            changes["unsettled"] = False
        if event in {"vanish", "reverse", "revive"}:
            changes["successor"] = None if event == "revive" else self._successor(case)
        required = changes.get("required") or payment.required
        batch.move(
            payment,
            event,
            evidence=self._evidence(case, required),
            reason=self._reason(case, event),
            entry=self._entry(case, event),
            **changes,
        )
        if event == "reverse" and payment.client is not None:
            self._block_client(batch, payment)

    def _finish(self, batch: Batch, case: Case, verdict: verdicts.Verdict) -> None:
        payment = case.payment
        assert payment is not None
        if verdict.event == "wait":
            if payment.sub_state != verdict.sub_state:
                reason = payment.reason or verdict.reason
                batch.touch(payment, sub_state=verdict.sub_state, reason=reason)
            return
        entry = self._to_owner(case, payment, verdict.event) if verdict.event == "credit" else None
        assert entry is None or payment.client is not None or case.is_top_up
        batch.move(
            payment,
            verdict.event,
            evidence=self._evidence(case, payment.required),
            reason=verdict.reason or self._reason(case, verdict.event),
            entry=entry,
            sub_state=verdict.sub_state,
        )
        for sibling in case.siblings:
            batch.move(
                sibling,
                "release",
                evidence={"sum_completed_by": payment.id, "address": sibling.address},
                reason=rules.SUM_REACHED,
                entry=self._to_owner(case, sibling, "release"),
                sub_state="",
            )

    def _refresh(self, batch: Batch, case: Case, facts: Mapping[str, Any]) -> None:
        """No move, but the block or the mempool may have changed."""
        payment = case.payment
        assert payment is not None
        wanted = dict(facts)
        if payment.state == "pending" and "missing_since" in wanted:
            wanted["sub_state"] = self._waiting_for(case)
        changed = {name: new for name, new in wanted.items() if getattr(payment, name) != new}
        if changed and payment.state in {"pending", "confirmed"}:
            batch.touch(payment, **changed)

    def _waiting_for(self, case: Case) -> str:
        if case.generated:
            return "immature"
        return "not_in_mempool" if case.fact.standing is Standing.ABSENT else ""

    def _reason(self, case: Case, event: str) -> str:
        if event == "vanish":
            if case.fact.standing is Standing.GONE:
                return rules.CONFLICT_MINED
            return rules.REPLACED if case.replaced else rules.DROPPED
        if event == "reverse":
            return rules.COIN_GONE
        if event == "unconfirm":
            return rules.BLOCK_LEFT
        # Why it is held, or that it came late, stays true whatever block it is in.
        kept = case.payment.reason if case.payment is not None else ""
        if event in {"settle", "unsettle"}:
            return kept
        return case.doubt or (kept if kept == rules.LATE else "")

    def _evidence(self, case: Case, required: int | None) -> dict[str, Any]:
        fact, payment = case.fact, case.payment
        assert payment is not None
        height = None if fact.block is None else fact.block.height
        arrival = case.arrival
        evidence: dict[str, Any] = {
            "txid": fact.txid,
            "index": payment.idx or (arrival.index if arrival is not None else None),
            "address": payment.address,
            "units": str(case.units),
            "standing": fact.standing.value,
            "block_hash": None if fact.block is None else fact.block.hash,
            "block_height": height,
            "confirmations": rules.confirmations(self._tip.height, height),
            "required": required,
            "tip_height": self._tip.height,
            "tip_hash": self._tip.hash,
        }
        if fact.conflict_depth:
            evidence["conflict_depth"] = fact.conflict_depth
            evidence["conflicts"] = list(fact.conflicts)
        if case.generated:
            evidence["generated"] = True
        if arrival is not None:
            said = {
                "sender": arrival.sender,
                "nonce": arrival.nonce,
                "doubt": arrival.doubt or None,
            }
            evidence |= {key: value for key, value in said.items() if value is not None}
        return evidence

    def _entry(self, case: Case, event: str) -> ledger.NewEntry | None:
        payment = case.payment
        assert payment is not None
        symbol, units = case.currency.symbol, case.units
        suspense = ledger.suspense_account(payment.id)
        wallet = case.wallet
        if event == "confirm":
            return ledger.shift(event, symbol, units, to=wallet, out_of=suspense)
        if event == "unconfirm":
            return ledger.shift(event, symbol, units, to=suspense, out_of=wallet)
        if event != "reverse":
            return None
        if payment.state != "credited":
            return ledger.shift(event, symbol, units, to=suspense, out_of=wallet)
        owed = ledger.owner_account(payment.client)
        lines = (ledger.Line(owed, symbol, units), ledger.Line(wallet, symbol, -units))
        return ledger.NewEntry(event, lines, overdraw=True)

    @staticmethod
    def _to_owner(case: Case, payment: Payment, event: str) -> ledger.NewEntry:
        return ledger.shift(
            event,
            case.currency.symbol,
            int(payment.units or 0),
            to=ledger.suspense_account(payment.id),
            out_of=ledger.owner_account(payment.client),
        )

    def _block_client(self, batch: Batch, payment: Payment) -> None:
        """A client whose credit was taken back may owe us: nothing of theirs goes out until staff
        decided."""
        reason = f"deposit {payment.id} was reversed"
        batch.also(
            lambda: (
                Client.update(blocked=True, blocked_reason=reason, blocked_at=rfc3339(self._now))
                .where((Client.id == payment.client) & (Client.blocked == 0))
                .execute()
            )
        )

    def _successor(self, case: Case) -> str | None:
        """The payment that took this one's place: a conflicting arrival on the same address."""
        payment = case.payment
        if payment is None or not case.fact.conflicts:
            return None
        row = Payment.get_or_none(
            (Payment.chain == self._chain)
            & (Payment.kind == "deposit")
            & (Payment.client == payment.client)
            & Payment.txid.in_(list(case.fact.conflicts))
        )
        return None if row is None else str(row.id)

    def _mark_used(self, batch: Batch, cases: Iterable[Case]) -> None:
        fresh = {
            (case.owner.address, case.currency.symbol)
            for case in cases
            if case.owner is not None and not case.owner.used and "see" in case.events
        }
        if fresh:
            batch.also(partial(self._write_used, fresh))

    def _write_used(self, fresh: Collection[tuple[str, str]]) -> None:
        """Mark addresses used. A request that was opened for one of them while we looked is taken
        in the next attempt: it must not wait for a coin that is here already."""
        addresses = sorted({address for address, _ in fresh})
        Address.update(used_at=rfc3339(self._now)).where(
            (Address.chain == self._chain) & bulk.one_of(Address.address, addresses)
        ).execute()
        waiting = Payment.select(Payment.address, Payment.currency).where(
            (Payment.chain == self._chain)
            & (Payment.kind == "deposit")
            & (Payment.state == "requested")
            & bulk.one_of(Payment.address, addresses)
        )
        if any((row.address, row.currency) in fresh for row in waiting):
            raise StaleState("a request was opened meanwhile")

    def _note_coin(self, coins: dict[tuple[str, str, str], dict[str, Any]], case: Case) -> None:
        payment, block = case.payment, case.fact.block
        if self._show_only or payment is None:
            return
        coins[(str(payment.txid), str(payment.idx), payment.currency)] = {
            "chain": self._chain,
            "txid": payment.txid,
            "idx": payment.idx,
            "currency": payment.currency,
            "address": payment.address,
            "account": case.wallet,
            "units": case.units,
            "payment": payment.id,
            "height": None if block is None else block.height,
            "hash": None if block is None else block.hash,
        }


def _write_coins(coins: Sequence[Mapping[str, Any]]) -> None:
    bulk.insert_rows(
        Coin,
        [dict(coin) for coin in coins],
        on="ON CONFLICT (chain, txid, idx, currency) DO UPDATE SET"
        " height = excluded.height, hash = excluded.hash",
    )
