"""A higher fee for what does not get mined: one payment, whichever attempt wins."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

import pytest

from db.attempts import Attempt, AttemptInput, AttemptOutput
from db.models import Payment
from engine import ledger
from engine.families.bitcoin.chain import BitcoinChain
from engine.families.bitcoin.transport import Transport
from engine.sender.bump import ATTEMPTS_MAX
from engine.sender.fees import TARGET_BLOCKS
from tests.engine.deposits.worlds import on_litecoind, on_the_fake
from tests.engine.sender.desk import COIN, Desk
from tests.nodes.fake import FakeChain
from tests.nodes.harness import Harness, LitecoindHarness


@pytest.fixture
def stuck(desk: Desk, fake: FakeChain) -> Payment:
    """A withdrawal in the mempool while the network's fees have risen."""
    desk.fund("CR1", 5 * COIN)
    payment = desk.withdraw("CR1", COIN)
    desk.settle()
    assert desk.state_of(payment) == "pending"
    fake.estimate = 20_000
    return payment


def patience(desk: Desk) -> timedelta:
    return timedelta(seconds=TARGET_BLOCKS * desk.currency.coin.block_s + 1)


def wait(desk: Desk) -> None:
    desk.step(after=patience(desk))
    desk.settle(after=timedelta(seconds=31))


@on_the_fake
def test_what_is_stuck_is_replaced_with_the_same_coins_and_outputs(
    desk: Desk, stuck: Payment
) -> None:
    wait(desk)
    first, second = desk.attempts()
    assert (second.family, second.number) == (first.family, 2)
    assert second.fee_units > first.fee_units
    coins = [
        {(row.txid, row.idx) for row in AttemptInput.select().where(AttemptInput.attempt == each)}
        for each in (first.id, second.id)
    ]
    assert coins[0] == coins[1]
    paid = [
        {
            (row.address, row.units)
            for row in AttemptOutput.select().where(
                (AttemptOutput.attempt == each) & ~AttemptOutput.payment.is_null()
            )
        }
        for each in (first.id, second.id)
    ]
    assert paid[0] == paid[1] == {(stuck.address, COIN)}
    desk.finish(stuck)
    assert ledger.balance("fees:network", desk.symbol) == second.fee_units


@on_the_fake
def test_the_first_attempt_may_still_win(desk: Desk, fake: FakeChain, stuck: Payment) -> None:
    wait(desk)
    first, _ = desk.attempts()
    fake.mine(1, txids=[first.txid])
    desk.finish(stuck)
    assert ledger.balance("fees:network", desk.symbol) == first.fee_units


@on_the_fake
def test_it_is_not_replaced_before_its_time_or_without_a_higher_rate(
    desk: Desk, fake: FakeChain, stuck: Payment
) -> None:
    desk.settle(after=timedelta(seconds=31))
    assert len(desk.attempts()) == 1
    fake.estimate = None
    wait(desk)
    assert len(desk.attempts()) == 1
    desk.finish(stuck)


@on_the_fake
def test_a_refused_replacement_is_offered_again_and_pays_once(
    desk: Desk, fake: FakeChain, stuck: Payment
) -> None:
    fake.refuses = "-26 txn-mempool-conflict"
    wait(desk)
    assert [bool(each.last_error) for each in desk.attempts()] == [False, True]
    desk.settle(after=timedelta(seconds=31))
    assert [each.sends for each in desk.attempts()] == [1, 1], "not in every round"
    wait(desk)
    assert [each.sends for each in desk.attempts()] == [1, 2], "the same bytes"
    fake.refuses = ""
    wait(desk)
    _, second = desk.attempts()
    assert (fake.mempool, second.last_error) == ([second.txid], "")
    desk.finish(stuck)
    assert ledger.balance("fees:network", desk.symbol) == second.fee_units


@on_the_fake
def test_after_a_refusal_more_is_offered_when_the_network_wants_more(
    desk: Desk, fake: FakeChain, stuck: Payment
) -> None:
    fake.refuses = "-26 insufficient fee"
    for _ in range(3 * ATTEMPTS_MAX):
        assert fake.estimate is not None
        fake.estimate = fake.estimate * 13 // 10
        wait(desk)
    first, *more = desk.attempts()
    assert len(more) == ATTEMPTS_MAX - 1
    fees = [each.fee_units for each in more]
    assert fees == sorted(fees)
    assert fake.mempool == [first.txid]
    fake.refuses = ""
    wait(desk)
    assert fake.mempool == [more[-1].txid]
    desk.finish(stuck)


