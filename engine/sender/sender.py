"""One chain's sender: signs what is due, stores it, broadcasts it, follows it until it is final.

The order is the safety: stored before sent, sent again and again as the same bytes, and no second
chain tx for a payment while the first can still be mined.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from db import bulk
from db.connection import database
from db.models import Address, Payment
from engine.approvals.acceptance import payable_cold
from engine.approvals.founding import founding_rows
from engine.audit.sealed import CHANGED, open_sealed
from engine.chain import BlockRef, Chain, Standing
from engine.clock import rfc3339
from engine.config import Config
from engine.crashpoints import reach
from engine.errors import NodeRefused, StaleState
from engine.lifecycle import Batch
from engine.sender import attempts, coins, fees
from engine.sender.adjusted import adjusted_units
from engine.sender.attempts import Draft, Stored
from engine.sender.coins import OwnCoin
from engine.sender.composing import Composed, Composer
from engine.sender.due import (
    astray_of,
    due,
    no_address_twice,
    refuse_unpayable,
    wait,
    wait_apart,
)
from engine.sender.following import Following, passphrase_of
from engine.sender.losing import Coin, spenders_of
from engine.sender.paid_before import PaidBefore
from engine.sender.papers import paper_flaw
from engine.sender.proof import Proof

log = logging.getLogger(__name__)

LOOK_EVERY = timedelta(seconds=30)
DEAR_MAX = 100  # payments that cannot be paid by themselves, and that one round passes over
OF_PAYEE = ("dust", "scriptpubkey")  # nodes' words for what only the payee's output explains
FUNDS = "funds in the hot wallet"
NO_FUNDS = f"waiting for {FUNDS}"


@dataclass(frozen=True, slots=True)
class Signing:
    """A signed chain tx, and the payments that it pays."""

    draft: Draft
    payments: tuple[Payment, ...]


class Sender:
    """Belongs to one thread, the one that holds the chain's lease; `guard` proves that in every
    database transaction. `paused` says why nothing may be paid now, or is empty. `go_on` is called
    between two chain txs; it raises EngineStopping to leave the rest for the next start."""

    def __init__(
        self,
        config: Config,
        symbol: str,
        node: Chain,
        *,
        guard: Callable[[], None],
        paused: Callable[[str], str] = lambda _: "",
        go_on: Callable[[], None] = lambda: None,
    ) -> None:
        self._config = config
        self._symbol = symbol
        self._currency = config.currencies[symbol]
        self._node = node
        self._guard = guard
        self._paused = paused
        self._go_on = go_on
        self._sealed = open_sealed(config)
        self._proof = Proof(node, self._sealed)
        self._paid_before = PaidBefore(self._currency.symbol, node)
        self._following = Following(
            config, symbol, node, guard=guard, go_on=go_on, sealed=self._sealed
        )
        self._looked: tuple[str, datetime] | None = None
        self._contested: frozenset[Coin] = frozenset()  # spent by strangers, in no block yet

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
            self._contested = frozenset()
        return moved + self._pay(tip, now)

    def _pay(self, tip: BlockRef, now: datetime) -> int:
        """Sign and send what is due."""
        payments = due(self._currency, now)
        if not payments:
            return 0
        reason = self._paused(self._symbol) or self._sealed.trouble(now)
        if not reason and not self._sealed.hold(founding_rows(self._config)):
            reason = CHANGED
        if reason:
            return wait(self._batch(now), self._currency, reason)
        final = tip.height - self._currency.finality + 1
        own = coins.spendable(self._symbol, self._currency.symbol, deepest=tip.height, final=final)
        own = [coin for coin in own if coin.spend.coin not in self._contested]
        payments = _worth_a_look(payments, room=len(own) * self._currency.batch.max)
        self._proof.begin(payments, tip.hash)
        self._paid_before.begin()
        checked, moved = refuse_unpayable(
            partial(self._batch, now),
            self._node,
            self._proof,
            payments,
            astray=partial(astray_of, payable_cold(self._config, self._currency)),
            paper_flaw=partial(self._paper_flaw, now),
            adjusted=partial(adjusted_units, self._config),
        )
        if not checked:
            return moved
        payable = no_address_twice(checked)
        dear: dict[str, str] = {}
        drafts, reason = self._sign_all(payable, own, dear, now)
        if drafts:
            reach("sign.after", sandbox=self._config.sandbox)
            moved += self._store_and_send(drafts, tip, now)
        if reason or dear:
            wait_apart(self._batch(now), self._currency, dear, others=reason)
        return moved

    def _paper_flaw(self, now: datetime, payment: Payment) -> str | None:
        """Why a payment must not be signed, beyond what its rows prove."""
        rows = self._proof.verified_rows
        return paper_flaw(self._config, self._node, payment, now=now, rows=rows) or (
            self._paid_before.flaw(payment, rows(payment.id) or ())
        )

    def _sign_all(
        self,
        payments: Sequence[Payment],
        own: Sequence[OwnCoin],
        dear: dict[str, str],
        now: datetime,
    ) -> tuple[list[Signing], str]:
        """Chain txs for as many of `payments`, in their order, as can be paid now; and why all that
        are left must wait, empty when they need not. Those that the caps, or the network's rules,
        forbid by themselves are put into `dear` with the reason, and hold up no other; so is the
        one that our coins do not pay, behind which all others keep their place."""
        most, rest = self._currency.batch.max, list(payments)
        drafts: list[Signing] = []
        try:
            rate, low = fees.rate_within(self._currency, self._node)
            change = self._change_address(now)
            composer = Composer(self._currency, self._node, own, rate=rate, low=low)
            while rest and len(dear) < DEAR_MAX:
                self._go_on()
                group = rest[:most]
                try:
                    composed = composer.most(group, change)
                except fees.FeeTooHigh as error:
                    dear[rest.pop(0).id] = f"waiting: {error}"
                    continue
                if composed is None:
                    dear[rest[0].id] = NO_FUNDS
                    return drafts, f"behind {rest[0].id}, which waits for {FUNDS}"
                signed = self._sign_unless_odd(composer, composed, group, dear)
                if signed is None:
                    most = 1  # one of them is to blame: the others go alone
                    del rest[: int(len(group) == most)]
                    continue
                drafts.append(signed)
                if len(drafts[-1].payments) < len(group):
                    break
                del rest[:most]
        except (fees.FeeTooHigh, NodeRefused) as error:
            log.info("%s: nothing more is signed: %s", self._symbol, error.detail)
            return drafts, f"waiting: {error}"
        return drafts, ""

    def _sign_unless_odd(
        self,
        composer: Composer,
        composed: Composed,
        group: Sequence[Payment],
        dear: dict[str, str],
    ) -> Signing | None:
        """None when the network would not relay one of the outputs; the only one is put into
        `dear`."""
        try:
            return self._sign(composed, group)
        except NodeRefused as error:
            if not error.detail.endswith(OF_PAYEE):
                raise
            composer.give_back(composed)
            if len(group) == 1:
                dear[group[0].id] = f"waiting: {error}"
            return None

    def _sign(self, composed: Composed, group: Sequence[Payment]) -> Signing:
        try:
            signed = self._node.sign(
                [coin.spend for coin in composed.coins],
                [output.pay for output in composed.outputs],
                passphrase=passphrase_of(self._currency),
            )
        except NodeRefused:
            self._leave_spent(composed.coins)
            raise
        symbol = self._currency.symbol
        draft = Draft(self._symbol, symbol, composed.coins, composed.outputs, signed, composed.fee)
        paid = {output.payment for output in composed.outputs}
        return Signing(draft, tuple(payment for payment in group if payment.id in paid))

    def _leave_spent(self, chosen: Sequence[OwnCoin]) -> None:
        """A coin that somebody else spent with our keys must not hold up every payment: the others
        go on, and reconciliation names the loss. Outside of a block the coin is left alone until
        the next look only."""
        found = spenders_of([coin.spend.coin for coin in chosen], self._node)
        if found:
            log.warning("%s: coins of ours are spent elsewhere: %s", self._symbol, sorted(found))
        spent = {coin: fact for coin, fact in found.items() if fact.standing is Standing.MINED}
        self._contested |= found.keys() - spent.keys()
        if spent:
            with database.atomic():
                self._guard()
                coins.note_spent(self._symbol, spent)

    def _change_address(self, now: datetime) -> str:
        """An unused change address of ours, known to us before anything pays to it, and by the
        node's word: a forged row would lead the change astray. What is signed in one round shares
        it, because making one costs the node's wallet a write to its disk."""
        row = (
            Address.select(Address.address)
            .where(
                (Address.chain == self._symbol)
                & (Address.purpose == "change")
                & Address.used_at.is_null()
            )
            .order_by(Address.id.desc())
            .first()
        )
        if row is not None and self._node.owns(str(row.address)):
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

    def _store_and_send(self, drafts: Sequence[Signing], tip: BlockRef, now: datetime) -> int:
        made = [
            attempts.stored_of(each.draft, attempt=new, family=new, number=1, at=rfc3339(now))
            for each in drafts
            for new in (attempts.new_id(),)
        ]
        try:
            self._store(drafts, made, now)
        except StaleState as error:
            log.info("%s: %s", self._symbol, error)
            return 0
        reach("store.after", sandbox=self._config.sandbox)
        signed = sum(len(each.payments) for each in drafts)
        return signed + self._following.send_new(made, tip, now)

    def _store(self, drafts: Sequence[Signing], made: Sequence[Stored], now: datetime) -> None:
        """Attempts, coins in use and payments in one database transaction: from here on the same
        bytes are sent until they are mined, or proved impossible."""
        with self._batch(now) as batch:
            batch.also(partial(attempts.store, made))
            for each, stored in zip(drafts, made, strict=True):
                evidence = _evidence(each.draft, str(stored.row.id))
                for payment in each.payments:
                    batch.move(
                        payment,
                        "sign",
                        evidence={**evidence, "address": payment.address},
                        attempt=stored.row.id,
                        sub_state="sending",
                        reason="",
                    )
            batch.also(partial(attempts.reserve, made))
            batch.also(partial(self._use_change, made, now))

    def _use_change(self, made: Sequence[Stored], now: datetime) -> None:
        used = {str(out.address) for each in made for out in each.outputs if out.payment is None}
        Address.update(used_at=rfc3339(now)).where(
            (Address.chain == self._symbol) & bulk.one_of(Address.address, sorted(used))
        ).execute()

    def _batch(self, now: datetime) -> Batch:
        return Batch(self._config, actor="engine", now=now, guard=self._guard)


def _worth_a_look(payments: Sequence[Payment], *, room: int) -> list[Payment]:
    """Those that coins for `room` payments may pay, and those that nobody looked at before: what
    waits for funds is not proved anew in each round."""
    return [
        payment for at, payment in enumerate(payments) if at < room or FUNDS not in payment.reason
    ]


def _evidence(draft: Draft, attempt: str) -> dict[str, object]:
    return {
        "attempt": attempt,
        "txid": draft.signed.txid,
        "inputs": [f"{coin.spend.txid}:{coin.spend.index}" for coin in draft.coins],
        "chain_fee": str(draft.fee),
        "size": draft.signed.size,
    }
