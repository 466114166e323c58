"""What a stolen database can write about our own chain txs, and that it leads no coin astray."""

from __future__ import annotations

import pytest

from db.attempts import Attempt, AttemptInput, AttemptOutput
from db.models import Address, Coin, Payment
from engine.chain import Fact, Standing
from engine.clock import rfc3339
from tests.engine.deposits.worlds import on_litecoind, on_the_fake
from tests.engine.sender.desk import COIN, Desk
from tests.engine.sender.test_bump import patience
from tests.nodes.fake import FakeChain
from tests.nodes.world import ChainTx


@on_the_fake
def test_change_goes_to_no_address_that_the_wallet_does_not_own(
    desk: Desk, fake: FakeChain
) -> None:
    desk.fund("ann", 5 * COIN)
    thief = desk.on.stranger()
    Address.create(
        chain=desk.symbol,
        address=thief,
        script="0014" + "ab" * 20,
        purpose="change",
        created_at=rfc3339(desk.now),
        created_height=0,
    )
    paid = desk.withdraw("ann", COIN)
    desk.settle()
    (sent,) = fake.mempool
    (change,) = {address for address, _ in fake.txs[sent].outputs} - {paid.address}
    assert change in fake.ours


@on_litecoind
def test_a_coin_that_is_worth_more_than_its_row_says_is_not_given_to_the_miners(
    desk: Desk,
) -> None:
    desk.fund("ann", 5 * COIN)
    Coin.update(units=5 * COIN - 100_000).execute()
    payment = desk.withdraw("ann", COIN)
    desk.rounds()
    waiting = Payment.get_by_id(payment.id)
    assert waiting.state == "requested"
    assert "the node knows other amounts of these coins" in waiting.reason
    assert not Attempt.select().exists()


@pytest.fixture
def stuck(desk: Desk, fake: FakeChain) -> Payment:
    """A withdrawal in the mempool that is about to be replaced."""
    desk.fund("ann", 5 * COIN)
    payment = desk.withdraw("ann", COIN)
    desk.settle()
    fake.estimate = 20_000
    return payment


@on_the_fake
def test_what_nobody_touched_is_replaced(desk: Desk, fake: FakeChain, stuck: Payment) -> None:
    desk.rounds(after=patience(desk))
    assert len(set(fake.sent)) > 1
    desk.finish(stuck)


@on_the_fake
@pytest.mark.parametrize("change", [True, False])
def test_a_replacement_pays_only_whom_the_first_paid(
    desk: Desk, fake: FakeChain, stuck: Payment, change: bool
) -> None:
    thief = desk.on.stranger()
    AttemptOutput.update(address=thief).where(AttemptOutput.payment.is_null(change)).execute()
    desk.rounds(after=patience(desk))
    assert len(fake.sent) == 1
    fake.mine(1)
    desk.assert_paid_once(stuck)


@on_the_fake
@pytest.mark.parametrize("table", [AttemptOutput, AttemptInput])
def test_a_replacement_gives_the_miners_no_more_than_its_fee(
    desk: Desk, fake: FakeChain, stuck: Payment, table: type[AttemptInput | AttemptOutput]
) -> None:
    """A row tells a hundredth of a coin of change, where there are nearly four."""
    if table is AttemptOutput:
        AttemptOutput.update(units=COIN // 100).where(AttemptOutput.payment.is_null()).execute()
    else:
        AttemptInput.update(units=50 * COIN).execute()
    desk.rounds(after=patience(desk))
    assert len(fake.sent) == 1
    fake.mine(1)
    desk.assert_paid_once(stuck)


@on_the_fake
@pytest.mark.parametrize("change", [{"fee_units": 1}, {"txid": "ab" * 32}])
def test_an_attempt_that_its_payments_histories_do_not_tell_is_not_replaced(
    desk: Desk, fake: FakeChain, stuck: Payment, change: dict[str, object]
) -> None:
    fake.lies["ab" * 32] = Fact("ab" * 32, Standing.MEMPOOL)
    Attempt.update(**change).execute()
    desk.rounds(after=patience(desk))
    assert len(desk.attempts()) == 1
    fake.mine(1)
    desk.assert_paid_once(stuck)


@on_the_fake
def test_a_family_that_only_rows_call_lost_is_not_paid_again(desk: Desk, fake: FakeChain) -> None:
    """Its attempt is made to spend what was spent long ago, by bytes that no node takes."""
    desk.fund("ann", 5 * COIN, 6 * COIN)
    old = desk.withdraw("ann", COIN)
    desk.finish(old)
    desk.mine(10)
    (gone,) = desk.attempts()
    spent = AttemptInput.get(AttemptInput.attempt == gone.id)
    paid = desk.withdraw("ann", COIN)
    desk.settle()
    forged = Attempt.get(Attempt.id == desk.now_of(paid).attempt)
    AttemptInput.update(txid=spent.txid, idx=spent.idx).where(
        AttemptInput.attempt == forged.id
    ).execute()
    fake._signed["00"] = ChainTx("00" * 32, frozenset({f"{'11' * 32}:0"}), (), own=False)
    Attempt.update(txid="00" * 32, signed="00").where(Attempt.id == forged.id).execute()
    Coin.update(reserved="elsewhere").where(Coin.reserved == forged.family).execute()
    desk.rounds()
    fake.mine(1)
    desk.assert_paid_once(paid)