@pytest.mark.parametrize(
    ("cap", "words"),
    [
        ({"fee_max": "0.00001"}, "waiting: the network's fee is above fee_max now"),
        ({"fee_rate_max": "0.00001"}, "waiting: the network's fee rate is above fee_rate_max now"),
    ],
)
@on_the_fake
def test_a_fee_above_its_cap_is_not_offered_and_the_payment_says_so(
    open_desk: Callable[..., Desk], fake: FakeChain, cap: dict[str, str], words: str
) -> None:
    desk = open_desk(**{f"withdrawal.{name}": most for name, most in cap.items()})
    desk.fund("CR1", 5 * COIN)
    payment = desk.withdraw("CR1", COIN)
    desk.settle()
    assert desk.now_of(payment).reason == ""
    fake.estimate = 2_000_000
    wait(desk)
    assert len(desk.attempts()) == 1
    assert desk.now_of(payment).reason == words
    fake.estimate = None
    desk.settle(after=timedelta(seconds=31))
    assert desk.now_of(payment).reason == "", "the network is cheap again"
    fake.estimate = 2_000_000
    desk.settle(after=timedelta(seconds=31))
    desk.mine()
    assert (desk.state_of(payment), desk.now_of(payment).reason) == ("pending", "")
    desk.finish(payment)


@on_the_fake
def test_a_payment_without_change_says_why_it_is_not_replaced(desk: Desk, fake: FakeChain) -> None:
    fake.estimate = 1_000
    desk.fund("CR1", 5 * COIN)
    payment = desk.withdraw("CR1", 5 * COIN - 400, fee=0)
    desk.settle()
    assert desk.state_of(payment) == "pending"
    fake.estimate = 20_000
    wait(desk)
    assert "change" in desk.now_of(payment).reason
    desk.finish(payment)


def _rate(attempt: Attempt) -> int:
    """Units per 1,000 virtual bytes, rounded down."""
    return int(attempt.fee_units) * 1000 // int(attempt.size)


@on_the_fake
def test_a_replacement_offers_no_more_than_the_highest_rate(
    open_desk: Callable[..., Desk], fake: FakeChain
) -> None:
    desk = open_desk(**{"withdrawal.fee_rate_max": "0.00005"})
    desk.fund("CR1", 5 * COIN)
    payment = desk.withdraw("CR1", COIN)
    desk.settle()
    fake.estimate = 2_000_000
    for _ in range(6):
        wait(desk)
    rates = [_rate(each) for each in desk.attempts()]
    assert len(rates) > 1
    assert max(rates) in range(4_000, 5_010)  # the fee is rounded up to a whole unit
    desk.finish(payment)


@on_the_fake
def test_a_replacement_that_never_got_out_is_sent_while_the_first_still_waits(
    desk: Desk, fake: FakeChain, stuck: Payment
) -> None:
    """The node took it and forgot it, or the engine ended between storing and sending it."""
    fake.swallows = 1
    wait(desk)
    _, second = desk.attempts()
    desk.settle(after=timedelta(seconds=31))
    assert fake.mempool == [second.txid]
    desk.finish(stuck)


class Dear(Transport):
    """A real node in whose network fees have risen: regtest has no estimate of its own."""

    rate: Decimal | None = None

    def call(self, method: str, *params: object) -> object:
        if method == "estimatesmartfee" and self.rate is not None:
            return {"feerate": self.rate, "blocks": TARGET_BLOCKS}
        return super().call(method, *params)


@pytest.fixture
def dear(desk: Desk, on: Harness) -> Iterator[Dear]:
    assert isinstance(on, LitecoindHarness)
    on.chain.close()
    transport = Dear(on.node.url(), timeout_s=20)
    on.chain = BitcoinChain(desk.currency, transport)
    desk.restart()
    yield transport
    on.chain.close()


@on_litecoind
def test_a_real_node_replaces_and_the_replacement_settles_once(
    desk: Desk, dear: Dear, on: Harness
) -> None:
    desk.fund("CR1", 5 * COIN)
    payment = desk.withdraw("CR1", COIN)
    desk.settle()
    dear.rate = Decimal("0.0005")
    wait(desk)
    first, second = desk.attempts()
    assert (second.family, second.number, second.last_error) == (first.family, 2, "")
    assert isinstance(on, LitecoindHarness)
    mempool = on.node.rpc("getrawmempool")
    assert second.txid in mempool
    assert first.txid not in mempool, "the node replaced it"
    desk.finish(payment)
    assert desk.now_of(payment).txid == second.txid
    assert ledger.balance("fees:network", desk.symbol) == second.fee_units


@on_litecoind
def test_a_real_miner_may_still_mine_the_first(desk: Desk, dear: Dear, on: Harness) -> None:
    desk.fund("CR1", 5 * COIN)
    payment = desk.withdraw("CR1", COIN)
    desk.settle()
    dear.rate = Decimal("0.0005")
    wait(desk)
    first, second = desk.attempts()
    assert isinstance(on, LitecoindHarness)
    assert second.txid in on.node.rpc("getrawmempool")
    on.node.rpc("generateblock", on.node.address(), [first.signed])
    desk.finish(payment)
    assert desk.now_of(payment).txid == first.txid
    assert ledger.balance("fees:network", desk.symbol) == first.fee_units
