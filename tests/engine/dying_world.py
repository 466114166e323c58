"""Clients who pay and withdraw while their engine dies again and again, on a real node.

The engine is the whole process; the last line is always the same: each wish is one payment, paid
by the chain once, each coin is credited once, and books, node and clients agree to the last unit.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from datetime import timedelta

from db.attempts import Attempt
from db.models import History, Idempotency, Lease, Payment
from engine import chains
from engine.clock import rfc3339, utc_now
from engine.lease import ChainLease
from engine.money import format_amount
from tests.engine.deposits.books import (
    assert_books_balance,
    assert_chain_agrees,
    assert_coins_agree,
    assert_histories_verify,
)
from tests.engine.processes import EngineProcess, Nursery
from tests.engine.reconciliation.against import assert_reconciles
from tests.engine.sender.desk import COIN, FEE, Desk
from tests.engine.wishes import Wish, ask
from tests.nodes.ports import wait_until

CLIENTS = ("ann", "bob", "cyd")
BLOCK_EVERY_S = 0.2
LIFE_MAX_S = 60
RUNNING_MAX = timedelta(minutes=2)  # longer than a key is taken to be at work


class DyingWorld:
    """Everything around one house whose engine lives in `EngineProcess`."""

    def __init__(self, desk: Desk, nursery: Nursery, dice: random.Random) -> None:
        self.desk = desk
        self.engine = EngineProcess(desk.config.path, nursery)
        self._nursery = nursery
        self._dice = dice
        self._addresses = {name: desk.address(name) for name in CLIENTS}
        self._paid_in: dict[str, tuple[str, int]] = {}
        self._wishes: list[Wish] = []
        desk.lease.release()

    # --- what people do ---

    def pay_in(self, client: str, units: int) -> None:
        txid = self.desk.on.pay(self._addresses[client], units)
        self._paid_in[txid] = (client, units)

    def fund(self) -> None:
        """Coins for everybody, credited."""
        for client in CLIENTS:
            for _ in range(5):
                self.pay_in(client, COIN)
        self.recover()

    def wish(self) -> Wish:
        """Somebody's next wish for a withdrawal, not asked yet."""
        amount = format_amount(self._dice.randint(COIN // 100, COIN // 20), 8)
        client = self._dice.choice(CLIENTS)
        made = Wish(client, self.desk.on.stranger(), amount, f"key-{len(self._wishes)}")
        self._wishes.append(made)
        return made

    def live_on(self) -> None:
        """A moment of everybody's life, with something new for the engine."""
        for _ in range(self._dice.randint(1, 2)):
            self.pay_in(self._dice.choice(CLIENTS), self._dice.randint(COIN // 100, COIN // 2))
        for _ in range(self._dice.randint(1, 3)):
            ask(self.desk.config, self.wish())

    def ask_again(self) -> None:
        """Everybody repeats every wish: those that had no answer got none because their process
        died, and are taken over; the others are told what became of them."""
        Idempotency.update(created_at=rfc3339(utc_now() - RUNNING_MAX)).where(
            Idempotency.status.is_null()
        ).execute()
        answered = [ask(self.desk.config, wish) for wish in self._wishes]
        assert sorted(answered) == sorted(str(row.id) for row in self.withdrawals())

    # --- what the machine does ---

    def die_asking(self, point: str) -> None:
        """The process that asks for a client dies at this point of it."""
        words = self.wish().words(self.desk.config)
        output = self.desk.config.folder / "wishes.log"
        child = self._nursery.start(words, output, crash_at=point)
        assert self._nursery.wait(child, seconds=LIFE_MAX_S) == -9, output.read_text()

    def die_at(self, point: str) -> None:
        """One life of the engine, which ends at this point while blocks are found."""
        self.launch(crash_at=point)
        deadline = time.monotonic() + LIFE_MAX_S
        while self.engine.running:
            assert time.monotonic() < deadline, f"{point} was never reached:\n{self.engine.words}"
            self.desk.on.mine(1)
            time.sleep(BLOCK_EVERY_S)

    def die_blindly(self, after_ms: int) -> None:
        """One life of the engine, cut off after so many milliseconds."""
        self.launch()
        time.sleep(after_ms / 2000)
        self.desk.on.mine(1)
        time.sleep(after_ms / 2000)
        self.engine.kill()

    def launch(self, *, crash_at: str = "") -> None:
        """Another engine, which need not wait until the last one counts as dead."""
        forget_the_dead()
        self.engine.launch(crash_at=crash_at)

    def recover(self) -> None:
        """An engine that nobody disturbs until all is settled."""
        self.launch()
        wait_until(self.is_settled, what="an engine that settles all", timeout_s=LIFE_MAX_S)
        self.engine.kill()

    def is_settled(self) -> bool:
        """Whether nothing is open; a block is found when something is."""
        if not self._is_followed():
            return False
        if self._is_done():
            return True
        self.desk.on.mine(1)
        return False

    def _is_followed(self) -> bool:
        return chains.followed_height("LTC") == self.desk.on.height()

    def _is_done(self) -> bool:
        deposits = [row for row in self.desk.deposits() if row.state == "credited"]
        paid = [row for row in self.withdrawals() if row.state == "credited"]
        return len(deposits) == len(self._paid_in) and len(paid) == len(self.withdrawals())

    # --- what everybody sees ---

    @staticmethod
    def withdrawals() -> list[Payment]:
        return list(Payment.select().where(Payment.kind == "withdrawal"))

    def assert_all_is_well(self) -> None:
        """No engine lives, and everything is settled."""
        rows = self.withdrawals()
        assert len(rows) == len(self._wishes) == len({row.address for row in rows})
        self.desk.assert_paid_once(*rows)
        self._assert_credited_once()
        self._assert_owed()
        self._assert_the_sums()

    def _assert_credited_once(self) -> None:
        credited = History.select().where((History.event == "credit") & (History.kind == "deposit"))
        assert set(Counter(row.payment for row in credited).values()) <= {1}
        found = {str(row.txid): (row.client, row.units) for row in self.desk.deposits()}
        assert found == self._paid_in

    def _assert_owed(self) -> None:
        for client in CLIENTS:
            paid_in = sum(units for who, units in self._paid_in.values() if who == client)
            out = [row for row in self.withdrawals() if row.client == client]
            gone = sum(int(row.units or 0) + FEE for row in out)
            assert self.desk.owed(client) == paid_in - gone, client

    def _assert_the_sums(self) -> None:
        forget_the_dead()
        desk = self.desk
        desk.lease = ChainLease("LTC", "auditor")
        assert desk.lease.acquire(monotonic_s=0)
        desk.now = utc_now()
        assert_books_balance()
        assert_histories_verify()
        assert_chain_agrees(desk)
        assert_coins_agree(desk)
        assert_reconciles(desk)
        desk.lease.release()


def forget_the_dead() -> None:
    """Nobody waits here until the silence of a dead engine is long enough to be sure."""
    Lease.update(holder=None).execute()


def is_between() -> bool:
    """Whether something is signed and not settled."""
    return Attempt.select().where(Attempt.state.not_in(("settled", "dead"))).exists()
