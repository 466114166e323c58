"""Chain txs under another id that pay what ours pay: an altered signature, a fee raised by hand."""

from __future__ import annotations

from datetime import timedelta

import pytest

from db.models import Payment
from engine.sender.twins import PAID_ELSEWHERE
from tests.engine.deposits.worlds import on_litecoind, on_the_fake
from tests.engine.sender.desk import COIN, Desk
from tests.nodes.fake import FakeChain
from tests.nodes.harness import LitecoindHarness

FINALITY = 10


def _rounds(desk: Desk) -> None:
    """Rounds in which coins of ours may have gone elsewhere."""
    for _ in range(4):
        desk.step(after=timedelta(minutes=1))


@pytest.fixture
def sent(desk: Desk) -> Payment:
    """A withdrawal in the mempool; there are coins to pay it once more."""
    desk.fund("ann", 2 * COIN, 8 * COIN)
    payment = desk.withdraw("ann", COIN)
    desk.settle()
    return payment


@on_the_fake
@pytest.mark.parametrize("settled", [False, True])
def test_what_a_miner_altered_the_id_of_is_paid_once(
    desk: Desk, fake: FakeChain, sent: Payment, settled: bool
) -> None:
    """A signature of the old kind can be written in another way: the same coins and outputs."""
    txid = desk.attempt().txid
    ours = fake.txs[txid]
    twin = fake.pay(ours.outputs, inputs=ours.inputs, own=True, announce=False)
    if settled:
        desk.mine(3)
        assert desk.state_of(sent) == "credited"
        fake.reorg(3, first=[twin])
    else:
        fake.mine(txids=[twin])
    desk.settle(after=timedelta(minutes=1))
    desk.mine(FINALITY)
    desk.assert_paid_once(sent)
    row = desk.now_of(sent)
    assert (row.state, row.txid, row.final) == ("credited", twin, 1)
    assert [each.state for each in desk.attempts()] == ["dead", "settled"]


@on_litecoind
def test_a_fee_that_was_raised_by_hand_pays_once(
    desk: Desk, on: LitecoindHarness, sent: Payment
) -> None:
    raised = str(on.node.cashier("bumpfee", desk.attempt().txid)["txid"])
    desk.step(after=timedelta(minutes=1))
    assert desk.now_of(sent).attempt is not None
    assert [each.txid for each in desk.attempts()][1:] == [raised]
    desk.mine(FINALITY)
    desk.assert_paid_once(sent)
    row = desk.now_of(sent)
    assert (row.state, row.txid, row.final) == ("credited", raised, 1)


@on_the_fake
def test_what_a_strange_chain_tx_paid_in_part_waits_for_a_person(
    desk: Desk, fake: FakeChain, sent: Payment
) -> None:
    """It pays the client, and what is left to somebody else: nobody signs for it once more."""
    ours = fake.txs[desk.attempt().txid]
    outputs = [(str(sent.address), COIN), (desk.on.stranger(), COIN // 2)]
    fake.mine(txids=[fake.pay(outputs, inputs=ours.inputs, own=True, announce=False)])
    fake.mine(FINALITY)
    _rounds(desk)
    desk.assert_paid_once(sent)
    row = desk.now_of(sent)
    assert (row.state, row.reason) == ("pending", PAID_ELSEWHERE)
    assert len(desk.attempts()) == 1
