"""The coins that a chain counts, by the suite that all chains share."""

from __future__ import annotations

import pytest

from engine.chain import Standing, Unspent
from engine.errors import TipMoved
from tests.engine.test_chain_conformance import (
    NOBODY,
    _address,
    _arrivals,
    on,
    on_chains_with,
)
from tests.nodes.harness import Ability, Harness

__all__ = ["on"]


def _coins(on: Harness, *txids: str) -> dict[str, Unspent]:
    return {coin.txid: coin for coin in on.chain.coins(on.tip()) if coin.txid in txids}


@on_chains_with(Ability.PAY)
def test_a_coin_counts_from_its_first_block_on(on: Harness) -> None:
    address = _address(on)
    txid = on.pay(address, 150_000_000)
    assert _coins(on, txid) == {}
    on.mine()
    (coin,) = _coins(on, txid).values()
    assert (coin.address, coin.units, coin.height) == (address, 150_000_000, on.height())
    assert (coin.currency, coin.generated, coin.spender) == ("LTC", False, None)
    (arrival,) = _arrivals(on, None, txid)
    assert coin.coin == (arrival.txid, arrival.index)


@on_chains_with(Ability.PAY)
def test_coins_are_counted_at_the_tip_or_not_at_all(on: Harness) -> None:
    old = on.tip()
    on.mine()
    for block_hash in (old, NOBODY):
        with pytest.raises(TipMoved):
            on.chain.coins(block_hash)


@on_chains_with(Ability.PAY)
def test_the_mark_of_the_coins_changes_with_them_and_not_with_the_tip(on: Harness) -> None:
    before = on.chain.coins_mark()
    on.mine()
    assert on.chain.coins_mark() == before
    on.pay(_address(on), 100_000_000)
    on.mine()
    assert on.chain.coins_mark() != before


@on_chains_with(Ability.COINBASE)
def test_an_immature_reward_is_a_coin(on: Harness) -> None:
    txid = on.coinbase(_address(on))
    on.mine()
    (coin,) = _coins(on, txid).values()
    assert coin.generated
    assert (coin.height, coin.units) == (on.height() - 1, _arrivals(on, None, txid)[0].units)


@on_chains_with(Ability.REORG)
def test_a_coin_whose_block_left_the_chain_does_not_count(on: Harness) -> None:
    txid = on.pay(_address(on), 100_000_000)
    on.mine()
    assert _coins(on, txid)
    on.reorg(1)
    assert _coins(on, txid) == {}


@on_chains_with(Ability.OWN_SEND)
def test_a_coin_counts_until_a_block_spends_it_and_names_its_spender(on: Harness) -> None:
    paid = on.pay(_address(on), 200_000_000)
    on.mine()
    (coin,) = _coins(on, paid).values()
    spender = on.spend_ours(paid, on.stranger(), 100_000_000)
    (spent_outside,) = _coins(on, paid).values()
    assert (spent_outside.units, spent_outside.height) == (coin.units, coin.height)
    assert spent_outside.spender == spender
    assert on.chain.spenders([coin.coin], since=coin.height)[coin.coin].txid == spender
    on.mine()
    assert _coins(on, paid) == {}
    fact = on.chain.spenders([coin.coin, (NOBODY, "vout:0")], since=coin.height)[coin.coin]
    assert (fact.txid, fact.standing) == (spender, Standing.MINED)
    assert on.chain.spenders([coin.coin], since=on.height() + 1) == {}
