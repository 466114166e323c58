"""Chains that turn, pools that forget, keys that somebody else has: one payment each, whatever
happens (cases 44, 63, 69, 70, 71, 72).
"""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from db.attempts import Nonce
from db.models import History, Payment
from engine.errors import LeaseLost, StaleState
from engine.ledger import WALLET_HOT
from engine.sender.by_nonce.settle import LOST, PAID_UNKNOWN, TAKEN
from tests.engine.deposits.life import events_of
from tests.engine.families.evm.life import ETHER
from tests.engine.sender.by_nonce.conftest import OpenDesk
from tests.engine.sender.by_nonce.desk import FEE, EvmDesk
from tests.nodes.anvil import Anvil

LATER = timedelta(minutes=1)

pytestmark = [
    pytest.mark.node,
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.fixture
def desk(open_evm: OpenDesk, own_anvil: Anvil) -> EvmDesk:
    desk = open_evm(on=own_anvil)
    desk.fund_house()
    desk.credit("ann", 5 * ETHER)
    return desk


def assert_hot_is_as_booked(desk: EvmDesk) -> None:
    assert desk.node.balance(desk.hot) == desk.account(WALLET_HOT)


def test_out_of_its_block_before_it_is_credited_it_is_pending_and_mined_again(
    desk: EvmDesk,
) -> None:
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    desk.mine(2)
    assert desk.now_of(paid).block_hash is not None
    desk.node.reorg(2, forget=True)
    desk.step()
    row = desk.now_of(paid)
    assert (row.state, row.block_hash) == ("pending", None)
    desk.settle()
    desk.mine(3)
    assert desk.state_of(paid) == "credited"
    assert desk.attempt().sends == 2
    desk.assert_paid_once(paid)
    assert_hot_is_as_booked(desk)


def test_out_of_its_block_after_it_was_credited_it_is_flagged_and_settled_by_the_same_bytes(
    desk: EvmDesk,
) -> None:
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    desk.mine(3)
    assert desk.state_of(paid) == "credited"
    desk.node.reorg(4, forget=True)
    desk.step()
    row = desk.now_of(paid)
    assert (row.state, row.unsettled, row.block_hash) == ("credited", True, None)
    assert desk.attempt().paid_units is None
    desk.settle()
    desk.mine(1)
    row = desk.now_of(paid)
    assert (row.state, row.unsettled) == ("credited", False)
    desk.mine(6)
    assert desk.now_of(paid).final
    assert desk.account("fees:network") == desk.attempt().paid_units
    desk.assert_paid_once(paid)
    assert_hot_is_as_booked(desk)


def test_in_another_block_its_other_fee_is_booked(desk: EvmDesk) -> None:
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    desk.mine(3)
    first = int(desk.attempt().paid_units or 0)
    raw = desk.node.raw(desk.attempt().txid)
    desk.node.rollback(3)
    desk.node.set_next_base_fee(1)
    desk.node.broadcast(raw)
    desk.node.mine(4)
    desk.settle()
    again = int(desk.attempt().paid_units or 0)
    assert again != first
    assert events_of(desk.now_of(paid))[-2:] == ["settle", "chain_fee"]
    assert desk.account("fees:network") == again
    assert_hot_is_as_booked(desk)


def test_a_gap_is_filled_by_the_same_bytes(desk: EvmDesk) -> None:
    """Case 71: what waits behind the gap goes on by itself."""
    paid = [desk.withdraw("ann", ETHER // 2) for _ in range(3)]
    desk.settle()
    first = desk.attempts()[0]
    desk.node.drop(first.txid)
    desk.mine(2)
    desk.step(after=LATER)
    desk.mine(3)
    assert [desk.state_of(each) for each in paid] == ["credited"] * 3
    assert len(desk.attempts()) == 3
    desk.assert_paid_once(*paid)


def test_two_to_one_address_with_one_amount_are_two_numbers(desk: EvmDesk) -> None:
    """Case 70."""
    to = desk.stranger()
    paid = [desk.withdraw("ann", ETHER, to=to) for _ in range(2)]
    desk.settle()
    desk.mine(3)
    assert [desk.state_of(each) for each in paid] == ["credited"] * 2
    assert [row.nonce for row in desk.attempts()] == [0, 1]
    assert desk.node.balance(to) == 2 * ETHER


def test_a_number_that_a_stranger_used_is_paid_again_beyond_finality(
    desk: EvmDesk, caplog: pytest.LogCaptureFixture
) -> None:
    """Case 72: somebody has our key."""
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    desk.node.replace(desk.attempt().txid, desk.stranger(), ETHER // 4)
    desk.mine(1)
    assert desk.shown(paid) == ("pending", "", TAKEN)
    assert "none of ours" in caplog.text
    desk.mine(4)
    assert len(desk.attempts()) == 1
    desk.mine(1)
    row = desk.now_of(paid)
    assert (row.state, [a.nonce for a in desk.attempts()]) == ("pending", [0, 1])
    assert [a.state for a in desk.attempts()] == ["dead", "sent"]
    assert LOST in {each.reason for each in History.select()}
    retried = [event for event in events_of(row) if event in {"sign", "retry"}]
    assert retried == ["sign", "retry", "sign"]
    desk.mine(3)
    assert desk.state_of(paid) == "credited"
    assert [row.nonce for row in Nonce.select().order_by(Nonce.nonce)] == [0, 1]
    desk.assert_paid_once(paid)


def test_a_strangers_chain_tx_that_leaves_the_chain_again_costs_nobody_anything(
    desk: EvmDesk,
) -> None:
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    raw = desk.node.raw(desk.attempt().txid)
    desk.node.replace(desk.attempt().txid, desk.stranger(), ETHER // 4)
    desk.mine(2)
    desk.node.rollback(2)
    desk.node.rpc("anvil_dropAllTransactions")
    desk.node.broadcast(raw)
    desk.mine(4)
    assert desk.state_of(paid) == "credited"
    assert len(desk.attempts()) == 1
    desk.assert_paid_once(paid)


def test_an_engine_that_lost_its_lease_signs_and_notes_nothing(desk: EvmDesk) -> None:
    """Case 69: two senders on one database."""
    old = desk.take_over("second engine")
    paid = desk.withdraw("ann", ETHER)
    fenced = desk.make_sender(old)
    with pytest.raises(LeaseLost):
        fenced.pay(desk.tip(), desk.now)
    assert desk.attempts() == []
    desk.settle()
    desk.mine(3)
    assert desk.state_of(paid) == "credited"
    desk.assert_paid_once(paid)


def test_of_two_that_sign_at_once_one_writes_and_the_other_has_sent_nothing(
    desk: EvmDesk,
) -> None:
    """Case 70."""
    paid = desk.withdraw("ann", ETHER)
    first, second = desk.make_sender(desk.lease), desk.make_sender(desk.lease)
    due = second._due(desk.now)

    def as_read_before(now: datetime) -> list[Payment]:
        assert now == desk.now
        return due

    second._due = as_read_before  # type: ignore[method-assign]  # the rows move meanwhile
    assert first.pay(desk.tip(), desk.now)
    with pytest.raises(StaleState):
        second.pay(desk.tip(), desk.now)
    desk.settle()
    desk.mine(3)
    assert desk.state_of(paid) == "credited"
    assert len(desk.attempts()) == 1


def test_after_a_restart_everything_is_found_again(desk: EvmDesk) -> None:
    paid = [desk.withdraw("ann", ETHER // 4) for _ in range(4)]
    desk.settle()
    desk.node.rpc("anvil_dropAllTransactions")
    desk.restart()
    desk.settle()
    desk.mine(3)
    assert [desk.state_of(each) for each in paid] == ["credited"] * 4
    assert {row.sends for row in desk.attempts()} == {2}
    assert desk.owed("ann") == 4 * ETHER - 4 * FEE
    desk.assert_paid_once(*paid)


def test_what_a_forgotten_replacement_paid_is_not_paid_again(desk: EvmDesk) -> None:
    """Case 70: the rows are those of before it was stored."""
    paid = desk.withdraw("ann", ETHER)
    desk.settle()
    desk.replace_unknown()
    for _ in range(3):
        desk.mine(5)
    assert desk.shown(paid) == ("pending", "", PAID_UNKNOWN)
    assert len(desk.attempts()) == 1
    desk.assert_paid_once(paid)
