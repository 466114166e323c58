"""A real EVM chain that pays: the residual is 0 at every block, whatever becomes of a send."""

from __future__ import annotations

import pytest

from db.attempts import Outflow
from engine.audit.database import verify_database
from engine.reconciliation import timing
from engine.reconciliation.behind import payments_behind
from tests.engine.families.evm.life import ETHER
from tests.engine.sender.by_nonce.conftest import OpenDesk
from tests.engine.sender.by_nonce.desk import FEE, MILLION, EvmDesk
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import deploy

pytestmark = [
    pytest.mark.node,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


def items(desk: EvmDesk, currency: str = "ETH") -> dict[str, tuple[int, int]]:
    """The timing items of the last sum, as (units, count)."""
    (found,) = [each for each in desk.sums() if each.currency == currency]
    return {item.name: (item.units, item.count) for item in found.timing}


def mined(desk: EvmDesk, count: int = 1) -> None:
    """Blocks come one by one, and books and node agree at each."""
    for _ in range(count):
        desk.mine()
        desk.assert_reconciles()


def test_a_payment_is_a_timing_item_until_it_is_settled(open_evm: OpenDesk) -> None:
    desk = open_evm()
    desk.fund_house()
    desk.credit("ann", 2 * ETHER)
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    desk.assert_reconciles()
    assert items(desk) == {}
    mined(desk)
    fee = int(desk.attempt().paid_units or 0)
    assert items(desk) == {timing.SENDS: (-ETHER, 1), timing.SEND_FEES: (-fee, 1)}
    for item in items(desk):
        assert [view.id for view in payments_behind(desk.config, "ETH", item)] == [paid.id]
    mined(desk, 2)
    assert items(desk) == {}
    mined(desk, 6)


def test_a_tokens_gas_is_an_item_of_the_chains_coin(open_evm: OpenDesk, anvil: Anvil) -> None:
    token = deploy(anvil, "Good")
    desk = open_evm(tokens={"USDT": token})
    desk.fund_house(tokens={"USDT": token})
    desk.credit("ann", 5 * MILLION, token)
    paid = desk.withdraw("ann", 4 * MILLION, currency="USDT", fee=MILLION)
    desk.settle()
    mined(desk)
    fee = int(desk.attempt().paid_units or 0)
    assert items(desk, "USDT") == {timing.SENDS: (-4 * MILLION, 1)}
    assert items(desk) == {timing.SEND_FEES: (-fee, 1)}
    (behind,) = payments_behind(desk.config, "ETH", timing.SEND_FEES)
    assert (behind.id, behind.currency) == (paid.id, "USDT")
    mined(desk, 8)
    report = verify_database()
    assert report.ok, [str(problem) for problem in report.problems]


def test_a_settled_payment_out_of_its_block_is_an_item(
    open_evm: OpenDesk, own_anvil: Anvil
) -> None:
    desk = open_evm(on=own_anvil)
    desk.fund_house()
    desk.credit("ann", 2 * ETHER)
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    mined(desk, 3)
    assert desk.state_of(paid) == "credited"
    fee = int(desk.attempt().paid_units or 0)
    own_anvil.reorg(3)
    desk.settle()
    desk.assert_reconciles()
    assert items(desk) == {timing.SENDS_OUT: (ETHER, 1), timing.SEND_FEES_OUT: (fee, 1)}
    mined(desk, 8)  # mined again, at another price
    assert items(desk) == {}
    assert desk.now_of(paid).final


def test_a_failed_payment_costs_its_gas_and_goes_back(open_evm: OpenDesk, anvil: Anvil) -> None:
    desk = open_evm()
    desk.fund_house()
    desk.credit("ann", 2 * ETHER)
    payee = desk.stranger()
    paid = desk.withdraw("ann", ETHER, to=payee)
    desk.settle()
    anvil.set_code(payee, "0xfe")  # whatever is sent there is undone
    mined(desk)
    assert set(items(desk)) == {timing.SEND_FEES}
    mined(desk, 6)
    assert desk.state_of(paid) == "failed"
    assert items(desk) == {}
    burnt = int(desk.attempt().paid_units or 0)
    assert desk.owed("ann") == 2 * ETHER - min(FEE, burnt)
    mined(desk, 2)


def test_a_lost_row_of_what_left_is_named_and_written_again(open_evm: OpenDesk) -> None:
    desk = open_evm()
    desk.fund_house()
    desk.credit("ann", 2 * ETHER)
    desk.withdraw("ann", ETHER)
    desk.settle()
    mined(desk)
    row = Outflow.get(Outflow.idx == "value")
    row.delete_instance()
    assert desk.compare() == []
    assert Outflow.get(Outflow.idx == "value").units == ETHER
