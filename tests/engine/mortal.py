"""A house whose engine, a whole process, dies again and again, and clients who go on all the same.

What people pay and what must be true in the end is the matter of each chain; how an engine dies,
and how it is waited for, is here.
"""

from __future__ import annotations

import random
import time
from abc import ABC, abstractmethod
from datetime import timedelta

from db.attempts import Attempt
from db.findings import Break, Reconciliation
from db.models import Idempotency, Lease, Payment
from engine import chains
from engine.clock import rfc3339, utc_now
from engine.config import Config
from tests.engine.processes import EngineProcess, Nursery
from tests.engine.wishes import Wish, ask
from tests.nodes.ports import PATIENCE_S, wait_until

CLIENTS = ("ann", "bob", "cyd")
BLOCK_EVERY_S = 0.2
LIFE_MAX_S = PATIENCE_S
RUNNING_MAX = timedelta(minutes=2)  # longer than a key is taken to be at work


class Mortal(ABC):
    """Everything around one house whose engine lives in `EngineProcess`; `symbol` is its chain."""

    symbol: str

    def __init__(self, config: Config, nursery: Nursery, dice: random.Random) -> None:
        self.config = config
        self.engine = EngineProcess(config.path, nursery)
        self._nursery = nursery
        self._dice = dice
        self._wishes: list[Wish] = []

    # --- what is different on each chain ---

    @abstractmethod
    def mine(self, count: int = 1) -> None:
        """Blocks are found."""

    @abstractmethod
    def height(self) -> int:
        """Of the node's newest block."""

    @abstractmethod
    def fund(self) -> None:
        """Coins for everybody, credited."""

    @abstractmethod
    def pay_in_something(self) -> None:
        """Some client pays something in."""

    @abstractmethod
    def _next_wish(self, key: str) -> Wish: ...

    @abstractmethod
    def _is_done(self) -> bool:
        """Whether all that was paid in is credited, and all that was asked for is paid."""

    @abstractmethod
    def assert_books_hold(self) -> None:
        """Whatever just died: entries are whole, and balances are their sums."""

    @abstractmethod
    def assert_all_is_well(self) -> None:
        """No engine lives, and everything is settled."""

    # --- what people do ---

    def wish(self) -> Wish:
        """Somebody's next wish for a withdrawal, not asked yet."""
        made = self._next_wish(f"key-{len(self._wishes)}")
        self._wishes.append(made)
        return made

    def live_on(self) -> None:
        """A moment of everybody's life, with something new for the engine."""
        for _ in range(self._dice.randint(1, 2)):
            self.pay_in_something()
        for _ in range(self._dice.randint(1, 3)):
            ask(self.config, self.wish())

    def ask_again(self) -> None:
        """Everybody repeats every wish: those that had no answer got none because their process
        died, and are taken over; the others are told what became of them."""
        Idempotency.update(created_at=rfc3339(utc_now() - RUNNING_MAX)).where(
            Idempotency.status.is_null()
        ).execute()
        answered = [ask(self.config, wish) for wish in self._wishes]
        assert sorted(answered) == sorted(str(row.id) for row in withdrawals())

    # --- what the machine does ---

    def die_asking(self, point: str) -> None:
        """The process that asks for a client dies at this point of it."""
        words = self.wish().words(self.config)
        output = self.config.folder / "wishes.log"
        child = self._nursery.start(words, output, crash_at=point)
        assert self._nursery.wait(child, seconds=LIFE_MAX_S) == -9, output.read_text()

    def die_at(self, point: str) -> None:
        """One life of the engine, which ends at this point while blocks are found."""
        self.launch(crash_at=point)
        deadline = time.monotonic() + LIFE_MAX_S
        while self.engine.running:
            assert time.monotonic() < deadline, f"{point} was never reached:\n{self.engine.words}"
            self.mine()
            time.sleep(BLOCK_EVERY_S)

    def die_blindly(self, after_ms: int) -> None:
        """One life of the engine, cut off after so many milliseconds."""
        self.launch()
        time.sleep(after_ms / 2000)
        self.mine()
        time.sleep(after_ms / 2000)
        self.engine.kill()

    def launch(self, *, crash_at: str = "") -> None:
        """Another engine, which need not wait until the last one counts as dead."""
        forget_the_dead()
        self.engine.launch(crash_at=crash_at)

    def recover(self) -> None:
        """An engine that nobody disturbs until all is settled."""
        self.launch()
        self.settle()
        self.engine.kill()

    def settle(self) -> None:
        """Wait until nothing is open, while whoever has the chain works."""
        wait_until(self.is_settled, what="all that is open", told=self._what_is_open)

    def _what_is_open(self) -> str:
        """For whoever reads of a test that waited in vain."""
        rows = Payment.select().where(Payment.state.not_in(("credited", "cancelled", "refused")))
        payments = [(row.id, row.kind, row.purpose, row.state, row.reason) for row in rows]
        attempts = [
            (row.id, row.state, row.nonce, row.final, row.block_height) for row in Attempt.select()
        ]
        heights = (chains.followed_height(self.symbol), self.height())
        sums = list(Reconciliation.select().tuples())
        breaks = list(Break.select().where(Break.state == "open").tuples())
        all_of_it = (heights, payments, attempts, sums, breaks, self.engine.words[-6000:])
        return "\n".join(map(str, all_of_it))

    def is_settled(self) -> bool:
        """Whether nothing is open; a block is found when something is."""
        if chains.followed_height(self.symbol) != self.height():
            return False
        if self._is_done():
            return True
        self.mine()
        return False


def withdrawals() -> list[Payment]:
    return list(Payment.select().where(Payment.kind == "withdrawal"))


def forget_the_dead() -> None:
    """Nobody waits here until the silence of a dead engine is long enough to be sure."""
    Lease.update(holder=None).execute()


def is_between() -> bool:
    """Whether something is signed and not settled."""
    return Attempt.select().where(Attempt.state.not_in(("settled", "dead"))).exists()
