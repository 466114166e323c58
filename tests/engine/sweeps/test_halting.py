"""A sweep counts by what arrived; the first that missed is the last until a person has looked."""

from __future__ import annotations

from pathlib import Path

import pytest

from db.models import Payment
from engine import brakes
from engine.approvals.switches import currency_subject
from engine.chronicle import remarks
from engine.overview import overview
from engine.sender.by_nonce.questions import UNCLEAR_PATIENCE
from engine.sender.by_nonce.settle import UNCLEAR
from engine.sweeps.sweeper import Sweeper
from tests.engine.sender.by_nonce.fake_desk import FakeDesk
from tests.engine.sweeps.conftest import OpenSweeping
from tests.engine.sweeps.life import DEEP, ETHER, USDT, SweepingHouse
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import Contract, deploy, runtime

pytestmark = pytest.mark.node

ABOVE = {"sweep": {"above": "0.1"}}
TOKEN_ABOVE = {"sweep": {"above": "5"}}


def _halt(currency: str = "ETH") -> brakes.BrakeView:
    view = brakes.of_currency(currency)["sweep"]
    assert view.by == brakes.BY_ENGINE
    return view


def _resume(currency: str) -> None:
    brakes.take_off(currency=currency, kind="sweep")


def _fund(house: SweepingHouse, token: Contract) -> None:
    """With tokens of its own, too: losses are the house's."""
    token.send("transfer", house.hot, 10 * USDT)
    house.fund()


def _seven_pay_in(house: SweepingHouse) -> None:
    for name in ("ann", "bob", "cid", "dan", "eve", "fay", "gil"):
        house.pay_in(name, ETHER)


def test_a_token_that_keeps_a_part_halts_its_sweeps_with_the_loss_named(
    open_sweeping: OpenSweeping, anvil: Anvil
) -> None:
    """Case 31."""
    token = deploy(anvil, "Good")
    house = open_sweeping(tokens={"USDT": token}, for_tokens=TOKEN_ABOVE, **ABOVE)
    _fund(house, token)
    for name in ("ann", "bob"):
        house.pay_in(name, 100 * USDT, token)
    house.mine()
    anvil.set_code(token.address, runtime("FeeToken"))
    house.mine(DEEP + 2)
    assert len(house.moves("gas")) == 2
    (sweep,) = house.moves(currency="USDT")
    reason = _halt("USDT").reason
    assert sweep.id in reason
    assert str(sweep.source) in reason
    assert "100 USDT" in reason
    assert "98 arrived" in reason
    assert "sweep" not in brakes.of_currency("ETH")
    house.mine(2 * DEEP)
    assert len(house.moves(currency="USDT")) == 1
    assert house.on_books("wallet:hot", "USDT") == (98 + 10) * USDT
    assert house.on_books("loss", "USDT") == -2 * USDT


def test_a_person_takes_the_halt_off_and_the_same_miss_halts_no_more(
    open_sweeping: OpenSweeping, anvil: Anvil
) -> None:
    token = deploy(anvil, "Good")
    house = open_sweeping(tokens={"USDT": token}, for_tokens=TOKEN_ABOVE)
    _fund(house, token)
    for name in ("ann", "bob"):
        house.pay_in(name, 100 * USDT, token)
    house.mine()
    anvil.set_code(token.address, runtime("FeeToken"))
    house.mine(DEEP + 2)
    assert _halt("USDT").reason
    _resume("USDT")
    house.settle()
    assert "sweep" not in brakes.of_currency("USDT")
    house.mine(2)
    first, second = house.moves(currency="USDT")
    assert second.id in _halt("USDT").reason
    told = remarks(currency_subject("USDT"))
    assert [(each.event, each.actor) for each in told] == [("halt", "engine")] * 2
    named = [[each["payment"] for each in row.evidence["missed"]] for row in told]
    assert named == [[first.id], [second.id]]


@pytest.mark.parametrize("contract", ["Refuser", "Forwarder"])
def test_code_at_the_target_halts_before_anything_is_sent(
    open_sweeping: OpenSweeping, contract: str
) -> None:
    """Case 31."""
    house = open_sweeping(**ABOVE)
    house.fund()
    house.pay_in("ann", ETHER)
    house.node.set_code(house.hot, runtime(contract))
    house.mine(2 * DEEP)
    assert house.moves() == []
    assert "code at the hot address" in _halt().reason
    (row,) = overview(house.config, house.now).currencies
    assert row.state == "paused"


