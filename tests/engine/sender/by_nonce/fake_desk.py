"""A house on the chain of sums in memory: fast enough for long lives, on both databases.

After every round each address of ours must hold what our rows say, and nobody may be paid twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self

from db.attempts import Attempt
from db.models import Client, Payment
from engine import address_pool, chains, installation, ledger, outflows
from engine.chain import BlockRef
from engine.clock import rfc3339
from engine.config import Config, load_config
from engine.deposits.request import request_deposit
from engine.follower import Follower, Round
from engine.lease import ChainLease
from engine.moves.addresses import ensure_hot
from engine.sender.by_nonce.sender import NonceSender
from engine.surplus import SurplusWatch
from tests.engine.deposits.books import assert_histories_verify
from tests.engine.families.evm.life import POLL, ROUNDS_MAX, START, look_twice
from tests.engine.sender.asking import Asking
from tests.engine.toml_text import SITE_SECRET, dump
from tests.nodes.anvil_hands import evm_tables
from tests.nodes.fake_payer import FakePayer

ETHER = 10**18
FEE = ETHER // 100
TOKEN = {"USDT": "0x" + "ab" * 20}


class FakeDesk(Asking):
    """Amounts are units."""

    def __init__(self, config: Config, node: FakePayer) -> None:
        self.config = config
        self.node = node
        self.now: datetime = START
        self.lease = ChainLease("ETH", "first engine")
        self.paused: dict[str, str] = {}
        self.exact = True  # False where a test makes rows and chain differ for a while
        self.restart()

    @classmethod
    def open(cls, folder: Path, url: str, **keys: object) -> Self:
        """A house of ETH with `keys` and of USDT, on an open, migrated database; its hot address
        has coins and tokens of the house's own."""
        table: dict[str, Any] = {"confirmations": 3, "finality": 6, "address_pool": 3, **keys}
        site = {"handshake": {"algorithm": "HS256", "secret": SITE_SECRET}}
        tables = evm_tables("http://127.0.0.1:1", TOKEN, **table)
        path = folder / "cashier.toml"
        path.write_text(dump({"cashier": {"database": url}, "site": site, "currency": tables}))
        desk = cls(load_config(path, role="engine", environ={}), FakePayer())
        chains.ensure(desk.config, desk.now)
        installation.note_configuration(desk.config, desk.now)
        assert desk.lease.acquire(monotonic_s=0)
        desk.step()
        desk.node.pay(desk.node.hot, 10 * ETHER)
        desk.node.pay(desk.node.hot, 10 * ETHER, "USDT")
        desk.mine(3)
        return desk

    def restart(self) -> None:
        """The engine process is another one now, with nothing in memory."""
        guard = self.lease.guard
        self.follower = Follower(self.config, "ETH", self.node, guard=guard)
        self.surplus = SurplusWatch(self.config, "ETH", self.node, guard=guard)
        self.sender = NonceSender(
            self.config,
            "ETH",
            self.node,
            guard=guard,
            paused=lambda symbol: self.paused.get(symbol, ""),
        )

    # --- what the engine does ---

    def tip(self) -> BlockRef:
        row = chains.state("ETH")
        return BlockRef(int(row.height), str(row.hash))

    def step(self, *, after: timedelta = POLL) -> Round:
        """One round, as the chain's thread makes it."""
        self.now += after
        done = self.follower.step(self.now)
        if not done.well:
            return done
        ensure_hot("ETH", self.node.hot_address, guard=self.lease.guard, now=self.now)
        tip = self.tip()
        moved = self.sender.follow(tip, self.now)
        if self.exact:
            self.assert_rows_are_the_chain(tip)
        if not done.busy:
            moved += look_twice(self.surplus, tip, self.now)
        moved += self.sender.pay(tip, self.now)
        self.assert_nobody_is_paid_twice()
        return Round(done.moved + moved, done.tip_height, well=True, busy=done.busy)

    def settle(self, *, after: timedelta = POLL) -> Round:
        self.now += after
        for _ in range(ROUNDS_MAX):
            done = self.step()
            if not done.moved and not done.busy:
                assert_histories_verify()
                return done
        raise AssertionError(f"still moving after {ROUNDS_MAX} rounds")

    def mine(self, count: int = 1) -> None:
        self.node.mine(count)
        self.settle()

    # --- clients ---

    def address(self, name: str) -> str:
        Client.insert(id=name, created_at=rfc3339(self.now)).on_conflict_ignore().execute()
        address_pool.refill("ETH", self.node, target=3, now=self.now, guard=self.lease.guard)
        view, _ = request_deposit(self.config, client=name, currency="ETH", now=self.now)
        return str(view.address)

    def credit(self, name: str, units: int, currency: str = "ETH") -> None:
        self.node.pay(self.address(name), units, currency)
        self.mine(3)

    def withdraw(
        self, name: str, units: int, *, to: str | None = None, currency: str = "ETH", fee: int = FEE
    ) -> Payment:
        """The client asks, and is debited; released at once."""
        address = to or self.node.somebody()
        return self.ask(name, units, currency, address=address, fee=fee)

    # --- what everybody sees ---

    def owed(self, client: str, currency: str = "ETH") -> int:
        return -ledger.balance(ledger.client_account(client), currency)

    def attempts(self) -> list[Attempt]:
        return list(Attempt.select().order_by(Attempt.address, Attempt.nonce, Attempt.number))

    # --- what must hold ---

    @property
    def ours(self) -> list[str]:
        return [self.node.hot, *(each.address for each in self.node.made)]

    def assert_rows_are_the_chain(self, tip: BlockRef) -> None:
        """Each address holds what our rows say, but for what a thief took."""
        mined = self.node.at(tip.hash)
        assert mined is not None
        rows = outflows.held("ETH", addresses=self.ours, height=tip.height)
        for currency in ("ETH", "USDT"):
            for address in self.ours:
                there = mined.held.get((currency, address), 0)
                assert rows.get((currency, address), 0) == there + self.stolen(currency, address)

    def stolen(self, currency: str, address: str) -> int:
        """Units that chain txs which are none of ours took from an address."""
        taken = 0
        for mined in self.node.active:
            for done in mined.done.values():
                send = done.signed.send
                if done.signed.raw != done.signed.txid or send.source != address:
                    continue
                taken += done.fee if currency == "ETH" else 0
                taken += done.moved if send.currency == currency else 0
        return taken

    def assert_nobody_is_paid_twice(self) -> None:
        for payment in Payment.select().where(Payment.kind == "withdrawal"):
            paid = self.node.paid_to(str(payment.address), str(payment.currency))
            assert paid in ([], [payment.units]), payment.id

    def assert_books_are_the_chain(self) -> None:
        """When all is final: wallet accounts are what the addresses hold, and nothing is on its
        way."""
        for currency in ("ETH", "USDT"):
            hot, *others = (self.node.held(each, currency) for each in self.ours)
            stolen = self.stolen(currency, self.node.hot)
            assert ledger.balance("wallet:hot", currency) == hot + stolen
            assert ledger.balance("wallet:deposits", currency) == sum(others)
            assert ledger.balance("in_transit", currency) == 0
