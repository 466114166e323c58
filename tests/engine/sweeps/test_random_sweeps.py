"""Whatever happens in whatever order, every coin is where books and node both say that it is."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from db.models import Payment
from tests.engine.sweeps.conftest import OpenSweeping
from tests.engine.sweeps.life import DEEP, ETHER, USDT, SweepingHouse
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import Contract, deploy

pytestmark = pytest.mark.node

STEPS = 25
CLIENTS = ("ann", "bob", "cid")
GWEI = 10**9


class Life:
    """A house under random hands; after each of them it settles, and its residuals are 0."""

    def __init__(self, house: SweepingHouse, token: Contract, seed: int) -> None:
        self.house = house
        self.token = token
        self.random = random.Random(seed)

    def live(self) -> None:
        hands: list[tuple[Callable[[], object], int]] = [
            (self.pay_in, 5),
            (self.pay_in_tokens, 5),
            (self.withdraw, 4),
            (self.withdraw_tokens, 4),
            (self.mine, 8),
            (self.reorg, 2),
            (self.forget, 1),
            (self.price, 1),
        ]
        for _ in range(STEPS):
            (act,) = self.random.choices([each for each, _ in hands], [w for _, w in hands])
            act()
            self.house.settle()
        self.house.node.mine(30)  # until blocks are cheap again
        self.house.mine(8 * DEEP)

    def pay_in(self) -> None:
        self.house.pay_in(self.random.choice(CLIENTS), self.random.randint(1, 3) * ETHER // 2)

    def pay_in_tokens(self) -> None:
        units = self.random.randint(1, 30) * USDT
        self.house.pay_in(self.random.choice(CLIENTS), units, self.token)

    def withdraw(self) -> None:
        self._withdraw("ETH")

    def withdraw_tokens(self) -> None:
        self._withdraw("USDT")

    def _withdraw(self, currency: str) -> None:
        name = self.random.choice(CLIENTS)
        owed = self.house.owed(name, currency)
        if owed > 1:
            self.house.withdraw(name, self.random.randint(1, owed), currency)

    def mine(self) -> None:
        self.house.node.mine(self.random.randint(1, 2))

    def reorg(self) -> None:
        self.house.node.reorg(self.random.randint(1, DEEP))

    def forget(self) -> None:
        self.house.restart()

    def price(self) -> None:
        self.house.node.set_next_base_fee(self.random.randint(1, 50) * GWEI)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_random_life_ends_with_everybody_paid(
    open_sweeping: OpenSweeping, own_anvil: Anvil, seed: int
) -> None:
    token = deploy(own_anvil, "Good")
    house = open_sweeping(on=own_anvil, tokens={"USDT": token}, finality=12, sweep={"above": "1"})
    house.fund(5 * ETHER)
    life = Life(house, token, seed)
    life.live()
    open_now = Payment.select().where(
        Payment.kind.in_(("withdrawal", "transfer"))
        & Payment.state.in_(("requested", "held", "pending", "confirmed"))
    )
    assert [(row.kind, row.purpose, row.state, row.reason) for row in open_now] == []
    for currency in ("ETH", "USDT"):
        clients = sum(house.owed(name, currency) for name in CLIENTS)
        wallets = house.on_books("wallet:hot", currency) + house.on_books(
            "wallet:deposits", currency
        )
        own = wallets - clients
        assert own >= 0
