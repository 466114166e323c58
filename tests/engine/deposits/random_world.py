"""A random life on the chain in memory, and what must have become of every coin in the end.

The oracle knows the chain and the order of what happened, and none of the engine's rules: it is
written from the promises alone.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from db.models import Address, History
from engine.errors import LeaseLost, NodeDown, NodeError
from engine.recount import Recount
from tests.engine.deposits.books import assert_books_balance
from tests.engine.deposits.life import COIN, House
from tests.nodes.fake import FakeChain

CLIENTS = ("ann", "bob", "cy")
MINIMUM = 10_000
DEPTH_MAX = 5


class Life:
    """One seeded life of a house. `log` tells what happened, for the failure message."""

    def __init__(self, house: House, fake: FakeChain, seed: int) -> None:
        self.house = house
        self.fake = fake
        self.dice = random.Random(seed)
        self.log: list[str] = []
        self.given: dict[str, str] = {}
        self.faults = 0

    def live(self, turns: int) -> None:
        """So many things happen, each followed by rounds of the engine or by none."""
        acts: list[tuple[int, Callable[[], None]]] = [
            (8, self.pay),
            (3, self.ask),
            (3, self.pay_several),
            (8, self.mine),
            (3, self.mine_some),
            (4, self.reorg),
            (3, self.bump),
            (3, self.double_spend),
            (3, self.betray),
            (2, self.drop),
            (1, self.coinbase),
            (3, self.time_passes),
            (2, self.restart),
            (3, self.fault),
            (2, self.sick),
            (1, self.takeover),
            (2, self.recount),
        ]
        weights = [weight for weight, _ in acts]
        for _ in range(turns):
            (_, act) = self.dice.choices(acts, weights)[0]
            act()
            self.log.append(act.__name__)
            for _ in range(self.dice.choice((0, 1, 1, 2))):
                self.house.step()

    def end(self) -> None:
        """Everything is well again and deep enough to be decided, and the engine has caught up."""
        self.fake.down, self.fake.syncing, self.fake.lag, self.fake.peers = "", False, 0, 8
        self.fake.fault = None
        self.fake.mine(105)
        self.house.settle(after=timedelta(minutes=15))
        self.house.settle(after=timedelta(minutes=15))

    # --- what happens ---

    def pay(self) -> None:
        self.fake.pay(self._address(), self._units())

    def ask(self) -> None:
        self._address()

    def pay_several(self) -> None:
        outputs = [(self._address(), self._units()) for _ in range(self.dice.randint(2, 4))]
        self.fake.pay(outputs)

    def mine(self) -> None:
        some = [txid for txid in self.fake.mempool if self.dice.random() < 0.8]
        self.fake.mine(txids=some)

    def mine_some(self) -> None:
        self.fake.mine(self.dice.randint(1, 4))

    def reorg(self) -> None:
        depth = min(self.dice.randint(1, DEPTH_MAX), len(self.fake.active) - 6)
        if depth < 1:
            return
        self.fake.disconnect(depth)
        again: list[str] = []
        for txid in self.fake.mempool:
            if self.dice.random() < 0.5 and not self.fake.rivals(txid) & set(again):
                again.append(txid)
        self.fake.mine(depth + self.dice.randint(0, 2), txids=again)

    def bump(self) -> None:
        if paid := self._some(self.fake.mempool):
            outputs = self.fake.txs[paid].outputs
            cut = self.dice.random() < 0.5
            self.fake.replace(paid, [(to, units // 2 if cut else units) for to, units in outputs])

    def double_spend(self) -> None:
        if paid := self._some(self.fake.mempool):
            self.fake.mine(txids=[self.fake.double_spend(paid)])

    def betray(self) -> None:
        """A reorganisation that spends a mined coin otherwise; sometimes it does not last."""
        tops = self.fake.active[-DEPTH_MAX:]
        mined = [txid for txid, block in self.fake.mined.items() if block in tops]
        paid = self._some([txid for txid in mined if not self.fake.txs[txid].coinbase])
        if paid is None:
            return
        height = self.fake.blocks[self.fake.mined[paid]].height
        branch = [self.fake.blocks[known] for known in self.fake.active[height:]]
        self.fake.reorg(len(branch), first=[self.fake.double_spend(paid)])
        if self.dice.random() < 0.5:
            self.fake.mine(self.dice.randint(1, 3))
            self.house.step()
        if self.dice.random() < 0.4:
            self.fake.reactivate(branch)
            self.fake.mine(4)

    def drop(self) -> None:
        if paid := self._some(self.fake.mempool):
            self.fake.drop(paid)

    def coinbase(self) -> None:
        self.fake.coinbase(self._address())

    def time_passes(self) -> None:
        self.house.now += timedelta(hours=self.dice.choice((1, 30, 400)))

    def restart(self) -> None:
        self.house.restart()

    def fault(self) -> None:
        self.fake.fail(NodeDown("a cut reply"), after=self.dice.randint(0, 12))
        hit = self.fake.faults_hit
        try:
            self.house.step()
        except NodeError:
            self.faults += 1
        self.fake.fault = None
        assert self.fake.faults_hit - hit in {0, 1}

    def sick(self) -> None:
        how = self.dice.choice(("syncing", "peers", "lag", "down"))
        if how == "syncing":
            self.fake.syncing = True
        elif how == "peers":
            self.fake.peers = 0
        elif how == "lag":
            self.fake.lag = self.dice.randint(1, 3)
        else:
            self.fake.down = "stopped"
        for _ in range(self.dice.randint(1, 3)):
            self.dice.choice((self.pay, self.mine))()
            if how == "down":
                self.house.failing_step()
            else:
                self.house.step()
        self.fake.down, self.fake.syncing, self.fake.lag, self.fake.peers = "", False, 0, 8

    def takeover(self) -> None:
        old_follower = self.house.follower
        self.house.take_over(f"engine {len(self.log)}")
        self.pay()
        self.mine()
        try:
            old_follower.step(self.house.now)
        except LeaseLost:
            return
        raise AssertionError("an engine without its lease wrote")

    def recount(self) -> None:
        Recount(self.house.config, "LTC", lambda: self.fake).run(self.house.lease, None)
        assert_books_balance()

    # --- choices ---

    def _some(self, txids: list[str]) -> str | None:
        return self.dice.choice(txids) if txids else None

    def _units(self) -> int:
        return self.dice.choice((COIN, 3 * COIN, MINIMUM - 1, 5 * COIN + 7))

    def _address(self) -> str:
        if self.given and self.dice.random() < 0.3:
            return self.dice.choice(sorted(self.given))
        name = self.dice.choice(CLIENTS)
        try:
            address = self.house.address(name)
        except NodeDown:  # the pool is empty, and the node that would fill it is down
            return self.fake.address()
        self.given[address] = name
        return address


def judge(life: Life) -> list[str]:
    """What is wrong in the end, judged from the chain and the promises alone."""
    payments = {(row.txid, row.idx): row for row in life.house.deposits()}
    reversed_once = {
        row.client for row in History.select().where(History.event == "reverse") if row.client
    }
    coins = coins_of(life.fake, life.given)
    wrong = [f"{key} paid nobody's coin" for key in payments if key not in coins]
    for key, coin in coins.items():
        payment = payments.get(key)
        allowed = ends_of(coin, reversed_once)
        found = "unseen" if payment is None else str(payment.state)
        if found not in allowed:
            wrong.append(f"{coin} is {found}, not one of {sorted(allowed)}")
        elif payment is not None and (payment.units, payment.client) != (coin.units, coin.owner):
            wrong.append(f"{coin} is booked as {payment.units} of {payment.client}")
    return wrong


@dataclass(frozen=True)
class TrueCoin:
    """A coin that paid us, as the chain has it in the end."""

    txid: str
    index: str
    address: str
    owner: str | None
    units: int
    height: int | None  # None outside of the chain
    lowest: int  # the lowest height, on any branch, at which it ever was in a block
    killed: bool  # whether the chain holds what makes it impossible


def coins_of(fake: FakeChain, given: dict[str, str]) -> dict[tuple[str, str], TrueCoin]:
    """Every coin that ever paid us and that anybody saw, by identity."""
    coins = {}
    for txid, chain_tx in fake.txs.items():
        block = fake.mined.get(txid)
        height = None if block is None else fake.blocks[block].height
        places = [fake.blocks[known].height for known, body in fake.bodies.items() if txid in body]
        lowest = min(places, default=0)
        orphaned = chain_tx.coinbase and block is None
        killed = block is None and (orphaned or bool(fake.killers(txid)))
        for at, (address, units) in enumerate(chain_tx.outputs):
            if address in fake.ours and txid in fake.seen:
                owner = given.get(address)
                coins[txid, f"vout:{at}"] = TrueCoin(
                    txid, f"vout:{at}", address, owner, units, height, lowest, killed
                )
    return coins


def ends_of(coin: TrueCoin, reversed_once: set[str]) -> set[str]:
    """The states in which this coin may be, by the promises of the lifecycle."""
    if coin.killed:
        return {"unseen", "vanished", "reversed"}
    if coin.height is None:
        # Forgotten by every mempool, proved by nothing: what was credited before stays credited.
        return {"unseen", "pending", "vanished", "credited", "held", "reversed"}
    if coin.units < MINIMUM or coin.owner is None:
        return {"held"}
    issued_at = Address.get(Address.address == coin.address).created_height
    if coin.owner in reversed_once or coin.lowest < issued_at:
        return {"credited", "held"}
    return {"credited"}
