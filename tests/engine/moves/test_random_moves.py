"""A seeded life of a house that moves its coins: after every step the books equal the chain."""

from __future__ import annotations

import random

import pytest

from db.models import Coin, History
from tests.engine.deposits.life import COIN
from tests.engine.moves.houses import OpenMoving, with_cold
from tests.engine.moves.life import MovingHouse
from tests.engine.moves.vaults import FEE, Vault
from tests.nodes.fake import FakeChain
from tests.nodes.harness import FakeHarness, Harness

TURNS = 60
DEPTH_MAX = 2


class Life:
    """What people do to the house, by the dice."""

    def __init__(
        self, house: MovingHouse, fake: FakeChain, cold: Vault, dice: random.Random
    ) -> None:
        self.house, self.fake, self.cold, self.dice = house, fake, cold, dice

    def turn(self) -> None:
        acts = [
            *[self.mine] * 5,
            *[self.top_up, self.deposit, self.withdraw] * 2,
            *[self.back, self.to_cold, self.reorg, self.replace, self.restart],
        ]
        self.dice.choice(acts)()
        self.house.step()
        if self.dice.random() < 0.4:
            self.house.settle()

    def units(self) -> int:
        return self.dice.randint(COIN, 5 * COIN)

    def mine(self) -> None:
        self.fake.mine(self.dice.randint(1, 3))

    def top_up(self) -> None:
        self.fake.pay(self.house.hot, self.units())

    def deposit(self) -> None:
        self.fake.pay(self.house.address(self.dice.choice(["ann", "bob"])), self.units())

    def to_cold(self) -> None:
        self.fake.pay(self.cold.address, self.units())

    def withdraw(self) -> None:
        client = self.dice.choice(["ann", "bob"])
        owed = self.house.owed(client)
        if owed > COIN:
            self.house.withdraw(client, self.dice.randint(COIN // 2, owed // 2), fee=1000)

    def back(self) -> None:
        """Some of a cold coin becomes hot; what is left stays cold."""
        rows = Coin.select().where((Coin.account == "wallet:cold") & Coin.spent_txid.is_null())
        coins = [row for row in rows if row.height is not None and int(row.units) > COIN]
        coins = [row for row in coins if not self.is_spent(row)]
        if coins:
            coin = self.dice.choice(coins)
            part = self.dice.randint(COIN // 4, int(coin.units) - COIN // 4)
            rest = int(coin.units) - part - FEE
            self.cold.spend(coin.txid, {self.house.hot: part, self.cold.address: rest})

    def is_spent(self, coin: Coin) -> bool:
        outpoint = f"{coin.txid}:{coin.idx.removeprefix('vout:')}"
        spenders = self.fake._spenders.get(outpoint, set())
        return any(txid in self.fake.mempool or txid in self.fake.mined for txid in spenders)

    def replace(self) -> None:
        """Whoever waits in the mempool pays more, or pays nobody."""
        foreign = [txid for txid in self.fake.mempool if not self.fake.txs[txid].own]
        children = {o.partition(":")[0] for t in self.fake.mempool for o in self.fake.txs[t].inputs}
        alone = [txid for txid in foreign if txid not in children]
        if alone:
            self.fake.bump(self.dice.choice(alone))

    def reorg(self) -> None:
        self.fake.reorg(self.dice.randint(1, DEPTH_MAX))

    def restart(self) -> None:
        self.house.restart()


@pytest.mark.parametrize("on", ["fake"], indirect=True)
@pytest.mark.parametrize(
    ("database_url", "seed"),
    [
        ("sqlite", 0),
        ("sqlite", 1),
        ("sqlite", 3),
        pytest.param("postgresql", 2, marks=pytest.mark.postgres),
        *(pytest.param("sqlite", seed, marks=pytest.mark.long) for seed in range(4, 16)),
        *(
            pytest.param("postgresql", seed, marks=[pytest.mark.long, pytest.mark.postgres])
            for seed in range(4)
        ),
    ],
    indirect=["database_url"],
)
def test_the_sum_holds_through_a_random_life(
    open_moving: OpenMoving, on: Harness, cold: Vault, seed: int
) -> None:
    assert isinstance(on, FakeHarness)
    house = with_cold(open_moving, cold, above="6", finality=10)
    house.fund(3 * COIN)
    life = Life(house, on.fake, cold, random.Random(seed))
    for _ in range(TURNS):
        life.turn()
    house.mine(12)
    events = {row.event for row in History.select(History.event).distinct()}
    assert {"sign", "send", "credit", "chain_fee"} <= events
