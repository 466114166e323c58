"""The embedded chain answers as a real node does: each claim is held against anvil, too."""

from __future__ import annotations

from typing import Any

import pytest

from tests.nodes import contracts
from tests.nodes.anvil import CHAIN_ID, Anvil
from tests.nodes.rpc import RpcError

ETH = 10**18
OURS = "0x00000000000000000000000000000000000e3bed"
OTHER = "0x000000000000000000000000000000000000ffff"
UNKNOWN = f"0x{'11' * 32}"


@pytest.fixture(params=["embedded", pytest.param("anvil", marks=pytest.mark.node)])
def node(request: pytest.FixtureRequest) -> Anvil:
    running: Anvil = request.getfixturevalue(request.param)
    return running


def _shape(value: object) -> object:
    """What fields there are, and of what kind: a quantity, bytes of a length, null, a list."""
    if isinstance(value, dict):
        return {key: _shape(each) for key, each in value.items() if key not in {"r", "s"}}
    if isinstance(value, list):
        return [_shape(each) for each in value[:1]]
    if isinstance(value, str) and len(value) > 20:
        return len(value)
    return type(value)


def _without(shape: object, real: object) -> object:
    """The real shape less the fields that `shape` lacks: a node may say more."""
    if isinstance(shape, dict) and isinstance(real, dict):
        return {key: _without(shape[key], real[key]) for key in real if key in shape}
    if isinstance(shape, list) and isinstance(real, list):
        return [_without(ours, theirs) for ours, theirs in zip(shape, real, strict=True)]
    return real


def _mined(node: Anvil, txid: str) -> dict[str, Any]:
    node.mine()
    receipt = node.receipt(txid)
    assert receipt is not None
    return receipt


def _facts(node: Anvil) -> dict[str, Any]:
    """What a node says of one block with a payment and a move of tokens in it."""
    token = contracts.deploy(node, "Good")
    paid = node.pay(OURS, ETH)
    waiting = node.rpc("eth_getTransactionByHash", paid)
    receipt = _mined(node, token.send("transfer", OURS, 5))
    block = receipt["blockHash"]
    return {
        "block": node.rpc("eth_getBlockByHash", block, True),
        "block of hashes": node.rpc("eth_getBlockByNumber", "latest", False),
        "chain tx": node.rpc("eth_getTransactionByHash", paid),
        "waiting": waiting,
        "receipt": receipt,
        "logs": node.rpc("eth_getLogs", {"blockHash": block}),
        "receipts": node.rpc("eth_getBlockReceipts", "latest"),
        "fees": node.rpc("eth_feeHistory", "0x2", "latest", [50]),
    }


@pytest.mark.node
def test_what_it_tells_has_the_form_that_a_real_node_gives_it(
    embedded: Anvil, anvil: Anvil
) -> None:
    ours, theirs = _shape(_facts(embedded)), _shape(_facts(anvil))
    assert ours == _without(ours, theirs)


def test_a_payment_waits_is_mined_and_counts(node: Anvil) -> None:
    before, nonce = node.balance(OURS), _nonce(node, "latest")
    txid = node.pay(OURS, ETH)
    assert node.receipt(txid) is None
    assert (_nonce(node, "latest"), _nonce(node, "pending")) == (nonce, nonce + 1)
    receipt = _mined(node, txid)
    assert (receipt["status"], int(receipt["gasUsed"], 16)) == ("0x1", 21_000)
    assert node.balance(OURS) - before == ETH
    assert node.balance(OURS, hex(node.height() - 1)) == before
    assert int(node.rpc("eth_chainId"), 16) == CHAIN_ID


def _nonce(node: Anvil, tag: str) -> int:
    return int(node.rpc("eth_getTransactionCount", node.accounts[0], tag), 16)


def test_gas_is_paid_to_the_wei(node: Anvil) -> None:
    payer = node.accounts[4]
    before = node.balance(payer)
    receipt = _mined(node, node.send(OURS, wei=5, by=payer))
    cost = int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16)
    assert before - node.balance(payer) == cost + 5


def test_a_balance_is_told_of_the_block_that_is_named(node: Anvil) -> None:
    before = node.balance(OURS)
    (first,) = _blocks_with_payments(node, 1)
    node.pay(OURS, ETH)
    node.mine()
    at_first = node.rpc("eth_getBalance", OURS, {"blockHash": first})
    assert int(at_first, 16) == before + ETH
    assert node.balance(OURS) == before + 2 * ETH


def _blocks_with_payments(node: Anvil, count: int) -> list[str]:
    hashes = []
    for _ in range(count):
        node.pay(OURS, ETH)
        hashes += node.mine()
    return hashes


def test_logs_are_found_by_block_contract_and_topic(node: Anvil) -> None:
    token = contracts.deploy(node, "Good")
    receipt = _mined(node, token.send("transferMany", [OURS, OTHER], 7))
    block = receipt["blockHash"]
    to_ours = f"0x{OURS[2:].rjust(64, '0')}"
    transfer = receipt["logs"][0]["topics"][0]
    wanted: list[tuple[dict[str, Any], int]] = [
        ({}, 2),
        ({"address": token.address}, 2),
        ({"address": [OTHER]}, 0),
        ({"topics": [transfer]}, 2),
        ({"topics": [transfer, None, to_ours]}, 1),
        ({"topics": [transfer, None, [to_ours, UNKNOWN]]}, 1),
    ]
    for extra, count in wanted:
        found = node.rpc("eth_getLogs", {"blockHash": block, **extra})
        assert len(found) == count, extra
    by_height = {"fromBlock": receipt["blockNumber"], "toBlock": receipt["blockNumber"]}
    assert node.rpc("eth_getLogs", by_height) == receipt["logs"]