def test_a_target_that_stops_taking_coins_gets_one_sweep_and_no_more(
    open_sweeping: OpenSweeping,
) -> None:
    """Case 31."""
    house = open_sweeping(**ABOVE)
    house.fund()
    _seven_pay_in(house)
    house.mine(DEEP)
    (sweep,) = house.moves()
    assert sweep.txid is not None
    house.node.set_code(house.hot, runtime("Forwarder"))
    house.mine()
    assert "0 arrived" in _halt().reason
    house.mine(4 * DEEP)
    (sweep,) = house.moves()
    assert sweep.state == "failed"
    assert house.on_books("wallet:hot") == ETHER


def test_code_at_a_deposit_address_is_named_and_the_others_are_swept(
    open_sweeping: OpenSweeping,
) -> None:
    """Case 30."""
    house = open_sweeping(**ABOVE)
    house.fund()
    address = house.pay_in("ann", 2 * ETHER)
    other = house.pay_in("bob", ETHER)
    house.node.mine()
    house.node.set_code(address, runtime("Refuser"))
    house.mine(3 * DEEP)
    assert [row.source for row in house.moves()] == [other]
    ((key, reason),) = house.parked().items()
    assert address in key
    assert "code" in reason
    house.node.set_code(address, "0x")
    house.forget()
    house.mine(DEEP)
    assert [row.source for row in house.moves()] == [other, address]
    assert house.parked() == {}


def test_what_is_not_signed_yet_is_taken_back_when_sweeps_are_halted(
    open_sweeping: OpenSweeping,
) -> None:
    house = open_sweeping(**ABOVE)
    house.fund()
    house.pay_in("ann", ETHER)
    house.sends = False
    house.mine(DEEP)
    assert house.states() == ["requested"]
    brakes.put_on(currency="ETH", kind="sweep", reason="a look", staff="ann", now=house.now)
    house.sends = True
    house.mine(DEEP)
    assert house.states() == ["refused"]
    _resume("ETH")
    house.mine(2 * DEEP)
    assert house.states() == ["refused", "credited"]


@pytest.mark.parametrize("contract", ["LiarToken", "FalseToken"])
def test_a_status_of_one_is_no_arrival(
    open_sweeping: OpenSweeping, anvil: Anvil, contract: str
) -> None:
    """Case 31."""
    token = deploy(anvil, "Good")
    house = open_sweeping(tokens={"USDT": token}, for_tokens=TOKEN_ABOVE)
    house.fund()
    for name in ("ann", "bob"):
        house.pay_in(name, 100 * USDT, token)
    house.mine()
    anvil.set_code(token.address, runtime(contract))
    house.mine(3 * DEEP)
    (sweep,) = house.moves(currency="USDT")
    receipt = anvil.receipt(str(sweep.txid))
    assert receipt is not None
    assert receipt["status"] == "0x1"
    assert "100 USDT" in _halt("USDT").reason
    assert "0 arrived" in _halt("USDT").reason
    assert house.on_books("wallet:deposits", "USDT") == 200 * USDT


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_one_of_which_nobody_can_tell_what_arrived_halts_after_a_while(
    database: str, tmp_path: Path
) -> None:
    """Its states are forgotten, and the balances of now do not bear out its log."""
    desk = FakeDesk.open(tmp_path, database, sweep={"above": "0.1"})
    desk.credit("ann", ETHER)
    sweeper = Sweeper(desk.config, "ETH", desk.node, guard=desk.lease.guard)
    desk.node.forgets, desk.exact = True, False
    desk.node.false.add("ETH")
    assert sweeper.step(desk.tip(), desk.now) == 1
    desk.settle()
    desk.mine(8)
    (sweep,) = Payment.select().where(Payment.purpose == "sweep")
    assert (sweep.state, sweep.reason) == ("pending", UNCLEAR)
    sweeper.step(desk.tip(), desk.now)
    assert "sweep" not in brakes.of_currency("ETH")
    sweeper.step(desk.tip(), desk.now + UNCLEAR_PATIENCE)
    assert f"sweep {sweep.id}" in _halt().reason
    assert "nobody can tell what arrived" in _halt().reason
    _resume("ETH")
    sweeper.step(desk.tip(), desk.now + 2 * UNCLEAR_PATIENCE)
    assert "sweep" not in brakes.of_currency("ETH"), "a person has judged it"
