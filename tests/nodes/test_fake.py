"""The fake chain keeps to the rules of a real one, and the same seed lives the same life."""

from __future__ import annotations

import pytest

from engine.chain import Standing
from engine.errors import NodeDown
from tests.nodes.fake import FakeChain


def _life(seed: int) -> list[str]:
    chain = FakeChain(seed=seed)
    first = chain.pay(chain.address(), 5)
    chain.bump(first)
    chain.mine(2)
    chain.reorg(1)
    return [*chain.active, *chain.txs]


def test_the_same_seed_gives_the_same_chain() -> None:
    assert _life(3) == _life(3)
    assert _life(3) != _life(4)


def test_two_chain_txs_that_spend_one_coin_are_never_both_mined() -> None:
    chain = FakeChain()
    paid = chain.pay(chain.address(), 5)
    cheat = chain.double_spend(paid)
    chain.mine(txids=[cheat])
    assert chain.mempool == []
    with pytest.raises(ValueError, match="cannot be mined"):
        chain.mine(txids=[paid])


def test_what_stands_on_a_dead_chain_tx_is_dead() -> None:
    chain = FakeChain()
    parent = chain.pay(chain.address(), 5)
    child = chain.pay(chain.address(), 4, inputs=[f"{parent}:0"], own=True)
    chain.mine(txids=[chain.double_spend(parent)])
    assert chain.facts([child])[child].standing is Standing.GONE


def test_a_fault_comes_once_and_is_counted() -> None:
    chain = FakeChain()
    chain.fail(NodeDown("cut"), after=1)
    chain.scan(None)
    with pytest.raises(NodeDown, match="cut"):
        chain.scan(None)
    assert chain.scan(None).tip_hash == chain.tip.hash
    assert chain.faults_hit == 1


def test_a_node_that_lags_shows_a_lower_tip_and_the_mined_as_unconfirmed() -> None:
    chain = FakeChain()
    txid = chain.pay(chain.address(), 5)
    chain.mine(3)
    chain.lag = 3
    scan = chain.scan(None)
    assert (scan.tip_hash, scan.unconfirmed) == (chain.active[0], frozenset({txid}))


def test_a_restored_wallet_hands_out_the_same_addresses() -> None:
    chain = FakeChain()
    before = chain.new_addresses(3)
    chain.restore_backup()
    assert chain.new_addresses(4)[:3] == before
