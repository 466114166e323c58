"""Deposits of an EVM chain are paid back: the coin less the most that gas costs, a token whole."""

from __future__ import annotations

import pytest

from db.models import Client, Payment
from tests.engine.approvals.people import Bench, People
from tests.engine.sweeps.conftest import OpenSweeping
from tests.engine.sweeps.life import DEEP, ETHER, USDT, SweepingHouse
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import Contract, deploy

pytestmark = pytest.mark.node


def _held(house: SweepingHouse, units: int, token: Contract | None = None) -> Payment:
    """A final deposit of a blocked client."""
    house.address("ann")
    Client.update(blocked=True).where(Client.id == "ann").execute()
    house.pay_in("ann", units, token)
    house.mine(4)
    deposit = house.deposit("ann")
    assert (deposit.state, deposit.final) == ("held", 1)
    return deposit


def _refund(house: SweepingHouse, people: People, deposit: Payment, to: str) -> Payment:
    """Two persons sign, and the engine goes on; the withdrawal."""
    house.join(people)
    bench = Bench(house.config, people, guard=house.lease.guard)
    for name in ("ann", "ben"):
        told = bench.do("refund", by=name, now=house.now, payment=deposit.id, address=to)
        assert told[0] == "done", told
    house.mine(DEEP + 1)
    found: Payment = Payment.get(Payment.refund_of == deposit.id)
    return found


def test_a_coin_goes_back_less_what_the_network_may_take(
    open_sweeping: OpenSweeping, people: People
) -> None:
    house = open_sweeping(finality=3)
    house.fund(3 * ETHER)
    deposit = _held(house, ETHER)
    to = house.node.stranger(4)
    before = house.node.balance(to)
    back = _refund(house, people, deposit, to)
    assert (back.state, str(back.address).lower()) == ("credited", to)
    units, fee = int(back.units or 0), int(back.fee_units or 0)
    assert units + fee == ETHER
    assert 0 < fee < ETHER // 1000
    assert house.node.balance(to) - before == units
    assert house.on_books("fees:service") == fee
    assert house.on_books("in_transit") == 0
    assert house.row(deposit).state == "refunded"


def test_a_token_goes_back_whole_and_the_house_pays_the_gas(
    open_sweeping: OpenSweeping, anvil: Anvil, people: People
) -> None:
    token = deploy(anvil, "Good")
    house = open_sweeping(tokens={"USDT": token}, for_tokens={"finality": 3}, finality=3)
    token.send("transfer", house.hot, 20 * USDT)
    house.fund()
    deposit = _held(house, 10 * USDT, token)
    to = house.node.stranger(5)
    back = _refund(house, people, deposit, to)
    assert (back.state, back.units, back.fee_units) == ("credited", 10 * USDT, 0)
    assert token.read("balanceOf", to) == 10 * USDT
    assert house.on_books("fees:network") < 0


def test_a_receiver_that_takes_no_coins_is_named_and_the_refund_waits(
    open_sweeping: OpenSweeping, anvil: Anvil, people: People
) -> None:
    house = open_sweeping(finality=3)
    house.fund(3 * ETHER)
    deposit = _held(house, ETHER)
    house.join(people)
    bench = Bench(house.config, people, guard=house.lease.guard)
    refuser = str(deploy(anvil, "Refuser").address)
    for name in ("ann", "ben"):
        bench.do("refund", by=name, now=house.now, payment=deposit.id, address=refuser)
    house.mine()
    assert "does not take it" in house.row(deposit).reason
    assert Payment.get_or_none(Payment.refund_of == deposit.id) is None
