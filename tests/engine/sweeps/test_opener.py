"""Sweeps wait while the network is dear, and no client's money pays for one."""

from __future__ import annotations

import pytest

from tests.engine.sweeps.conftest import OpenSweeping
from tests.engine.sweeps.life import DEEP, ETHER
from tests.nodes.anvil import Anvil

pytestmark = pytest.mark.node

GWEI = 10**9


def test_above_the_ceiling_nothing_is_opened_and_the_reason_is_told(
    open_sweeping: OpenSweeping, own_anvil: Anvil
) -> None:
    house = open_sweeping(on=own_anvil, sweep={"above": "0.1", "fee_max": "0.001"})
    house.fund()
    house.pay_in("ann", ETHER)
    house.node.mine()
    house.node.set_next_base_fee(500 * GWEI)
    house.mine()
    assert house.moves() == []
    assert "more than 0.001 ETH" in house.sweeper.reasons["ETH"]
    house.node.set_next_base_fee(GWEI)
    house.mine(2 * DEEP)
    assert house.states() == ["credited"]
    assert house.sweeper.reasons == {}


def test_a_sweep_that_the_price_passed_is_opened_anew(
    open_sweeping: OpenSweeping, own_anvil: Anvil
) -> None:
    house = open_sweeping(on=own_anvil, sweep={"above": "0.1"})
    house.fund()
    house.pay_in("ann", ETHER)
    house.sends = False
    house.mine(DEEP)
    house.node.set_next_base_fee(100 * GWEI)
    house.sends = True
    house.mine(3)
    first, second = house.moves()
    assert (first.state, first.attempt) == ("refused", None)
    assert int(second.units or 0) < int(first.units or 0)
    house.mine(DEEP)
    assert house.states() == ["refused", "credited"]


def test_own_funds_pay_or_nothing_is_swept(open_sweeping: OpenSweeping) -> None:
    house = open_sweeping(sweep={"above": "0.1"})
    house.pay_in("ann", ETHER)
    house.mine(2 * DEEP)
    assert house.moves() == []
    assert "of its own" in house.sweeper.reasons["ETH"]
    house.fund(ETHER // 100)
    house.mine(2 * DEEP)
    assert house.states() == ["credited"]
