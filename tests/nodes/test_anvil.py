"""The EVM node that other tests stand on does what it says."""

from __future__ import annotations

import pytest

from tests.nodes.anvil import CHAIN_ID, Anvil
from tests.nodes.rpc import RpcError

pytestmark = pytest.mark.node

ETH = 10**18
OURS = "0x00000000000000000000000000000000000c1137"


def _place(anvil: Anvil, txid: str) -> str | None:
    receipt = anvil.receipt(txid)
    return None if receipt is None else str(receipt["blockHash"])


def test_nothing_is_mined_before_somebody_mines(anvil: Anvil) -> None:
    before, height = anvil.balance(OURS), anvil.height()
    txid = anvil.pay(OURS, ETH)
    assert (anvil.receipt(txid), anvil.height()) == (None, height)
    block = anvil.mine()[0]
    assert _place(anvil, txid) == block
    assert anvil.balance(OURS) - before == ETH
    assert int(anvil.rpc("eth_chainId"), 16) == CHAIN_ID


def test_a_block_holds_only_what_it_is_told_to(anvil: Anvil) -> None:
    waits = anvil.send(OURS, wei=1, by=anvil.stranger(1))
    only = anvil.send(OURS, wei=2, by=anvil.stranger(2))
    block = anvil.mine_only(anvil.raw(only))
    assert (_place(anvil, only), _place(anvil, waits)) == (block, None)
    following = anvil.mine()[0]
    assert _place(anvil, waits) == following


def test_a_reorg_brings_chain_txs_back_to_the_pool_or_forgets_them(own_anvil: Anvil) -> None:
    paid = own_anvil.pay(OURS, ETH)
    old = own_anvil.mine(3)
    own_anvil.reorg(3)
    assert own_anvil.height() == 4
    assert own_anvil.rpc("eth_getBlockByHash", old[0], False) is None
    assert own_anvil.receipt(paid) is None
    mined_again = own_anvil.mine()[0]
    assert _place(own_anvil, paid) == mined_again
    own_anvil.reorg(1, forget=True)
    assert own_anvil.rpc("eth_getTransactionByHash", paid) is None


def test_a_reorg_can_hold_other_chain_txs(own_anvil: Anvil) -> None:
    paid = own_anvil.pay(OURS, ETH)
    raw = own_anvil.raw(paid)
    own_anvil.mine(2)
    own_anvil.reorg(2, first=[raw], length=3)
    assert _place(own_anvil, paid) == own_anvil.hash_at(1)
    assert own_anvil.height() == 3


def test_a_reorg_in_place_keeps_the_height(own_anvil: Anvil) -> None:
    paid = own_anvil.pay(OURS, ETH)
    (old,) = own_anvil.mine()
    own_anvil.reorg_in_place(1)
    assert own_anvil.height() == 1
    assert own_anvil.tip() != old
    assert own_anvil.rpc("eth_getTransactionByHash", paid) is None
    own_anvil.rollback(1)
    assert own_anvil.height() == 0


def test_a_sender_can_replace_what_waits(anvil: Anvil) -> None:
    first = anvil.pay(OURS, ETH)
    second = anvil.replace(first, OURS, 2 * ETH)
    anvil.mine()
    assert anvil.receipt(first) is None
    assert anvil.receipt(second) is not None


def test_a_dropped_chain_tx_is_gone_until_it_is_sent_again(anvil: Anvil) -> None:
    txid = anvil.pay(OURS, 1)
    raw = anvil.raw(txid)
    anvil.drop(txid)
    anvil.mine()
    assert anvil.receipt(txid) is None
    assert anvil.broadcast(raw) == [txid]
    with pytest.raises(RpcError, match="already imported"):
        anvil.broadcast(raw)
    anvil.mine()
    assert anvil.receipt(txid) is not None


def test_what_is_put_back_may_be_there_already(own_anvil: Anvil) -> None:
    """An engine that runs while the chain turns sends its own again."""
    raw = own_anvil.raw(own_anvil.pay(OURS, ETH))
    own_anvil._put_back(raw)
    own_anvil.mine()
    own_anvil._put_back(raw)
    assert own_anvil.balance(OURS) == ETH


def test_blocks_outlive_an_orderly_end_and_not_a_power_cut(own_anvil: Anvil) -> None:
    own_anvil.pay(OURS, ETH)
    (block,) = own_anvil.mine()
    own_anvil.restart()
    assert (own_anvil.tip(), own_anvil.balance(OURS)) == (block, ETH)
    own_anvil.mine()
    own_anvil.kill()
    own_anvil.start()
    assert own_anvil.tip() == block
    assert own_anvil.balance(OURS, "0x0") == 0


def test_a_frozen_node_answers_again(own_anvil: Anvil) -> None:
    own_anvil.freeze()
    own_anvil.thaw()
    assert own_anvil.height() == 0


def test_anybody_can_be_acted_for_and_be_made_rich(anvil: Anvil) -> None:
    somebody = "0x00000000000000000000000000000000005ca1ab"
    anvil.set_balance(somebody, 5 * ETH)
    anvil.send(OURS, wei=ETH, by=somebody)
    anvil.mine()
    assert 3 * ETH < anvil.balance(somebody) < 4 * ETH
    anvil.set_code(somebody, "0x00")
    assert anvil.rpc("eth_getCode", somebody, "latest") == "0x00"


def test_time_base_fee_and_fee_recipient_can_be_set(own_anvil: Anvil) -> None:
    taker = "0x00000000000000000000000000000000000fee00"
    later = int(own_anvil.block("latest")["timestamp"], 16) + 86_400
    own_anvil.set_fee_recipient(taker)
    own_anvil.set_next_time(later)
    own_anvil.set_next_base_fee(7)
    own_anvil.pay(OURS, 1)
    own_anvil.mine()
    block = own_anvil.block("latest")
    assert (int(block["timestamp"], 16), int(block["baseFeePerGas"], 16)) == (later, 7)
    assert own_anvil.balance(taker) > 0


def test_a_snapshot_can_be_gone_back_to_once(own_anvil: Anvil) -> None:
    kept = own_anvil.snapshot()
    own_anvil.mine(2)
    own_anvil.revert(kept)
    assert own_anvil.height() == 0
    with pytest.raises(RuntimeError, match="no such snapshot"):
        own_anvil.revert(kept)
