"""Seeded lives of a sender on the chain in memory, on both databases: replies that are lost,
blocks that go, pools that forget, prices that jump, keys that leak, engines that start anew.

After each round rows and chain say the same, and nobody was paid twice; in the end each withdrawal
was paid once, or gave everything back.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from db.models import Payment
from engine.errors import NodeDown, NodeError
from tests.engine.sender.by_nonce.fake_desk import ETHER, FEE, FakeDesk
from tests.nodes.ledger_world import GWEI

ACTS = 60
SOON = timedelta(seconds=31)


class Life:
    """What may happen, each chosen by the seed."""

    def __init__(self, desk: FakeDesk, seed: int) -> None:
        self.desk = desk
        self.node = desk.node
        self.random = random.Random(seed)
        self.asked: list[Payment] = []

    def live(self) -> None:
        acts: Sequence[Callable[[], object]] = (
            *(self.withdraw, self.withdraw, self.withdraw_token, self.round, self.round),
            *(self.mine, self.mine, self.mine, self.reorg, self.forget, self.drop, self.price),
            *(
                self.lose,
                self.cut,
                self.refuse,
                self.fail_on_chain,
                self.steal,
                self.steal_next,
                self.desk.restart,
            ),
        )
        for act in self.random.choices(acts, k=ACTS):
            act()
        self.calm_down()

    def holds_up(self) -> bool:
        """Whether a send waits for a number below its own."""
        mined = self.node.newest.numbers.get(self.node.hot, 0)
        waiting = [number for source, number in self.node.pool if source == self.node.hot]
        return bool(waiting) and mined not in waiting

    def withdraw(self) -> None:
        units = self.random.randrange(1, ETHER // 10)
        self.asked.append(self.desk.withdraw("ann", units))

    def withdraw_token(self) -> None:
        units = self.random.randrange(1, ETHER // 10)
        self.asked.append(self.desk.withdraw("ann", units, currency="USDT"))

    def round(self) -> None:
        try:
            self.desk.step(after=self.random.choice((timedelta(seconds=2), SOON, 4 * SOON)))
        except NodeError:
            self.node.fault = None

    def mine(self) -> None:
        self.node.mine(self.random.randrange(1, 4))
        self.round()

    def reorg(self) -> None:
        self.node.reorg(self.random.randrange(1, 5))
        self.round()

    def forget(self) -> None:
        self.node.reorg(self.random.randrange(1, 5), forget=True)
        self.round()

    def drop(self) -> None:
        for txid in [each.txid for each in self.node.pool.values()]:
            if self.random.random() < 0.5:
                self.node.drop(txid)

    def price(self) -> None:
        self.node.base = self.random.choice((1, GWEI, 3 * GWEI, 10 * GWEI))

    def lose(self) -> None:
        self.node.loses = 1
        self.round()

    def cut(self) -> None:
        self.node.fail(NodeDown("a cut reply"), after=self.random.randrange(8))
        self.round()

    def refuse(self) -> None:
        self.node.refuses = "txpool is full"
        self.round()
        self.node.refuses = ""

    def fail_on_chain(self) -> None:
        """A receiver becomes one that takes nothing, after what pays it was signed."""
        signed = [each for each in self.asked if self.desk.now_of(each).attempt is not None]
        if signed and self.random.random() < 0.5:
            self.node.refusing.add(str(self.random.choice(signed).address))

    def steal(self) -> None:
        """Somebody has our key, and takes a number that is in the pool."""
        waiting = [each for each in self.node.pool.values() if each.raw != each.txid]
        if waiting and self.random.random() < 0.5:
            taken = self.random.choice(waiting)
            self.node.steal(taken.send.source, taken.nonce, self.random.randrange(1, GWEI))

    def steal_next(self) -> None:
        """Somebody has our key, and takes a number that nobody took yet."""
        hot = self.node.hot
        taken = [nonce for source, nonce in self.node.pool if source == hot]
        free = max([self.node.newest.numbers.get(hot, 0) - 1, *taken]) + 1
        self.node.steal(hot, free, self.random.randrange(1, GWEI))
        self.mine()

    def calm_down(self) -> None:
        """Everything works again, for long enough. A number that a thief took and that no block has
        any more holds up those above it, until the next withdrawal takes it."""
        self.node.loses, self.node.fault, self.node.refuses = 0, None, ""
        self.node.base = GWEI
        for at in range(36):
            self.desk.settle(after=SOON)
            if at % 4 == 0 and at < 24 and self.holds_up():
                self.asked.append(self.desk.withdraw("ann", 1))
            self.node.mine()
        self.desk.settle()


@pytest.mark.parametrize("seed", range(4))
def test_each_is_paid_once_or_gives_everything_back(
    database: str, tmp_path: Path, seed: int
) -> None:
    desk = FakeDesk.open(tmp_path, database)
    desk.credit("ann", 9 * ETHER)
    desk.credit("ann", 9 * ETHER, "USDT")
    desk.mine(6)  # no reorganisation reaches what bears everything
    life = Life(desk, seed)
    life.live()
    back = {"ETH": 9 * ETHER, "USDT": 9 * ETHER}
    for payment in life.asked:
        row = desk.now_of(payment)
        paid = desk.node.paid_to(str(row.address), row.currency)
        assert row.state in {"credited", "failed", "refused"}, (row.state, row.reason)
        assert row.final or row.state == "refused"
        assert bool(paid) == (row.state == "credited")
        if row.state == "credited":
            back[row.currency] -= int(row.units or 0) + FEE
    kept = desk.owed("ann") - back["ETH"]
    assert -FEE * len(life.asked) <= kept <= 0  # of failed ones the burnt gas
    assert desk.owed("ann", "USDT") == back["USDT"]
    desk.assert_books_are_the_chain()