def test_what_is_unknown_is_null_or_refused(node: Anvil) -> None:
    for method, *params in (
        ("eth_getTransactionByHash", UNKNOWN),
        ("eth_getTransactionReceipt", UNKNOWN),
        ("eth_getBlockByHash", UNKNOWN, False),
        ("eth_getBlockByNumber", hex(node.height() + 1), False),
    ):
        assert node.rpc(method, *params) is None
    with pytest.raises(RpcError, match="unknown block"):
        node.rpc("eth_getLogs", {"blockHash": UNKNOWN})
    for state in (hex(node.height() + 1), {"blockHash": UNKNOWN}):
        with pytest.raises(RpcError):
            node.rpc("eth_getBalance", OURS, state)
    with pytest.raises(RpcError) as refused:
        node.rpc("eth_noSuchCall")
    assert refused.value.code == -32601
    with pytest.raises(RpcError) as garbled:
        node.rpc("eth_getBalance", "0x12", "latest")
    assert garbled.value.code == -32602


def test_a_reverting_call_says_why(node: Anvil) -> None:
    refuser = contracts.deploy(node, "Refuser")
    payment = {"from": node.accounts[0], "to": refuser.address, "value": "0x1"}
    for method in ("eth_call", "eth_estimateGas"):
        with pytest.raises(RpcError, match="execution reverted: no ETH here") as refused:
            node.rpc(method, payment)
        assert refused.value.code == 3
    receipt = _mined(node, node.send(refuser.address, wei=1, gas=50_000))
    assert receipt["status"] == "0x0"


def test_gas_is_estimated_so_that_it_is_enough(node: Anvil) -> None:
    hungry = contracts.deploy(node, "Hungry")
    payment = {"from": node.accounts[0], "to": hungry.address, "value": "0x1"}
    enough = int(node.rpc("eth_estimateGas", payment), 16)
    assert enough > 60_000
    assert _mined(node, node.send(hungry.address, wei=1, gas=enough))["status"] == "0x1"
    plain = {"from": node.accounts[0], "to": OURS, "value": "0x1"}
    assert int(node.rpc("eth_estimateGas", plain), 16) == 21_000


def test_inner_payments_show_in_balances_only(node: Anvil) -> None:
    splitter = contracts.deploy(node, "Splitter")
    before = node.balance(OURS)
    paid = _mined(node, splitter.send("pay", [OURS, OTHER], wei=2 * ETH))
    assert (paid["logs"], node.balance(OURS) - before) == ([], ETH)
    undone = _mined(node, splitter.send("tryInner", OURS, wei=ETH))
    assert (undone["status"], node.balance(OURS) - before) == ("0x1", ETH)


def test_the_same_bytes_are_the_same_chain_tx(node: Anvil) -> None:
    txid = node.pay(OURS, ETH)
    raw = node.raw(txid)
    with pytest.raises(RpcError, match=r"already (known|imported)"):
        node.broadcast(raw)
    node.mine()
    with pytest.raises(RpcError, match="nonce too low"):
        node.broadcast(raw)


def test_a_gap_of_nonces_waits_until_it_is_filled(node: Anvil) -> None:
    payer = node.accounts[5]
    nonce = int(node.rpc("eth_getTransactionCount", payer, "latest"), 16)
    later = node.send(OURS, wei=1, by=payer, fields={"nonce": hex(nonce + 1)})
    assert int(node.rpc("txpool_status")["queued"], 16) == 1
    node.mine()
    assert node.receipt(later) is None
    node.send(OURS, wei=1, by=payer, fields={"nonce": hex(nonce)})
    node.mine()
    assert node.receipt(later) is not None


def test_a_chain_tx_is_replaced_by_one_that_pays_more(node: Anvil) -> None:
    first = node.pay(OURS, ETH)
    nonce = node.rpc("eth_getTransactionByHash", first)["nonce"]
    with pytest.raises(RpcError, match="underpriced"):
        node.send(OTHER, wei=ETH, fields={"nonce": nonce})
    second = node.replace(first, OTHER, ETH)
    assert node.rpc("eth_getTransactionByHash", first) is None
    assert _mined(node, second)["status"] == "0x1"
    assert node.receipt(first) is None


def test_who_has_not_enough_is_refused(node: Anvil) -> None:
    with pytest.raises(RpcError, match=r"(?i)insufficient funds"):
        node.send(OURS, wei=1_000_000 * ETH)


def test_a_reorg_brings_chain_txs_back_or_forgets_them(node: Anvil) -> None:
    height = node.height()
    paid = node.pay(OURS, ETH)
    old = node.mine(3)
    node.reorg(3)
    assert node.height() == height + 4
    assert node.rpc("eth_getBlockByHash", old[0], False) is None
    assert node.receipt(paid) is None
    assert _mined(node, paid)["status"] == "0x1"
    node.reorg_in_place(1)
    assert node.height() == height + 5
    assert node.rpc("eth_getTransactionByHash", paid) is None


def test_a_snapshot_brings_height_and_balances_back(node: Anvil) -> None:
    kept, height, before = node.snapshot(), node.height(), node.balance(OURS)
    _blocks_with_payments(node, 2)
    node.revert(kept)
    assert (node.height(), node.balance(OURS)) == (height, before)


def test_blocks_know_their_parents_and_time_goes_on(node: Anvil) -> None:
    later = int(node.block("latest")["timestamp"], 16) + 3_600
    node.set_next_time(later)
    first, second = node.mine(2)
    block = node.rpc("eth_getBlockByHash", second, False)
    assert block["parentHash"] == first
    assert int(block["timestamp"], 16) > later - 1
    for tag in ("safe", "finalized", "earliest"):
        assert int(node.block(tag)["number"], 16) <= node.height()
