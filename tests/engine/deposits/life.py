"""A house to live in: configuration, database, chain and follower, and the check of its books.

Tests say what the world does (pay, mine, reorg) and step the follower; after every step the books
must balance.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from db.connection import database
from db.models import Chain as ChainRow
from db.models import Client, History, Payment
from engine import address_pool, chains, installation, ledger
from engine.chain import Chain
from engine.clock import rfc3339
from engine.config import Config, load_config
from engine.deposits.request import request_deposit
from engine.errors import NodeError
from engine.follower import Follower, Round
from engine.lease import ChainLease
from engine.queries import PaymentView
from engine.risk import RiskHook
from tests.engine.deposits.arrived import Arrived
from tests.engine.deposits.books import (
    assert_books_balance,
    assert_chain_agrees,
    assert_histories_verify,
)
from tests.engine.reconciliation.against import assert_reconciles
from tests.nodes.harness import Harness

COIN = 100_000_000
START = datetime(2026, 11, 22, 12, tzinfo=UTC)
POLL = timedelta(seconds=2)
ROUNDS_MAX = 60
REFILLS_MAX = 5  # a wallet that was restored hands out used addresses first

_FILE = """
[cashier]
database = "{url}"
[web]
[site]
name = "Test"
handshake = {{ algorithm = "HS256", secret = "only-for-tests-0123456789abcdef0123" }}
"""


def write_config(folder: Path, url: str, tables: dict[str, dict[str, object]]) -> Path:
    """A cashier.toml with one `[currency.X]` per table; returns its path."""
    lines = [_FILE.format(url=url)]
    for symbol, keys in tables.items():
        lines.append(f"[currency.{symbol}]")
        table = {"family": "bitcoin", "network": "regtest", "node": "http://u:p@127.0.0.1:1/"}
        lines += [f"{key} = {toml(value)}" for key, value in {**table, **keys}.items()]
    path = folder / "cashier.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


def toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(toml(each) for each in value)}]"
    return f'"{value}"'


class House(Arrived):
    """One installation with one currency, beside the harness of its chain. Amounts are units."""

    def __init__(self, config: Config, on: Harness, *, symbol: str, hook: RiskHook | None) -> None:
        self.config = config
        self.on = on
        self.symbol = symbol
        self.currency = config.currencies[symbol]
        self.hook = hook
        self.now = START
        self.started_at = -1
        self.reconciles = True  # False where a test moves our coins behind the engine's back
        self.lease = ChainLease(symbol, "first engine")
        self.follower = self._follower(self.lease)

    @classmethod
    def open(
        cls,
        folder: Path,
        url: str,
        on: Harness,
        *,
        hook: RiskHook | None = None,
        symbol: str = "LTC",
        **keys: object,
    ) -> Self:
        """A house of `[currency.SYMBOL]` with `keys`, on an open, migrated database."""
        table: dict[str, object] = {"confirmations": 3, "address_pool": 5, **keys}
        path = write_config(folder, url, {symbol: table})
        house = cls(load_config(path, role="engine"), on, symbol=symbol, hook=hook)
        chains.ensure(house.config, house.now)
        installation.note_configuration(house.config, house.now)
        assert house.lease.acquire(monotonic_s=0)
        house._begin_here()
        return house

    def _begin_here(self) -> None:
        """A shared node has a past that is none of this test's business."""
        tip = self.on.chain.block(self.on.tip())
        assert tip is not None
        chains.note_tip(self.symbol, tip)
        self.started_at = tip.height

    def _follower(self, lease: ChainLease) -> Follower:
        return Follower(self.config, self.symbol, self.node, guard=lease.guard, hook=self.hook)

    @property
    def node(self) -> Chain:
        return self.on.chain

    # --- what the engine does ---

    def step(self, *, after: timedelta = POLL) -> Round:
        """One round, `after` the last one; the books must balance when it is over."""
        self.now += after
        done = self.follower.step(self.now)
        assert_books_balance()
        return done

    def failing_step(self) -> NodeError:
        """One round that the node breaks; what it said. The books must balance all the same."""
        self.now += POLL
        try:
            self.follower.step(self.now)
        except NodeError as error:
            assert_books_balance()
            return error
        raise AssertionError("the round went through")

    def settle(self, *, after: timedelta = POLL) -> Round:
        """Rounds until nothing moves; then chain and books must tell the same."""
        self.now += after
        for _ in range(ROUNDS_MAX):
            done = self.step()
            if not done.moved and not done.busy:
                assert_histories_verify()
                if done.well:
                    assert_chain_agrees(self)
                    if self.reconciles:
                        assert_reconciles(self)
                return done
        raise AssertionError(f"still moving after {ROUNDS_MAX} rounds")

    def restart(self) -> None:
        """The engine process is another one now, with nothing in memory."""
        self.follower = self._follower(self.lease)

    def take_over(self, holder: str) -> ChainLease:
        """Another engine takes the chain from this one, which does not know it; the old lease."""
        old, self.lease = self.lease, ChainLease(self.symbol, holder)
        self.lease.acquire(monotonic_s=0)
        assert self.lease.acquire(monotonic_s=1000)
        self.restart()
        return old

    # --- what clients do ---

    def client(self, name: str, *, blocked: bool = False) -> str:
        Client.insert(
            id=name, created_at=rfc3339(self.now), blocked=blocked
        ).on_conflict_ignore().execute()
        return name

    def request(self, name: str) -> PaymentView:
        """The client asks for an address, as the page does: it needs no node for that."""
        self.client(name)
        for _ in range(REFILLS_MAX):
            if address_pool.unused_count(self.symbol):
                break
            self.refill()
        view, _ = request_deposit(self.config, client=name, currency=self.symbol, now=self.now)
        return view

    def refill(self) -> None:
        """Unused addresses for the page, as the daemon makes them."""
        address_pool.refill(
            self.symbol,
            self.node,
            target=self.currency.address_pool,
            now=self.now,
            guard=self.lease.guard,
        )

    def address(self, name: str) -> str:
        return str(self.request(name).address)

    # --- what everybody sees ---

    def states(self, client: str | None = None) -> list[str]:
        return [payment.state for payment in self.deposits(client)]

    def paid(self, txid: str, index: int | None = None) -> Payment:
        """The deposit of one coin; `index` where its chain tx pays us several times."""
        rows = [row for row in self.deposits() if row.txid == txid]
        if index is not None:
            rows = [row for row in rows if row.idx == f"vout:{index}"]
        (payment,) = rows
        return payment

    def owed(self, client: str) -> int:
        """What we owe this client; below zero, what it owes us."""
        return -ledger.balance(ledger.client_account(client), self.symbol)

    @property
    def chain_row(self) -> ChainRow:
        return chains.state(self.symbol)

    def is_paused(self, *words: str) -> bool:
        """Whether the currency is paused for a reason that has all of `words` in it."""
        row = self.chain_row
        return row.state == "paused" and all(word in row.reason for word in words)


def events_of(payment: Payment) -> list[str]:
    """Every move of a payment, oldest first."""
    rows = History.select().where(History.payment == payment.id).order_by(History.seq)
    return [row.event for row in rows]


def rows_written() -> int:
    """How many history rows there are: a round that must change nothing leaves it alone."""
    return int(History.select().count())


def entries_of(payment: Payment) -> list[tuple[str, ...]]:
    """The accounts that each of a payment's entries touched, in order."""
    cursor = database.execute_sql(
        "SELECT entry.id, posting.account FROM entry JOIN posting ON posting.entry = entry.id"
        f" WHERE entry.payment = {database.param} ORDER BY entry.id, posting.line",
        [payment.id],
    )
    found: dict[int, list[str]] = {}
    for entry, account in cursor.fetchall():
        found.setdefault(entry, []).append(account)
    return [tuple(accounts) for accounts in found.values()]


def total(payments: Sequence[Payment]) -> int:
    return sum(int(payment.units or 0) for payment in payments)
