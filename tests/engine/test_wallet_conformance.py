"""Every wallet keeps to engine.chain.Wallet: one suite over the fake and over a real litecoind."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from engine.chain import Pay, Recipient, Sending, SignedTx, Spend, Standing
from engine.errors import NodeRefused
from tests.engine.test_chain_conformance import CHAINS, on_chains_with
from tests.nodes.harness import Ability, Harness

COIN = 100_000_000
FEE = 10_000
NOBODY = "00" * 32

on_every_wallet = on_chains_with(Ability.PAY, Ability.OWN_SEND)


@pytest.fixture
def on(request: pytest.FixtureRequest) -> Iterator[Harness]:
    make: Callable[[pytest.FixtureRequest], Harness] = CHAINS[request.param][0]
    harness = make(request)
    yield harness
    harness.chain.close()


def _coin(on: Harness, units: int = 2 * COIN) -> Spend:
    """A coin of ours in a block."""
    txid = on.pay(on.chain.new_addresses(1)[0].address, units)
    on.mine()
    (coin,) = (each for each in on.chain.coins(on.tip()) if each.txid == txid)
    return Spend(coin.txid, coin.index, coin.units, coin.address)


def _signed(on: Harness, coin: Spend, to: str, *, fee: int = FEE) -> SignedTx:
    change = on.chain.change_address().address
    rest = coin.units - COIN - fee
    return on.chain.sign([coin], [Pay(to, COIN), Pay(change, rest)], passphrase=None)


@on_every_wallet
def test_what_was_signed_is_known_by_its_id_before_it_is_sent(on: Harness) -> None:
    coin, to = _coin(on), on.stranger()
    signed = _signed(on, coin, to)
    assert on.chain.facts([signed.txid])[signed.txid].standing is Standing.ABSENT
    assert on.chain.send(signed.raw).outcome is Sending.ACCEPTED
    assert on.chain.facts([signed.txid])[signed.txid].standing is Standing.MEMPOOL
    on.mine()
    assert on.chain.facts([signed.txid])[signed.txid].standing is Standing.MINED
    assert on.paid_to(to) == [COIN]


@on_every_wallet
def test_what_was_sent_is_told_whole_by_its_id(on: Harness) -> None:
    """Whose coins it spends, each with its units, and every output: what it took is certain."""
    coin = _coin(on)
    signed = _signed(on, coin, on.stranger())
    on.chain.send(signed.raw)
    on.mine()
    told = on.chain.senders(signed.txid)
    assert told is not None and told.known
    (spent,) = told.coins
    assert (spent.txid, spent.index, spent.units) == (coin.txid, coin.index, coin.units)
    assert told.outputs == (COIN, coin.units - COIN - FEE)
    assert told.paid == coin.units - FEE


@on_every_wallet
def test_the_same_bytes_again_are_no_error(on: Harness) -> None:
    signed = _signed(on, _coin(on), on.stranger())
    for _ in range(2):
        assert on.chain.send(signed.raw).outcome is Sending.ACCEPTED
    on.mine()
    assert on.chain.send(signed.raw).outcome is Sending.MINED


@on_every_wallet
def test_what_cannot_be_mined_is_refused_and_the_node_says_why(on: Harness) -> None:
    coin = _coin(on)
    first = _signed(on, coin, on.stranger())
    second = _signed(on, coin, on.stranger(), fee=FEE - 1)
    assert on.chain.send(first.raw).outcome is Sending.ACCEPTED
    reply = on.chain.send(second.raw)
    assert reply.outcome is Sending.REFUSED
    assert reply.words
    on.mine()
    assert on.chain.send(second.raw).outcome is Sending.REFUSED


@on_every_wallet
def test_a_higher_fee_replaces(on: Harness) -> None:
    coin, to = _coin(on), on.stranger()
    first = _signed(on, coin, to)
    on.chain.send(first.raw)
    second = _signed(on, coin, to, fee=10 * FEE)
    assert on.chain.send(second.raw).outcome is Sending.ACCEPTED
    on.mine()
    assert on.chain.facts([second.txid])[second.txid].standing is Standing.MINED
    assert on.chain.facts([first.txid])[first.txid].standing is Standing.GONE
    assert on.paid_to(to) == [COIN]


@on_every_wallet
def test_a_coin_that_is_spent_or_none_is_not_signed_for(on: Harness) -> None:
    coin, to = _coin(on), on.stranger()
    on.chain.send(_signed(on, coin, to).raw)
    on.mine()
    for wrong in (coin, Spend(NOBODY, "vout:0", COIN, coin.address)):
        with pytest.raises(NodeRefused):
            on.chain.sign([wrong], [Pay(to, COIN // 2)], passphrase=None)


@on_every_wallet
def test_what_no_node_would_relay_is_not_signed(on: Harness) -> None:
    coin, to = _coin(on), on.stranger()
    with pytest.raises(NodeRefused) as caught:
        on.chain.sign([coin], [Pay(to, coin.units)], passphrase=None)
    assert caught.value.rpc_code == -26


@on_every_wallet
def test_the_size_is_rather_too_large_than_too_small(on: Harness) -> None:
    coins = [_coin(on), _coin(on)]
    change = on.chain.change_address().address
    pays = [Pay(on.stranger(), COIN), Pay(change, 3 * COIN - FEE)]
    told = on.chain.tx_size(coins, pays)
    size = on.chain.sign(coins, pays, passphrase=None).size
    assert size <= told <= size * 110 // 100


@on_every_wallet
def test_the_least_rate_is_one_that_the_node_takes(on: Harness) -> None:
    floor, estimate = on.chain.fee_floor(), on.chain.fee_rate(blocks=6)
    assert floor > 0
    assert estimate is None or estimate > 0
    coin = _coin(on)
    pays = [Pay(on.stranger(), COIN)]
    fee = -(-floor * on.chain.tx_size([coin], [*pays, pays[0]]) // 1000)
    pays.append(Pay(on.chain.change_address().address, coin.units - COIN - fee))
    assert on.chain.send(on.chain.sign([coin], pays, passphrase=None).raw).outcome is (
        Sending.ACCEPTED
    )


@on_every_wallet
def test_dust_is_what_the_node_takes_and_not_much_more(on: Harness) -> None:
    coin, to = _coin(on), on.stranger()
    dust = on.chain.dust(to)
    assert 0 < dust < 10_000
    rest = Pay(on.chain.change_address().address, coin.units - dust - FEE)
    signed = on.chain.sign([coin], [Pay(to, dust), rest], passphrase=None)
    assert on.chain.send(signed.raw).outcome is Sending.ACCEPTED


@on_every_wallet
def test_addresses_are_ours_a_stranger_s_or_none(on: Harness) -> None:
    ours, change, other = (
        on.chain.new_addresses(1)[0].address,
        on.chain.change_address(),
        on.stranger(),
    )
    assert [on.chain.owns(each) for each in (ours, change.address, other)] == [True, True, False]
    assert on.chain.recipient(ours) == Recipient(ours, ours=True)
    assert on.chain.recipient(other) == Recipient(other, ours=False)
    assert on.chain.recipient(other.upper()) == Recipient(other, ours=False)
    assert on.chain.recipient("no-address-at-all") is None
    assert not on.chain.owns("no-address-at-all")
    assert change.script


@on_every_wallet
def test_a_coin_is_received_as_it_is_and_only_from_its_block_on(on: Harness) -> None:
    address = on.chain.new_addresses(1)[0].address
    txid = on.pay(address, COIN)
    (arrival,) = (each for each in on.chain.scan(on.tip()).arrivals if each.txid == txid)
    spend = Spend(txid, arrival.index, COIN, address)
    assert not on.chain.received(spend)
    on.mine()
    assert on.chain.received(spend)
    for wrong in (
        Spend(txid, arrival.index, COIN + 1, address),
        Spend(txid, "vout:9", COIN, address),
        Spend(txid, arrival.index, COIN, on.stranger()),
        Spend(NOBODY, arrival.index, COIN, address),
    ):
        assert not on.chain.received(wrong)
    assert on.chain.received(spend)


@on_every_wallet
def test_a_coin_of_our_own_that_comes_back_is_nobody_s_deposit(on: Harness) -> None:
    """Else a forged row could say that somebody paid in what we paid ourselves."""
    address = on.chain.new_addresses(1)[0].address
    txid = on.pay_ourselves(address, COIN)
    on.mine()
    (coin,) = (each for each in on.chain.coins(on.tip()) if each.address == address)
    assert (coin.txid, coin.units) == (txid, COIN)
    assert not on.chain.received(Spend(txid, coin.index, COIN, address))
