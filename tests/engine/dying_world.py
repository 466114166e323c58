"""Clients who pay and withdraw while their engine dies again and again, on a real node.

The engine is the whole process; the last line is always the same: each wish is one payment, paid
by the chain once, each coin is credited once, and books, node and clients agree to the last unit.
"""

from __future__ import annotations

import random
from collections import Counter

from db.models import History
from engine.clock import utc_now
from engine.lease import ChainLease
from engine.money import format_amount
from tests.engine.deposits.books import (
    assert_books_balance,
    assert_chain_agrees,
    assert_coins_agree,
    assert_histories_verify,
)
from tests.engine.mortal import CLIENTS, Mortal, forget_the_dead, withdrawals
from tests.engine.processes import Nursery
from tests.engine.reconciliation.against import assert_reconciles
from tests.engine.sender.desk import COIN, FEE, Desk
from tests.engine.wishes import Wish


class DyingWorld(Mortal):
    """A house on a node with a wallet."""

    symbol = "LTC"

    def __init__(self, desk: Desk, nursery: Nursery, dice: random.Random) -> None:
        super().__init__(desk.config, nursery, dice)
        self.desk = desk
        self._addresses = {name: desk.address(name) for name in CLIENTS}
        self._paid_in: dict[str, tuple[str, int]] = {}
        desk.lease.release()

    def mine(self, count: int = 1) -> None:
        self.desk.on.mine(count)

    def height(self) -> int:
        return self.desk.on.height()

    def fund(self) -> None:
        for client in CLIENTS:
            for _ in range(5):
                self._pay_in(client, COIN)
        self.recover()

    def pay_in_something(self) -> None:
        self._pay_in(self._dice.choice(CLIENTS), self._dice.randint(COIN // 100, COIN // 2))

    def _pay_in(self, client: str, units: int) -> None:
        txid = self.desk.on.pay(self._addresses[client], units)
        self._paid_in[txid] = (client, units)

    def _next_wish(self, key: str) -> Wish:
        amount = format_amount(self._dice.randint(COIN // 100, COIN // 20), 8)
        return Wish(self._dice.choice(CLIENTS), self.desk.on.stranger(), amount, key)

    def _is_done(self) -> bool:
        deposits = [row for row in self.desk.deposits() if row.state == "credited"]
        paid = [row for row in withdrawals() if row.state == "credited"]
        return len(deposits) == len(self._paid_in) and len(paid) == len(withdrawals())

    # --- what everybody sees ---

    def assert_books_hold(self) -> None:
        assert_books_balance()

    def assert_all_is_well(self) -> None:
        rows = withdrawals()
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
            out = [row for row in withdrawals() if row.client == client]
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
