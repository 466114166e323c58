"""Replies that are lost, cut, late, of others or lies, whatever was asked: one chain tx for each
withdrawal, and the node never heard any other bytes of its number (cases 59, 61, 62, 66, 70, 90).
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.errors import NodeError
from engine.sending import Payer
from tests.engine.families.evm.life import ETHER
from tests.engine.sender.by_nonce.behind import BREAKAGES, SEND, DeskBehind
from tests.engine.sender.by_nonce.desk import MILLION
from tests.engine.sender.by_nonce.truth import Truth
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import Contract, deploy
from tests.nodes.proxy import Proxy

FAULTS = 40
HITS_MIN = 25
SEEDS = [pytest.param(seed, marks=pytest.mark.long) for seed in range(40)]

pytestmark = pytest.mark.node


class Broken:
    """A funded house behind a proxy, whose faults a seed chooses."""

    def __init__(self, desk: DeskBehind, proxy: Proxy, token: Contract, truth: Truth) -> None:
        self.desk = desk
        self.proxy = proxy
        self.token = token
        self._truth = truth
        self.hits: dict[str, int] = defaultdict(int)

    def pay(self, units: int = ETHER // 10) -> None:
        self.desk.withdraw("ann", units, fee=0)

    def pay_token(self, units: int = MILLION) -> None:
        self.desk.withdraw("ann", units, currency="USDT", fee=0)

    def methods(self) -> list[str]:
        """Everything that is asked for while a payment of either kind goes all the way."""
        self.proxy.heard.clear()
        self.pay()
        self.pay_token()
        self.desk.settle()
        self.desk.mine(4)
        return sorted({str(each["method"]) for each in self.proxy.heard})

    def hit(self, how: str, method: str) -> None:
        """A round in which the next reply to `method` is broken, if it asks that."""
        self.proxy.break_next(BREAKAGES[how], method=method)
        self.desk.transport.hasty_at = method if how == "hung" else ""
        self.step(method)

    def step(self, method: str) -> None:
        """A round, in which the armed fault may hit."""
        before = self.proxy.broken
        try:
            self.desk.step()
        except NodeError:
            assert self.proxy.broken > before, "a round failed without a fault"
        self.hits[method] += self.proxy.broken - before

    def finish(self) -> None:
        """The node is well again, and in the end the chain and the books are asked."""
        self.proxy.mend()
        self.desk.settle()
        for _ in range(2):
            self.desk.mine(4)
        self._truth.assert_holds()
        self.desk.assert_reconciles()
        by_number: dict[tuple[str, int], set[str]] = defaultdict(set)
        for raw in self.sent():
            node = self.desk.on.chain
            assert isinstance(node, Payer)
            read = node.read(raw)
            by_number[read.send.source, read.nonce].add(raw)
        assert by_number
        assert {len(raws) for raws in by_number.values()} == {1}, "other bytes of one number"

    def sent(self) -> list[str]:
        """The bytes that reached the node, each time that they did."""
        return [str(each["params"][0]) for each in self.proxy.heard if each["method"] == SEND]


@pytest.fixture
def broken(database: str, anvil: Anvil, tmp_path: Path) -> Iterator[Broken]:
    proxy = Proxy(anvil.port)
    token = deploy(anvil, "Good")
    since = anvil.height()
    desk = DeskBehind.open(
        tmp_path,
        database,
        anvil,
        tokens={"USDT": token},
        node_url=anvil.url(port=proxy.port),
        finality=8,
    )
    desk.fund_house(tokens={"USDT": token})
    desk.credit("ann", 50 * ETHER)
    desk.credit("ann", 500 * MILLION, token)
    yield Broken(desk, proxy, token, Truth(anvil, {"USDT": token}, since=since))
    desk.on.chain.close()
    proxy.close()


on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.mark.parametrize("how", sorted(BREAKAGES))
@on_sqlite
def test_a_send_whose_reply_is_broken_reached_the_node_once(broken: Broken, how: str) -> None:
    """Cases 61, 62, 90: unknown is not failed, and nobody repeats it without having looked."""
    broken.pay()
    broken.pay_token()
    broken.proxy.heard.clear()
    broken.hit(how, SEND)
    assert broken.hits == {SEND: 1}
    broken.finish()
    assert len(broken.sent()) == len(set(broken.sent())) == 2


@pytest.mark.parametrize("seed", [61, *SEEDS])
@on_sqlite
def test_no_fault_of_any_reply_pays_twice_or_not_at_all(broken: Broken, seed: int) -> None:
    dice = random.Random(seed)
    methods = broken.methods()
    assert SEND in methods
    broken.proxy.heard.clear()
    for _ in range(FAULTS):
        dice.choice([broken.pay, broken.pay_token])()
        method = dice.choice([SEND, dice.choice(methods)])
        if dice.random() < 0.2:
            broken.proxy.lose_next(method=method)
            broken.step(method)
        else:
            broken.hit(_breakage(dice), method)
        _live_on(broken, dice)
    assert sum(broken.hits.values()) >= HITS_MIN, dict(broken.hits)
    assert broken.hits[SEND] >= HITS_MIN // 3
    broken.finish()


def _breakage(dice: random.Random) -> str:
    """Those that take their time are rare."""
    name = dice.choice(sorted(BREAKAGES))
    return dice.choice(["closed", name]) if name == "hung" else name


def _live_on(broken: Broken, dice: random.Random) -> None:
    """What may happen between two faults."""
    acts: list[Callable[[], object]] = [broken.desk.node.mine, broken.desk.node.mine, lambda: None]
    acts += [lambda: broken.step("again"), broken.desk.restart]
    dice.choice(acts)()
