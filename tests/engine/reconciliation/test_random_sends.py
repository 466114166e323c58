"""A seeded life of an EVM chain that pays: payments, reorganisations, forgetful pools, dear blocks,
folding, restarts. Whenever nothing moves, the residual of every currency is exactly zero.
"""

from __future__ import annotations

import random

import pytest

from db.attempts import Outflow
from engine import ledger
from engine.folding import fold
from tests.engine.deposits.books import assert_histories_verify
from tests.engine.families.evm.life import ETHER
from tests.engine.sender.by_nonce.conftest import OpenDesk
from tests.engine.sender.by_nonce.desk import MILLION, EvmDesk
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import Contract, deploy

pytestmark = [
    pytest.mark.node,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]

ACTS = 30


class Life:
    """What may happen, each chosen by the seed."""

    def __init__(self, desk: EvmDesk, node: Anvil, token: Contract, seed: int) -> None:
        self.desk = desk
        self.node = node
        self.token = token
        self.random = random.Random(seed)
        self.folded = 0

    def live(self) -> None:
        acts = [
            *(self.pay, self.pay, self.pay_token, self.deposit, self.poison),
            *(self.mine, self.mine, self.mine, self.reorg, self.fold, self.desk.restart),
        ]
        for act in self.random.choices(acts, k=ACTS):
            act()
            if self.random.random() < 0.6:
                self.desk.settle()
                self.desk.assert_reconciles()

    def pay(self) -> None:
        self.desk.withdraw("ann", self.random.randrange(1, ETHER // 10), fee=1000)

    def pay_token(self) -> None:
        self.desk.withdraw("ann", self.random.randrange(1, MILLION), currency="USDT", fee=0)

    def poison(self) -> None:
        """Somebody is paid whose contract refuses it once the chain tx is out."""
        payment = self.desk.withdraw("ann", ETHER // 100, fee=ETHER // 1000)
        self.desk.settle()
        self.node.set_code(str(payment.address), "0xfe")

    def deposit(self) -> None:
        self.node.pay(self.desk.address("bob"), self.random.randrange(1, ETHER))

    def mine(self) -> None:
        if self.random.random() < 0.3:
            self.node.set_next_base_fee(self.random.randrange(1, 100) * 10**9)
        self.node.mine(self.random.randrange(1, 4))

    def reorg(self) -> None:
        self.node.reorg(self.random.randrange(1, 4))

    def fold(self) -> None:
        self.desk.settle()
        final = self.node.height() - self.desk.config.currencies["ETH"].finality + 1
        self.folded += fold("ETH", final, self.desk.lease.guard)


@pytest.mark.parametrize("seed", range(3))
def test_a_random_life_of_sends_reconciles_to_the_last_unit(
    open_evm: OpenDesk, own_anvil: Anvil, seed: int
) -> None:
    token = deploy(own_anvil, "Good")
    desk = open_evm(on=own_anvil, tokens={"USDT": token}, finality=5)
    own_anvil.mine(5)
    desk.fund_house(tokens={"USDT": token})
    desk.credit("ann", 20 * ETHER)
    desk.credit("ann", 40 * MILLION, token)
    desk.mine(4)  # no reorganisation reaches what the sends are paid of
    life = Life(desk, own_anvil, token, seed)
    life.live()
    for _ in range(40):
        desk.mine()
        desk.assert_reconciles()
        if all(row.final for row in desk.attempts()):
            break
    life.fold()
    desk.assert_reconciles()
    assert_histories_verify()
    assert life.folded
    assert not Outflow.select().where(Outflow.folded_height.is_null() & ~Outflow.height.is_null())
    assert desk.node.balance(desk.hot) == ledger.balance("wallet:hot", "ETH")
    assert token.read("balanceOf", desk.hot) == ledger.balance("wallet:hot", "USDT")
