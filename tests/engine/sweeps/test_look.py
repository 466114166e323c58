"""What a look opens: few at first, nothing under a brake, tokens before the coin they need."""

from __future__ import annotations

import pytest

from engine import brakes, chains
from engine.chain import BlockRef
from tests.engine.sweeps.conftest import OpenSweeping
from tests.engine.sweeps.life import DEEP, ETHER, USDT
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import deploy

pytestmark = pytest.mark.node

ABOVE = {"sweep": {"above": "0.1"}}
TOKEN_ABOVE = {"sweep": {"above": "5"}}


def test_sweeps_widen_as_they_arrive(open_sweeping: OpenSweeping) -> None:
    house = open_sweeping(**ABOVE)
    house.fund()
    for name in ("ann", "bob", "cid", "dan", "eve", "fay", "gil"):
        house.pay_in(name, ETHER)
    opened = []
    for _ in range(5):
        house.mine()
        opened.append(len(house.moves()))
    assert opened == [0, 1, 3, 7, 7]


def test_no_top_up_goes_out_while_withdrawals_of_the_coin_are_paused(
    open_sweeping: OpenSweeping, anvil: Anvil
) -> None:
    token = deploy(anvil, "Good")
    house = open_sweeping(tokens={"USDT": token}, for_tokens=TOKEN_ABOVE)
    house.fund()
    brakes.put_on(currency="ETH", kind="withdrawal", reason="a look", staff="ann", now=house.now)
    house.pay_in("ann", 10 * USDT, token)
    house.mine(2 * DEEP)
    assert house.moves("gas") == []
    brakes.take_off(currency="ETH", kind="withdrawal")
    house.mine(3 * DEEP)
    assert house.states() == ["credited"]


def test_a_token_is_swept_before_the_coin_that_pays_for_it(
    open_sweeping: OpenSweeping, anvil: Anvil
) -> None:
    token = deploy(anvil, "Good")
    house = open_sweeping(tokens={"USDT": token}, for_tokens=TOKEN_ABOVE, **ABOVE)
    house.fund()
    address = house.pay_in("ann", 10 * USDT, token)
    house.pay_in("ann", ETHER)
    house.mine(4 * DEEP)
    assert [row.currency for row in house.moves()] == ["USDT", "ETH"]
    assert house.states() == ["credited", "credited"]
    assert house.moves("gas") == []
    assert house.node.balance(address) < ETHER // 1000


def test_a_look_with_nothing_due_asks_the_node_nothing(open_sweeping: OpenSweeping) -> None:
    house = open_sweeping(**ABOVE)
    house.fund()
    house.pay_in("ann", ETHER // 20)
    house.mine(DEEP)
    row = chains.state("ETH")
    before = house.payer.calls()
    tip = BlockRef(int(row.height) + 1, "0x" + "1" * 64)
    assert house.sweeper.step(tip, house.now) == 0
    assert house.payer.calls() == before
