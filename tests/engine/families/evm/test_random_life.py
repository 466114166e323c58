"""A seeded life on a real node: payments of every kind, reorganisations, restarts, long absences.

Whenever nothing moves, the residual of every currency is exactly zero; in the end each client is
owed, or has held, exactly what lies at its address.
"""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.engine.deposits.life import events_of
from tests.engine.families.evm.conftest import OpenHouse
from tests.engine.families.evm.life import ETHER, EvmHouse
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import Contract, deploy

pytestmark = pytest.mark.node

CLIENTS = ("ann", "bob", "cyd")
ACTS = 40


class Life:
    """What may happen, each chosen by the seed."""

    def __init__(self, house: EvmHouse, node: Anvil, seed: int, contracts: list[Contract]) -> None:
        self.house = house
        self.node = node
        self.random = random.Random(seed)
        self.good, self.fee, self.splitter = contracts
        self.reorgs = 0

    def live(self) -> None:
        acts: list[Callable[[], object]] = [
            *(self.pay, self.pay, self.token, self.fee_token, self.split, self.blow),
            *(self.mine, self.mine, self.mine, self.reorg, self.house.step, self.house.restart),
        ]
        for act in [*self.random.choices(acts, k=ACTS), self.reorg]:
            act()
        self.house.settle()
        for _ in range(4):
            self.house.mine()

    def address(self) -> str:
        name = self.random.choice(CLIENTS)
        return self.house.address(name, self.random.choice(("ETH", "USDT", "FEE")))

    def pay(self) -> None:
        self.node.pay(self.address(), self.random.randrange(1, ETHER))

    def token(self) -> None:
        self.good.send("transfer", self.address(), self.random.randrange(1, 10**6), gas=200_000)

    def fee_token(self) -> None:
        self.fee.send("transfer", self.address(), self.random.randrange(1, 10**6), gas=200_000)

    def split(self) -> None:
        to = [self.address() for _ in range(self.random.randrange(1, 4))]
        wei = len(to) * self.random.randrange(1, ETHER)
        self.splitter.send("pay", to, wei=wei, gas=500_000)

    def blow(self) -> None:
        wei = self.random.randrange(1, ETHER)
        self.splitter.send("tryInner", self.address(), wei=wei, gas=500_000)

    def mine(self) -> None:
        self.node.mine(self.random.randrange(1, 4))
        if self.random.random() < 0.7:
            self.house.settle()

    def reorg(self) -> None:
        depth = self.random.randrange(1, 4)
        self.node.reorg(depth)
        self.reorgs += 1
        if self.random.random() < 0.7:
            self.house.settle()


@pytest.mark.parametrize("seed", range(3))
def test_a_random_life_ends_with_exactly_what_lies_at_each_address(
    open_house: OpenHouse, own_anvil: Anvil, seed: int
) -> None:
    contracts = [deploy(own_anvil, name) for name in ("Good", "FeeToken", "Splitter")]
    tokens = {"USDT": contracts[0], "FEE": contracts[1]}
    house = open_house(on=own_anvil, tokens=tokens)
    own_anvil.mine(5)
    house.settle()
    life = Life(house, own_anvil, seed, contracts)
    life.live()
    assert life.reorgs
    for name in CLIENTS:
        address = house.address(name)
        held = dict.fromkeys(("ETH", *tokens), 0)
        for payment in house.deposits(name):
            assert payment.state in {"credited", "held", "vanished"}
            assert events_of(payment).count("credit") <= 1
            held[payment.currency] += house.suspense(payment)
        assert house.owed(name) + held["ETH"] == own_anvil.balance(address)
        for symbol, token in tokens.items():
            there = token.read("balanceOf", address)
            assert house.owed(name, symbol) + held[symbol] == there
    assert house.deposits()
