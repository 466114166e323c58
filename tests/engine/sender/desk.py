"""A house that pays out: the sender beside the follower, clients with coins, and the last line of
every test: each withdrawal is paid by the chain once, and books, node and clients say the same.
"""

from __future__ import annotations

from datetime import timedelta

from db.attempts import Attempt
from db.models import Payment
from engine import chains
from engine.chain import BlockRef
from engine.config import Config
from engine.errors import NodeError
from engine.follower import Round
from engine.lease import ChainLease
from engine.risk import RiskHook
from engine.sender.sender import Sender
from tests.engine.deposits.books import (
    assert_books_balance,
    assert_chain_agrees,
    assert_coins_agree,
    assert_histories_verify,
)
from tests.engine.deposits.life import COIN, POLL, ROUNDS_MAX, House
from tests.engine.reconciliation.against import assert_reconciles
from tests.engine.sender.asking import Asking
from tests.nodes.harness import Harness

FEE = 50_000
MINUTE = timedelta(minutes=1)
POOR = frozenset({"own_funds_negative"})  # where a test's clients pay no fee, the house pays all


class Desk(Asking, House):
    """A house with a sender. Amounts are units."""

    def __init__(self, config: Config, on: Harness, *, symbol: str, hook: RiskHook | None) -> None:
        super().__init__(config, on, symbol=symbol, hook=hook)
        self.paused = ""
        self.sender = self._sender(self.lease)

    def _sender(self, lease: ChainLease) -> Sender:
        return Sender(
            self.config,
            self.symbol,
            self.node,
            guard=lease.guard,
            paused=lambda _: self.paused,
        )

    # --- what the engine does ---

    def _round(self) -> Round:
        done = self.follower.step(self.now)
        if not done.well:
            return done
        tip = chains.state(self.symbol)
        moved = self.sender.step(BlockRef(int(tip.height), str(tip.hash)), self.now)
        return Round(done.moved + moved, done.tip_height, well=True, busy=done.busy)

    def step(self, *, after: timedelta = POLL) -> Round:
        self.now += after
        done = self._round()
        assert_books_balance()
        return done

    def rounds(self, count: int = 3, *, after: timedelta = MINUTE, blocks: int = 0) -> None:
        """So many rounds, each after so many `blocks`; the books may look as they like."""
        for _ in range(count):
            if blocks:
                self.on.mine(blocks)
            self.now += after
            self._round()

    def failing_step(self) -> NodeError:
        self.now += POLL
        try:
            self._round()
        except NodeError as error:
            assert_books_balance()
            return error
        raise AssertionError("the round went through")

    def settle(self, *, after: timedelta = POLL) -> Round:
        self.now += after
        for _ in range(ROUNDS_MAX):
            done = self.step()
            if not done.moved and not done.busy:
                assert_histories_verify()
                if done.well:
                    assert_chain_agrees(self)
                    assert_coins_agree(self)
                    if self.reconciles:
                        assert_reconciles(self, also=POOR)
                return done
        raise AssertionError(f"still moving after {ROUNDS_MAX} rounds")

    def restart(self) -> None:
        super().restart()
        self.sender = self._sender(self.lease)

    def mine(self, count: int = 1) -> None:
        """So many blocks, and what the engine makes of them."""
        self.on.mine(count)
        self.settle()

    # --- what clients do ---

    def fund(self, name: str, *amounts: int) -> list[str]:
        """The client pays in, coin by coin, until all is credited; the txids."""
        txids = [self.on.pay(self.address(name), units) for units in amounts]
        self.mine(3)
        return txids

    def withdraw(self, name: str, units: int, *, to: str | None = None, fee: int = FEE) -> Payment:
        """The client asks, and is debited; released at once."""
        self.client(name)
        address = to or self.on.stranger()
        return self.ask(name, units, self.symbol, address=address, fee=fee)

    # --- what everybody sees ---

    def attempts(self) -> list[Attempt]:
        """Every attempt, oldest first."""
        return list(Attempt.select().order_by(Attempt.created_at, Attempt.number))

    def attempt(self) -> Attempt:
        """The one attempt that there must be."""
        (row,) = self.attempts()
        return row

    def assert_paid_once(self, *payments: Payment) -> None:
        """The chain pays each of these exactly once, with exactly its amount."""
        for payment in payments:
            assert self.on.paid_to(str(payment.address)) == [payment.units], payment.id

    def assert_not_paid(self, *payments: Payment) -> None:
        for payment in payments:
            assert self.on.paid_to(str(payment.address)) == [], payment.id

    def finish(self, *payments: Payment) -> None:
        """Deep enough for everything: each is credited and paid once, and all sums agree."""
        self.settle()
        for _ in range(3):
            self.mine(3)
        rows = [self.now_of(each) for each in payments]
        assert [row for row in rows if row.state != "credited"] == [], [
            (row.state, row.sub_state, row.reason) for row in rows
        ]
        self.assert_paid_once(*payments)


__all__ = ["COIN", "FEE", "Desk"]
