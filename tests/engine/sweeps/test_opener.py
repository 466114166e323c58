"""Sweeps wait while the network is dear, and no client's money pays for one."""

from __future__ import annotations

import pytest

from engine.sweeps import reasons
from engine.sweeps.opener import TOP_UPS_MAX
from engine.sweeps.sweeper import PATIENCE
from tests.engine.sweeps.conftest import OpenSweeping
from tests.engine.sweeps.life import DEEP, ETHER, USDT
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import deploy

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
    (said,) = reasons.waiting().values()
    assert "more than 0.001 ETH" in said
    house.node.set_next_base_fee(GWEI)
    house.mine(2 * DEEP)
    assert house.states() == ["credited"]
    assert reasons.waiting() == {}


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
    """Case 74."""
    house = open_sweeping(sweep={"above": "0.1"})
    house.pay_in("ann", ETHER)
    house.mine(2 * DEEP)
    assert house.moves() == []
    assert "of its own" in house.sweeper.reasons["ETH"]
    house.fund(ETHER // 100)
    house.mine(2 * DEEP)
    assert house.states() == ["credited"]


def test_an_address_that_swallows_top_ups_is_left_alone_and_named(
    open_sweeping: OpenSweeping, own_anvil: Anvil
) -> None:
    token = deploy(own_anvil, "Good")
    house = open_sweeping(
        on=own_anvil, tokens={"USDT": token}, for_tokens={"sweep": {"above": "1"}}
    )
    house.fund()
    address = house.pay_in("ann", 10 * USDT, token)
    house.mine(DEEP)
    for gwei in (8, 64, 512):
        house.mine()
        house.node.set_next_base_fee(gwei * GWEI)
        house.mine()
    assert house.states("gas") == ["credited"] * TOP_UPS_MAX
    assert house.moves() == []
    ((key, reason),) = house.parked().items()
    assert address in key
    assert "3 top-ups" in reason


def test_a_sweep_that_no_block_takes_does_not_stop_the_others(
    open_sweeping: OpenSweeping, own_anvil: Anvil
) -> None:
    house = open_sweeping(on=own_anvil, sweep={"above": "0.1"})
    house.fund()
    house.pay_in("ann", 2 * ETHER)
    house.pay_in("bob", ETHER)
    house.mine(DEEP)
    for _ in range(PATIENCE + 1):
        house.node.set_next_base_fee(50 * GWEI)
        house.mine()
    first, second = house.moves()
    assert (first.block_hash, second.block_hash is not None) == (None, True)
