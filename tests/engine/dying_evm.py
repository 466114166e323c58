"""Clients of an EVM chain who pay and withdraw while it turns and their engine dies time and again.

Coin and token go out by one sequence of numbers, and what is paid in is swept by others, with gas
that the house gives. The last line: each wish and each sweep is one chain tx, of one number, none
of which was left out or used twice; and books and node agree to the last unit.
"""

from __future__ import annotations

import random
from collections import Counter

from db.attempts import Attempt
from db.models import History, Payment
from engine.clock import utc_now
from engine.lease import ChainLease
from engine.money import format_amount
from tests.engine.deposits.books import assert_entries_balance
from tests.engine.families.evm.life import ETHER
from tests.engine.mortal import CLIENTS, Mortal, forget_the_dead, withdrawals
from tests.engine.processes import Nursery
from tests.engine.sender.by_nonce.desk import MILLION, EvmDesk
from tests.engine.sender.by_nonce.truth import Truth
from tests.engine.wishes import Wish
from tests.nodes.contracts import Contract

ONE = {"ETH": ETHER, "USDT": 1000 * MILLION}  # what a client pays in at first, five times
DECIMALS = {"ETH": 18, "USDT": 6}
FEES = {"ETH": ETHER // 1000, "USDT": MILLION // 10}
ABOVE = {currency: units // 2 for currency, units in ONE.items()}  # is swept
PAYS = {"ann": tuple(ONE), "bob": tuple(ONE), "cyd": ("USDT",)}  # who has no gas
GIVEN_UP = ("cancelled", "refused")
# The node orders a block by what is offered. What is paid in must come before the sweep of it where
# both are in the pool again: the sweep would fail, and halt all until a person has looked.
FIRST = {"maxFeePerGas": hex(100 * 10**9), "maxPriorityFeePerGas": hex(10**9)}
TURNS = 0.3  # of the moments between two deaths
AGAIN = 0.25  # of the wishes ask for the same payee and amount as another did

_Coin = tuple[str | None, str, int]  # client, currency, units


class DyingEvm(Mortal):
    """A house on a real EVM node, with one token."""

    symbol = "ETH"

    def __init__(
        self, desk: EvmDesk, token: Contract, nursery: Nursery, dice: random.Random
    ) -> None:
        super().__init__(desk.config, nursery, dice)
        self.desk = desk
        self.node = desk.node
        self.token = token
        self._truth = Truth(self.node, {"USDT": token}, since=self.node.height())
        self._addresses = {name: desk.address(name) for name in CLIENTS}
        self._paid_in: dict[str, _Coin] = {}
        desk.lease.release()

    def mine(self, count: int = 1) -> None:
        self.node.mine(count)

    def height(self) -> int:
        return self.node.height()

    def fund(self) -> None:
        """Clients have what they pay in, and the house what it pays out of."""
        for currency, units in ONE.items():
            self._pay(None, self.desk.hot, currency, 20 * units)
            for client in (each for each in CLIENTS if currency in PAYS[each]):
                self._pay(client, self._addresses[client], currency, 5 * units)
        self.recover()

    def pay_in_something(self) -> None:
        client = self._dice.choice(CLIENTS)
        currency = self._dice.choice(PAYS[client])
        units = self._dice.randint(ONE[currency] // 100, ONE[currency] // 2)
        self._pay(client, self._addresses[client], currency, units)

    def live_on(self) -> None:
        """Sometimes the chain turns, too; what was in its blocks waits in the pool again."""
        super().live_on()
        if self._dice.random() < TURNS:
            self.node.reorg(self._dice.randint(1, 2))

    def _pay(self, client: str | None, address: str, currency: str, units: int) -> None:
        if currency == "ETH":
            txid = self.node.send(address, wei=units, fields=FIRST)
        else:
            # Much gas: another block, in which the address is empty, may take it.
            data = self.token.data("transfer", address, units)
            txid = self.node.send(self.token.address, data=data, gas=200_000, fields=FIRST)
        self._paid_in[txid] = (client, currency, units)

    def _next_wish(self, key: str) -> Wish:
        client = self._dice.choice(CLIENTS)
        currency = self._dice.choice(PAYS[client])
        likes = [wish for wish in self._wishes if wish.currency == currency]
        if likes and self._dice.random() < AGAIN:
            same = self._dice.choice(likes)
            return Wish(client, same.address, same.amount, key, currency)
        units = self._dice.randint(ONE[currency] // 100, ONE[currency] // 20)
        amount = format_amount(units, DECIMALS[currency])
        return Wish(client, self.desk.stranger(), amount, key, currency)

    def _is_done(self) -> bool:
        """And what lies on clients' addresses is swept."""
        credited = Payment.select().where(Payment.state == "credited")
        deposits = credited.where(Payment.kind == "deposit").count()
        paid = credited.where(Payment.kind == "withdrawal").count()
        moving = Payment.select().where(
            (Payment.kind == "transfer") & (Payment.state != "credited")
        )
        return (
            deposits == len(self._paid_in)
            and paid == len(withdrawals())
            and not moving.exists()
            and self._are_sends_followed()
            and not any(self._is_left(each) for each in self._addresses.values())
        )

    def _are_sends_followed(self) -> bool:
        """Whether the books know what was sent in the blocks that it is in now: a credit outlasts a
        chain that turns, and what it cost may be another sum there."""
        rows = list(Attempt.select().where((Attempt.final == 0) & (Attempt.state != "dead")))
        return all(
            row.block_hash is not None
            and self.node.hash_at(int(row.block_height or 0)) == row.block_hash
            for row in rows
        )

    def _is_left(self, address: str) -> bool:
        """Whether more lies there than is left alone."""
        return any(self._truth.held(each, address) > ABOVE[each] for each in ONE)

    # --- what everybody sees ---

    def assert_books_hold(self) -> None:
        assert_entries_balance()

    def assert_all_is_well(self) -> None:
        assert len(withdrawals()) == len(self._wishes)
        moved = Payment.select().where((Payment.kind == "transfer") & (Payment.state == "credited"))
        assert {row.purpose for row in moved} == {"sweep", "gas"}
        self._truth.assert_holds()
        self._assert_credited_once()
        self._assert_owed()
        self._assert_no_break()

    def _assert_credited_once(self) -> None:
        credited = History.select().where((History.event == "credit") & (History.kind == "deposit"))
        assert set(Counter(row.payment for row in credited).values()) <= {1}
        rows = self.desk.deposits()
        found = {str(row.txid): (row.client, row.currency, row.units) for row in rows}
        assert found == self._paid_in

    def _assert_owed(self) -> None:
        for client in CLIENTS:
            for currency, fee in FEES.items():
                coins = self._paid_in.values()
                paid_in = sum(u for who, what, u in coins if (who, what) == (client, currency))
                out = [r for r in withdrawals() if (r.client, r.currency) == (client, currency)]
                gone = sum(int(row.units or 0) + fee for row in out)
                assert self.desk.owed(client, currency) == paid_in - gone, (client, currency)

    def _assert_no_break(self) -> None:
        forget_the_dead()
        desk = self.desk
        desk.lease = ChainLease("ETH", "auditor")
        assert desk.lease.acquire(monotonic_s=0)
        desk.now = utc_now()
        assert desk.compare() == []
        assert desk.residuals() == dict.fromkeys(ONE, 0)
        desk.lease.release()
