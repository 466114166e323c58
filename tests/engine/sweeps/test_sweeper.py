"""What clients paid in goes to the hot address, and the books follow it to the last unit."""

from __future__ import annotations

import pytest

from tests.engine.sweeps.conftest import OpenSweeping
from tests.engine.sweeps.life import DEEP, ETHER, USDT, events
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import deploy

pytestmark = pytest.mark.node

ABOVE = {"sweep": {"above": "0.1"}}


def test_what_is_above_the_threshold_is_swept(open_sweeping: OpenSweeping) -> None:
    house = open_sweeping(**ABOVE)
    house.fund()
    address = house.pay_in("ann", ETHER)
    small = house.pay_in("bob", ETHER // 10)
    house.mine(2 * DEEP)
    (sweep,) = house.moves()
    assert (sweep.state, sweep.source, sweep.address) == ("credited", address, house.hot)
    assert (sweep.asked_by, sweep.client, sweep.purpose) == ("engine", None, "sweep")
    assert events(sweep)[:2] == ["request", "sign"]
    left = house.node.balance(address)
    assert 0 < left < ETHER // 1000
    assert house.node.balance(small) == ETHER // 10
    assert house.on_books("wallet:deposits") == left + ETHER // 10
    assert house.on_books("wallet:hot") == house.node.balance(house.hot)
    assert house.on_books("fees:network") == left + int(sweep.units or 0) - ETHER
    assert house.owed("ann") == ETHER


def test_a_token_is_swept_after_a_top_up_that_is_settled(
    open_sweeping: OpenSweeping, anvil: Anvil
) -> None:
    """Case 32: what comes from the house is no deposit."""
    token = deploy(anvil, "Good")
    house = open_sweeping(tokens={"USDT": token}, for_tokens={"sweep": {"above": "5"}})
    house.fund()
    address = house.pay_in("ann", 10 * USDT, token)
    house.mine(DEEP)
    (top_up,) = house.moves("gas")
    assert (top_up.address, top_up.currency, top_up.source) == (address, "ETH", None)
    house.mine(DEEP - 1)
    assert house.moves() == []
    house.mine()
    assert house.states("gas") == ["credited"]
    (sweep,) = house.moves()
    assert (sweep.currency, sweep.units, sweep.source) == ("USDT", 10 * USDT, address)
    house.mine(DEEP)
    assert house.states() == ["credited"]
    assert token.read("balanceOf", house.hot) == 10 * USDT
    assert house.on_books("wallet:hot", "USDT") == 10 * USDT
    assert house.on_books("wallet:deposits", "USDT") == 0
    assert house.on_books("wallet:deposits") == house.node.balance(address)
    assert house.owed("ann", "USDT") == 10 * USDT
