"""A house that moves its own coins: follower, mover and sender take turns, and after every step the
books equal the chain."""

from __future__ import annotations

from datetime import timedelta

from db.connection import database
from db.models import Coin, History, Payment
from engine import chronicle, ledger
from engine.approvals.funds import adjustments_of
from engine.audit.database import verify_database
from engine.chain import BlockRef
from engine.families import open_chain
from engine.follower import Round
from engine.lifecycle import Batch
from engine.moves.addresses import hot_address
from engine.moves.mover import Mover
from engine.sender.sender import Sender
from tests.engine.deposits.life import COIN, POLL, House
from tests.engine.reconciliation.against import breaks, reconcile
from tests.engine.sender.asking import Asking
from tests.nodes.harness import LitecoindHarness

ROUNDS_MAX = 30

# What an honest world may bring about: shown to people, but no unit is missing or too many.
HONEST = frozenset({"unknown_arrival", "reorged", "negative_balance", "own_funds_negative"})


class MovingHouse(Asking, House):
    """`step` is a round of the whole engine."""

    def __init__(self, *args: object, **keys: object) -> None:
        super().__init__(*args, **keys)  # type: ignore[arg-type]  # as House has them
        if isinstance(self.on, LitecoindHarness):
            self.on.chain.close()
            # With the cold address in its currency, or it would not ask for watched coins.
            self.on.chain = open_chain(self.currency, self.on.node.url())
        self.restart()

    def restart(self) -> None:
        super().restart()
        self.mover = Mover(self.config, self.symbol, self.node, guard=self.lease.guard)
        self.sender = Sender(self.config, self.symbol, self.node, guard=self.lease.guard)

    def step(self, *, after: timedelta = POLL) -> Round:
        done = self._round(after)
        if done.well:
            self.assert_balanced()
        return done

    def rounds(self, count: int) -> None:
        """So many rounds, after each of which the books may look as they like."""
        for _ in range(count):
            self._round(timedelta(seconds=40))

    def _round(self, after: timedelta) -> Round:
        self.now += after
        done = self.follower.step(self.now)
        moved = done.moved
        if done.well:
            row = self.chain_row
            tip = BlockRef(int(row.height), str(row.hash))
            moved += self.mover.step(tip, self.now)
            moved += self.sender.step(tip, self.now)
        return Round(moved, done.tip_height, done.well, done.busy)

    def settle(self, *, after: timedelta = timedelta(seconds=40)) -> Round:
        """Rounds until nothing moves; at first long enough after the last for everything."""
        done = self.step(after=after)
        for _ in range(ROUNDS_MAX):
            if not done.moved and not done.busy:
                report = verify_database()
                assert report.ok, [str(problem) for problem in report.problems]
                return done
            done = self.step()
        raise AssertionError(f"still moving after {ROUNDS_MAX} rounds")

    def mine(self, count: int = 1) -> Round:
        """Blocks one by one, each followed to the end."""
        done = Round()
        for _ in range(count):
            self.on.mine()
            done = self.settle()
        return done

    def assert_balanced(self) -> None:
        """The residual is exactly 0, and every break is one that an honest world brings."""
        found, opened = reconcile(self)
        assert found.residual == 0, (found, opened)
        strange = [each for each in breaks(self) if each.kind not in HONEST]
        assert not strange, strange

    @property
    def hot(self) -> str:
        found = hot_address(self.symbol)
        assert found is not None
        return found

    def balance(self, account: str) -> int:
        """As people see it: assets and all others positive."""
        units = ledger.balance(account, self.symbol)
        return units if account.startswith("wallet:") else -units

    def fund(self, units: int = 10 * COIN) -> None:
        """The house's own coins, topped up and booked."""
        self.settle()
        self.on.pay(self.hot, units)
        self.mine(3)

    def withdraw(self, client: str, units: int, fee: int = 0) -> Payment:
        """The client asks, as the page does, and nothing stands against it."""
        return self.ask(client, units, self.symbol, address=self.on.stranger(), fee=fee)

    def forge_transfer(self, address: str, units: int) -> Payment:
        """What somebody who can write into the database would try."""
        with Batch(self.config, actor="engine", now=self.now) as batch:
            return batch.open(
                kind="transfer",
                client=None,
                currency=self.symbol,
                chain=self.symbol,
                address=address,
                units=units,
                required=1,
                asked_by="engine",
                evidence={"address": address, "fee_units": "0"},
            )

    def forge_refund(self, deposit: Payment, address: str) -> Payment:
        """A withdrawal that says it gives back a deposit for which nobody signed."""
        units = int(deposit.units or 0)
        with Batch(self.config, actor="engine", now=self.now) as batch:
            return batch.open(
                kind="withdrawal",
                client=None,
                currency=self.symbol,
                chain=self.symbol,
                address=address,
                units=units - 1000,
                fee_units=1000,
                required=1,
                refund_of=deposit.id,
                evidence={"address": address, "fee_units": "1000"},
            )

    def forge_adjustment(self, client: str, units: int) -> None:
        """An entry in a client's favour, with a history row that verifies and nobody's name."""
        lines = (
            ledger.Line(ledger.client_account(client), self.symbol, -units),
            ledger.Line(ledger.HOUSE, self.symbol, units),
        )
        with database.atomic():
            chronicle.write(
                adjustments_of(client, self.symbol),
                "adjust",
                to="adjusted",
                actor="staff:ann",
                reason="",
                evidence={},
                now=self.now,
                entry=ledger.NewEntry("adjust", lines),
            )


def moves(kind: str = "transfer") -> list[Payment]:
    """Payments of this kind, oldest first."""
    return list(Payment.select().where(Payment.kind == kind).order_by(Payment.first_seq))


def events(payment: Payment) -> list[str]:
    rows = History.select().where(History.payment == payment.id).order_by(History.seq)
    return [row.event for row in rows]


def coins_on(account: str) -> list[int]:
    """Units of the unspent coins on a wallet account, in order."""
    rows = Coin.select().where(
        (Coin.account == account) & Coin.spent_txid.is_null() & ~Coin.height.is_null()
    )
    return sorted(int(row.units) for row in rows)
