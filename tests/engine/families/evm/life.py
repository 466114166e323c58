"""A house on a real EVM chain: ETH and two tokens, their addresses, their deposits.

After every step the books must balance; once settled, each address must hold what the rows say.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self, cast

from db.models import Client, Coin, Parked, Payment
from engine import address_pool, chains, installation, ledger
from engine.chain import BlockRef, ByBalance, Countable
from engine.clock import rfc3339
from engine.config import Config, load_config
from engine.counted import Counted
from engine.deposits.request import request_deposit
from engine.follower import Follower, Round
from engine.lease import ChainLease
from engine.moves.addresses import ensure_hot
from engine.ours import StoredOurs
from engine.queries import PaymentView
from engine.reconciliation.reconciler import Reconciler
from engine.reconciliation.standing import BreakView, SumView, open_breaks, sums
from engine.surplus import SURE_AFTER, SurplusWatch
from tests.engine.deposits.arrived import Arrived
from tests.engine.deposits.books import assert_books_balance, assert_histories_verify
from tests.engine.toml_text import SITE_SECRET, dump
from tests.nodes.anvil import Anvil
from tests.nodes.anvil_hands import AnvilHands, evm_tables, fresh_words
from tests.nodes.contracts import Contract

ETHER = 10**18
HONEST = frozenset({"unknown_arrival", "reorged", "negative_balance"})
START = datetime(2026, 11, 22, 12, tzinfo=UTC)
POLL = timedelta(seconds=2)
ROUNDS_MAX = 60


class _KeptOpen:
    """The house goes on with the chain when a comparison is over."""

    def __init__(self, counted: Counted) -> None:
        self._counted = counted

    def __getattr__(self, name: str) -> Any:
        return getattr(self._counted, name)

    def close(self) -> None:
        """Not by a comparison."""


def look_twice(watch: SurplusWatch, tip: BlockRef, now: datetime) -> int:
    """Both looks at a block, as two rounds make them; how many were found."""
    return watch.step(tip, now) + watch.step(tip, now + SURE_AFTER)


class EvmHouse(Arrived):
    """One installation on one chain. Amounts are units."""

    def __init__(self, config: Config, node: Anvil) -> None:
        self.config = config
        self.node = node
        self.now = START
        self.on = AnvilHands(node, config.currencies["ETH"], StoredOurs("ETH"))
        self.lease = ChainLease("ETH", "first engine")
        self.plain = True  # False where coins of the house itself come in
        self.reconciles = True  # False where a test makes the chain and the rows differ for good
        self._start()

    @classmethod
    def open(
        cls,
        folder: Path,
        url: str,
        node: Anvil,
        *,
        tokens: Mapping[str, Contract] | None = None,
        node_url: str = "",
        for_tokens: Mapping[str, object] | None = None,
        **keys: object,
    ) -> Self:
        """A house of ETH with `keys` and of `tokens`, each with `for_tokens`, on an open, migrated
        database."""
        contracts = {symbol: token.address for symbol, token in (tokens or {}).items()}
        own = {"mnemonic": fresh_words()}
        table: dict[str, Any] = {"confirmations": 3, "address_pool": 3, "keys": own, **keys}
        site = {"handshake": {"algorithm": "HS256", "secret": SITE_SECRET}}
        url_of_node = node_url or node.url()
        tables = evm_tables(url_of_node, contracts, for_tokens=for_tokens, **table)
        path = folder / "cashier.toml"
        document = {"cashier": {"database": url}, "site": site, "currency": tables}
        path.write_text(dump(document))
        house = cls(load_config(path, role="engine", environ={}), node)
        chains.ensure(house.config, house.now)
        installation.note_configuration(house.config, house.now)
        assert house.lease.acquire(monotonic_s=0)
        house.step()
        return house

    def _start(self) -> None:
        node = self.on.chain
        assert isinstance(node, ByBalance)
        self.counted_on = node
        self.follower = Follower(self.config, "ETH", node, guard=self.lease.guard)
        self.surplus = SurplusWatch(self.config, "ETH", node, guard=self.lease.guard)
        counted = Counted(node, "ETH", list(self.config.currencies))
        self.reconciler = Reconciler(
            self.config, "ETH", lambda: cast("Countable", _KeptOpen(counted))
        )

    def restart(self) -> None:
        """The engine process is another one now, with nothing in memory."""
        self.on.chain.close()
        self.on = AnvilHands(self.node, self.config.currencies["ETH"], StoredOurs("ETH"))
        self._start()

    def step(self) -> Round:
        self.now += POLL
        done = self.follower.step(self.now)
        if done.well and not done.busy:
            ensure_hot("ETH", self.counted_on.hot_address, guard=self.lease.guard, now=self.now)
            row = chains.state("ETH")
            look_twice(self.surplus, BlockRef(int(row.height), str(row.hash)), self.now)
        if self.plain:
            assert_books_balance()
        return done

    def settle(self) -> Round:
        """Rounds until nothing moves; then every address holds what our rows say."""
        for _ in range(ROUNDS_MAX):
            done = self.step()
            if not done.moved and not done.busy:
                assert_histories_verify()
                if done.well and self.reconciles:
                    self.assert_reconciles()
                return done
        raise AssertionError(f"still moving after {ROUNDS_MAX} rounds")

    def compare(self) -> list[BreakView]:
        """Hold node and books against each other now; the open breaks."""
        assert self.reconciler.run(self.lease, None, now=self.now, listing=True) == ""
        return list(open_breaks(self.config, list(self.config.currencies), self.now))

    def residuals(self) -> dict[str, int]:
        """What the node had more than the books explain when they were compared last."""
        return {each.currency: each.residual for each in self.sums()}

    def sums(self) -> tuple[SumView, ...]:
        return sums(self.config, list(self.config.currencies))

    def assert_reconciles(self) -> None:
        """The residual of every currency is exactly 0, and no break is open but those that an
        honest world brings."""
        strange = [each for each in self.compare() if each.kind not in HONEST]
        assert not strange, strange
        assert self.residuals() == dict.fromkeys(self.config.currencies, 0)
        assert {each.hash for each in self.sums()} == {self.node.tip()}

    def mine(self, count: int = 1) -> None:
        """Blocks come, and the house settles."""
        self.node.mine(count)
        self.settle()

    # --- clients ---

    def request(self, name: str, currency: str = "ETH") -> PaymentView:
        return self.asked(name, currency)[0]

    def asked(self, name: str, currency: str = "ETH") -> tuple[PaymentView, bool]:
        """What the page gets, and whether it is a new one."""
        Client.insert(id=name, created_at=rfc3339(self.now)).on_conflict_ignore().execute()
        address_pool.refill("ETH", self.on.chain, target=3, now=self.now, guard=self.lease.guard)
        return request_deposit(self.config, client=name, currency=currency, now=self.now)

    def address(self, name: str, currency: str = "ETH") -> str:
        return str(self.request(name, currency).address)

    # --- what everybody sees ---

    def owed(self, client: str, currency: str = "ETH") -> int:
        return -ledger.balance(ledger.client_account(client), currency)

    def suspense(self, payment: Payment) -> int:
        return -ledger.balance(ledger.suspense_account(payment.id), payment.currency)

    def wallet(self, currency: str = "ETH") -> int:
        return ledger.balance(ledger.WALLET_DEPOSITS, currency)

    def parked(self) -> dict[str, str]:
        return {row.key: row.reason for row in Parked.select()}

    def coins(self, currency: str = "ETH") -> dict[str, int]:
        """What the rows say that each address holds, in blocks."""
        found: dict[str, int] = {}
        rows = Coin.select().where((Coin.currency == currency) & ~Coin.height.is_null())
        for row in rows:
            found[row.address] = found.get(row.address, 0) + int(row.units)
        return found

    def is_paused(self, *words: str) -> bool:
        row = chains.state("ETH")
        return row.state == "paused" and all(word in row.reason for word in words)
