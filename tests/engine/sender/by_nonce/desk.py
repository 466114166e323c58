"""A house on a real EVM chain that pays out: the sender beside the follower, clients with coins, a
hot address with the house's own, and the proof that each withdrawal was paid once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from db.attempts import Attempt
from db.models import Payment
from engine import chains, ledger
from engine.chain import BlockRef
from engine.errors import NodeError
from engine.follower import Round
from engine.lease import ChainLease
from engine.moves.addresses import ensure_hot, hot_address
from engine.sender.by_nonce.sender import NonceSender
from engine.sending import Payer
from tests.engine.deposits.books import assert_histories_verify
from tests.engine.families.evm.life import ETHER, POLL, ROUNDS_MAX, EvmHouse, look_twice
from tests.engine.sender.asking import Asking
from tests.nodes.contracts import Contract

FEE = ETHER // 100
MILLION = 1_000_000
STRANGER = "0x{:040x}"


class EvmDesk(Asking, EvmHouse):
    """A house with a sender. Amounts are units."""

    def _start(self) -> None:
        super()._start()
        self.plain = False  # sends are told apart from deposits by their own books
        self.paused: dict[str, str] = {}
        self.strangers = 0
        self.sender = self.make_sender(self.lease)

    def make_sender(self, lease: ChainLease) -> NonceSender:
        node = self.on.chain
        assert isinstance(node, Payer)
        return NonceSender(
            self.config,
            "ETH",
            node,
            guard=lease.guard,
            paused=lambda symbol: self.paused.get(symbol, ""),
            final_height=lambda: self.follower.final_height,
        )

    # --- what the engine does ---

    def step(self, *, after: timedelta = POLL) -> Round:
        """One round, as the chain's thread makes it."""
        self.now += after
        done = self.follower.step(self.now)
        if not done.well:
            return done
        ensure_hot("ETH", self.counted_on.hot_address, guard=self.lease.guard, now=self.now)
        tip = self.tip()
        moved = self.sender.follow(tip, self.now)
        if not done.busy:
            look_twice(self.surplus, tip, self.now)
        moved += self.sender.pay(tip, self.now)
        return Round(done.moved + moved, done.tip_height, well=True, busy=done.busy)

    def settle(self) -> Round:
        for _ in range(ROUNDS_MAX):
            done = self.step()
            if not done.moved and not done.busy:
                assert_histories_verify()
                return done
        raise AssertionError(f"still moving after {ROUNDS_MAX} rounds")

    def tip(self) -> BlockRef:
        """The block that was followed to."""
        row = chains.state("ETH")
        return BlockRef(int(row.height), str(row.hash))

    def take_over(self, holder: str) -> ChainLease:
        """Another engine takes the chain from this one, which does not know it; the old lease."""
        old, self.lease = self.lease, ChainLease("ETH", holder)
        self.lease.acquire(monotonic_s=0)
        assert self.lease.acquire(monotonic_s=1000)
        self.restart()
        return old

    def failing_step(self) -> NodeError:
        """One round that the node breaks; what it said."""
        try:
            self.step()
        except NodeError as error:
            return error
        raise AssertionError("the round went through")

    # --- the house and its clients ---

    @property
    def hot(self) -> str:
        address = hot_address("ETH")
        assert address is not None
        return address

    def fund_house(self, units: int = 10 * ETHER, tokens: Mapping[str, Contract] = {}) -> None:
        """Coins of the house's own on the hot address, and of its tokens."""
        self.node.pay(self.hot, units)
        for token in tokens.values():
            token.send("transfer", self.hot, 1000 * MILLION)
        self.mine(3)

    def credit(self, name: str, units: int, token: Contract | None = None) -> None:
        """The client pays in; the coins stay on the client's address."""
        symbol = "ETH" if token is None else "USDT"
        address = self.address(name, symbol)
        if token is None:
            self.node.pay(address, units)
        else:
            token.send("transfer", address, units)
        self.mine(3)

    def stranger(self) -> str:
        """An address that nobody used before."""
        self.strangers += 1
        seed = int(self.hot, 16) ^ (self.strangers << 100)
        return self.checked(f"0x{seed:040x}")

    def checked(self, address: str) -> str:
        node = self.on.chain
        assert isinstance(node, Payer)
        found = node.recipient(address)
        assert found is not None
        return found.address

    def withdraw(
        self, name: str, units: int, *, to: str | None = None, currency: str = "ETH", fee: int = FEE
    ) -> Payment:
        """The client asks, and is debited; released at once."""
        address = to or self.stranger()
        return self.ask(name, units, currency, address=address, fee=fee)

    # --- what everybody sees ---

    def attempts(self) -> list[Attempt]:
        """Every attempt, in the order of their numbers."""
        return list(Attempt.select().order_by(Attempt.nonce, Attempt.number))

    def attempt(self) -> Attempt:
        """The one attempt that there must be."""
        (row,) = self.attempts()
        return row

    def replace_unknown(self) -> None:
        """Pay the only attempt by a dearer one that no row knows, as an older copy has them."""
        node = self.on.chain
        assert isinstance(node, Payer)
        read = node.read(self.attempt().signed)
        offer = replace(read.offer, fee_cap=2 * read.offer.fee_cap, tip_cap=2 * read.offer.tip_cap)
        node.send(node.sign(read.send, nonce=read.nonce, offer=offer).raw)

    def account(self, name: str, currency: str = "ETH") -> int:
        return ledger.balance(name, currency)

    def assert_paid_once(self, *payments: Payment) -> None:
        """Strangers' addresses, which nobody else pays, have just these amounts."""
        for payment in payments:
            assert self.node.balance(str(payment.address)) == payment.units, payment.id
