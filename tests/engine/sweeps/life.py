"""A house on an EVM chain that sweeps: follower, sender, sweeper and the look at balances take
turns as in the engine's thread. After it settled, books and node say the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from db.models import History, Payment
from engine import chains, installation, ledger
from engine.brakes import braked
from engine.chain import BlockRef
from engine.config import load_config
from engine.follower import Round
from engine.moves.addresses import ensure_hot
from engine.moves.nonce_mover import NonceMover
from engine.sender.by_nonce.sender import NonceSender
from engine.sending import Payer
from engine.sweeps.sweeper import Sweeper
from tests.engine.approvals.people import People
from tests.engine.families.evm.life import POLL, EvmHouse, look_twice
from tests.engine.sender.asking import Asking
from tests.engine.toml_text import SITE_SECRET, dump
from tests.nodes.anvil import Anvil
from tests.nodes.anvil_hands import evm_tables, fresh_words
from tests.nodes.contracts import Contract

ETHER = 10**18
USDT = 10**6
DEEP = 2  # confirmations in these houses


class SweepingHouse(Asking, EvmHouse):
    """Amounts are units. `sends` off, and nothing that is opened is paid."""

    @classmethod
    def founded(
        cls,
        folder: Path,
        url: str,
        node: Anvil,
        *,
        tokens: Mapping[str, Contract] | None = None,
        for_tokens: Mapping[str, object] | None = None,
        **keys: object,
    ) -> Self:
        """A house of ETH with `keys` and of `tokens`, each with `for_tokens`."""
        contracts = {symbol: token.address for symbol, token in (tokens or {}).items()}
        table: dict[str, Any] = {
            "confirmations": DEEP,
            "finality": 8,
            "address_pool": 3,
            "keys": {"mnemonic": fresh_words()},
            **keys,
        }
        tables = evm_tables(node.url(), contracts, **table)
        for symbol in contracts:
            own = tables[symbol]
            assert isinstance(own, dict)
            own.update({"confirmations": DEEP, **(for_tokens or {})})
        site = {"handshake": {"algorithm": "HS256", "secret": SITE_SECRET}}
        path = folder / "cashier.toml"
        path.write_text(dump({"cashier": {"database": url}, "site": site, "currency": tables}))
        house = cls(load_config(path, role="engine", environ={}), node)
        house.plain = False
        chains.ensure(house.config, house.now)
        installation.note_configuration(house.config, house.now)
        assert house.lease.acquire(monotonic_s=0)
        house.step()
        return house

    def _start(self) -> None:
        super()._start()
        node = self.on.chain
        assert isinstance(node, Payer)
        self.payer: Payer = node
        self.hot = node.hot_address().address
        self.sends = getattr(self, "sends", True)
        self.sender = NonceSender(self.config, "ETH", node, guard=self.lease.guard, paused=_paused)
        self.mover = NonceMover(self.config, "ETH", node, guard=self.lease.guard)

    def step(self) -> Round:
        self.now += POLL
        done = self.follower.step(self.now)
        moved = done.moved
        if done.well and not done.busy:
            ensure_hot("ETH", self.payer.hot_address, guard=self.lease.guard, now=self.now)
            row = chains.state("ETH")
            tip = BlockRef(int(row.height), str(row.hash))
            moved += self.sender.follow(tip, self.now)
            moved += look_twice(self.surplus, tip, self.now)
            moved += self.mover.step(tip, self.now)
            moved += self.sender.pay(tip, self.now) if self.sends else 0
        return Round(moved, done.tip_height, done.well, done.busy)

    def mine(self, count: int = 1) -> None:
        """Blocks one by one, each followed to the end."""
        for _ in range(count):
            self.node.mine()
            self.settle()

    # --- what people do ---

    def fund(self, wei: int = ETHER) -> None:
        """The house's own coins."""
        self.node.pay(self.hot, wei)
        self.mine(DEEP)

    def pay_in(self, client: str, units: int, token: Contract | None = None) -> str:
        """A client pays in, and nobody waited for a block yet; the address."""
        address = self.address(client)
        if token is None:
            self.node.pay(address, units)
        else:
            token.send("transfer", address, units)
        return address

    def withdraw(self, client: str, units: int, currency: str = "ETH") -> Payment:
        """The client asks, is debited, and nothing stands against it."""
        address = self.node.stranger(3)
        return self.ask(client, units, currency, address=address, fee=0)

    def forget(self) -> None:
        """The mover is another one, which remembers nothing."""
        self.mover = NonceMover(self.config, "ETH", self.payer, guard=self.lease.guard)

    @property
    def sweeper(self) -> Sweeper:
        return self.mover.sweeper

    def join(self, people: People) -> None:
        """The house gets its staff."""
        self.config = people.join(self.config)
        self._start()

    def token(self, symbol: str) -> Contract:
        return Contract(self.node, "Good", str(self.config.currencies[symbol].token))

    # --- what everybody sees ---

    @staticmethod
    def row(payment: Payment) -> Payment:
        """As it is now."""
        found: Payment = Payment.get_by_id(payment.id)
        return found

    @staticmethod
    def transfers() -> list[Payment]:
        """Every move of the house's own coins, oldest first."""
        rows = Payment.select().where(Payment.kind == "transfer")
        return list(rows.order_by(Payment.first_seq))

    def moves(self, purpose: str = "sweep", currency: str | None = None) -> list[Payment]:
        """Sweeps or top-ups, oldest first."""
        rows = Payment.select().where(Payment.purpose == purpose)
        if currency is not None:
            rows = rows.where(Payment.currency == currency)
        return list(rows.order_by(Payment.first_seq))

    def states(self, purpose: str = "sweep") -> list[str]:
        return [str(row.state) for row in self.moves(purpose)]

    def on_books(self, account: str, currency: str = "ETH") -> int:
        """As people see it: assets and all others positive."""
        units = ledger.balance(account, currency)
        return units if account.startswith("wallet:") else -units


def events(payment: Payment) -> list[str]:
    """What happened to it."""
    rows = History.select().where(History.payment == payment.id).order_by(History.seq)
    return [row.event for row in rows]


def _paused(currency: str) -> str:
    brake = braked("withdrawal").get(currency)
    return "" if brake is None else f"paused by staff: {brake.reason}"
