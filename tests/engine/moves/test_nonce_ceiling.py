"""What the hot address of an EVM chain holds above its ceiling goes to the cold one."""

from __future__ import annotations

import pytest

from engine.coins import read_evm_address
from engine.errors import ActRefused
from engine.moves.ceiling import hot_units, spare_units
from engine.preflight.currency import check_currency
from tests.engine.approvals.people import Bench, People
from tests.engine.sweeps.conftest import OpenSweeping
from tests.engine.sweeps.life import DEEP, ETHER, USDT, SweepingHouse
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import deploy

pytestmark = pytest.mark.node

COLD = "0x" + "c01d" * 10
WRITTEN = str(read_evm_address(COLD))


def _moves(house: SweepingHouse) -> list[tuple[str, str, int]]:
    rows = [row for row in house.transfers() if row.purpose is None]
    return [(row.state, str(row.address), int(row.units or 0)) for row in rows]


def test_what_is_above_the_ceiling_goes_to_cold(open_sweeping: OpenSweeping) -> None:
    house = open_sweeping(cold={"address": COLD, "above": "1"})
    house.node.set_balance(COLD, 0)
    house.fund(3 * ETHER)
    house.mine(DEEP)
    assert _moves(house) == [("credited", WRITTEN, 2 * ETHER)]
    assert house.on_books("wallet:cold") == house.node.balance(COLD) == 2 * ETHER
    hot = house.on_books("wallet:hot")
    assert hot == house.node.balance(house.hot)
    assert hot + house.on_books("wallet:cold") - 3 * ETHER == house.on_books("fees:network")


def test_deposits_that_are_not_swept_do_not_count(open_sweeping: OpenSweeping) -> None:
    house = open_sweeping(cold={"address": COLD, "above": "1"})
    house.fund(ETHER // 2)
    house.pay_in("ann", 5 * ETHER)
    house.mine(2 * DEEP)
    assert _moves(house) == []


def test_a_token_has_a_ceiling_of_its_own_and_the_house_pays_the_gas(
    open_sweeping: OpenSweeping, anvil: Anvil
) -> None:
    token = deploy(anvil, "Good")
    house = open_sweeping(
        tokens={"USDT": token},
        for_tokens={"sweep": {"above": "1"}, "cold": {"address": COLD, "above": "10"}},
    )
    house.fund()
    house.pay_in("ann", 50 * USDT, token)
    house.mine(5 * DEEP)
    assert _moves(house) == [("credited", WRITTEN, 40 * USDT)]
    assert token.read("balanceOf", COLD) == house.on_books("wallet:cold", "USDT") == 40 * USDT


def test_check_needs_no_wallet_to_watch_the_cold_address(open_sweeping: OpenSweeping) -> None:
    house = open_sweeping(cold={"address": COLD, "above": "1"})
    ether = house.config.currencies["ETH"]
    found = list(check_currency(ether, now=house.now, with_database=True))
    assert [each.what for each in found if not each.ok and "cold" in each.check] == []


def test_staff_move_no_more_than_the_hot_address_has(
    open_sweeping: OpenSweeping, people: People
) -> None:
    house = open_sweeping(cold={"address": COLD})
    house.fund(2 * ETHER)
    house.pay_in("ann", 5 * ETHER)
    house.mine(DEEP)
    ether = house.config.currencies["ETH"]
    assert (spare_units(ether), hot_units(ether)) == (2 * ETHER, 7 * ETHER)
    house.join(people)
    bench = Bench(house.config, people, guard=house.lease.guard)

    def move(units: int) -> tuple[str, object]:
        given = {"currency": "ETH", "units": str(units), "account": "wallet:cold"}
        return bench.do("move", by="ann", now=house.now, reason="full", **given)

    with pytest.raises(ActRefused, match="can spare 2 ETH"):
        move(3 * ETHER)
    assert move(ETHER)[0] == "done"
    house.mine(DEEP + 1)
    assert _moves(house) == [("credited", WRITTEN, ETHER)]
    fee = house.on_books("fees:network")
    assert hot_units(ether) == 6 * ETHER + fee
