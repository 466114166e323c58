"""The contracts of the tests do on a real node what their sources say of them."""

from __future__ import annotations

import json

import pytest

from tests.nodes import contracts
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import Contract, build
from tests.nodes.rpc import RpcError

ETH = 10**18
TRANSFER = "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
OURS = "0x00000000000000000000000000000000000dec0d"
OTHER = "0x0000000000000000000000000000000000007e57"


def test_the_compiled_code_was_made_of_these_sources() -> None:
    made = json.loads(build.KEPT.read_text(encoding="utf-8"))
    assert made["made_of"] == build.hashes(), "make contracts"
    assert json.loads(build.TOKEN.read_text(encoding="utf-8")) == build.token(made)


def _logged(node: Anvil, txid: str) -> list[int]:
    """Values of the Transfer logs of a mined chain tx that succeeded."""
    receipt = node.receipt(txid)
    assert receipt is not None
    assert receipt["status"] == "0x1"
    return [int(log["data"], 16) for log in receipt["logs"] if log["topics"][0] == TRANSFER]


def _failed(node: Anvil, txid: str) -> bool:
    receipt = node.receipt(txid)
    assert receipt is not None
    return bool(receipt["status"] == "0x0" and receipt["logs"] == [])


def _grown(token: Contract, function: str, *values: object) -> tuple[int, list[int]]:
    """What a call did for our balance, and what it logged."""
    before = token.read("balanceOf", OURS)
    txid = token.send(function, *values)
    token.node.mine()
    assert isinstance(token.node, Anvil)
    return token.read("balanceOf", OURS) - before, _logged(token.node, txid)


@pytest.mark.node
@pytest.mark.parametrize(
    ("name", "came", "logged"),
    [
        ("Good", 1_000_000, [1_000_000]),
        ("FeeToken", 980_000, [1_000_000]),
        ("FalseToken", 0, []),
        ("LiarToken", 0, [1_000_000]),
        ("NoReturnToken", 1_000_000, [1_000_000]),
        ("RebasingToken", 1_000_000, [1_000_000]),
    ],
)
def test_a_token_moves_and_logs_in_its_own_way(
    anvil: Anvil, name: str, came: int, logged: list[int]
) -> None:
    token = contracts.deploy(anvil, name)
    assert token.read("decimals") == 6
    assert _grown(token, "transfer", OURS, 1_000_000) == (came, logged)


@pytest.mark.node
def test_a_stranger_can_log_a_move_of_nothing_between_others(anvil: Anvil) -> None:
    token = contracts.deploy(anvil, "Good")
    txid = token.send("transferFrom", OURS, OTHER, 0, by=anvil.stranger(3))
    anvil.mine()
    assert _logged(anvil, txid) == [0]


@pytest.mark.node
def test_a_token_pays_several_in_one_chain_tx_or_takes_all_of_it_back(anvil: Anvil) -> None:
    token = contracts.deploy(anvil, "Good")
    many = token.send("transferMany", [OURS, OTHER, OURS], 5)
    undone = token.send("transferAndRevert", OURS, 7, gas=200_000)
    anvil.mine()
    assert _logged(anvil, many) == [5, 5, 5]
    assert _failed(anvil, undone)
    assert token.read("balanceOf", OURS) == 10


@pytest.mark.node
def test_a_balance_can_change_without_a_log(anvil: Anvil) -> None:
    token = contracts.deploy(anvil, "RebasingToken")
    _grown(token, "transfer", OURS, 200)
    assert _grown(token, "rebase", 150) == (100, [])


@pytest.mark.node
def test_a_contract_pays_several_without_naming_them(anvil: Anvil) -> None:
    splitter = contracts.deploy(anvil, "Splitter")
    before = anvil.balance(OURS), anvil.balance(OTHER)
    txid = splitter.send("pay", [OURS, OTHER], wei=ETH)
    anvil.mine()
    assert _logged(anvil, txid) == []
    assert (anvil.balance(OURS), anvil.balance(OTHER)) == tuple(b + ETH // 2 for b in before)


@pytest.mark.node
def test_a_payment_that_is_undone_pays_nobody_though_it_may_succeed(anvil: Anvil) -> None:
    splitter = contracts.deploy(anvil, "Splitter")
    before = anvil.balance(OURS)
    whole = splitter.send("payAndRevert", OURS, wei=ETH, gas=200_000)
    inner = splitter.send("tryInner", OURS, wei=ETH, gas=200_000)
    anvil.mine()
    frames = [row for row in anvil.rpc("trace_block", "latest") if row["transactionHash"] == inner]
    assert [(row["traceAddress"], row.get("error")) for row in frames] == [
        ([], None),
        ([0], "Reverted"),
        ([0, 0], None),
    ]
    assert _failed(anvil, whole)
    assert _logged(anvil, inner) == []
    assert (anvil.balance(OURS), anvil.balance(splitter.address)) == (before, ETH)


@pytest.mark.node
def test_a_dying_contract_sends_what_it_has(anvil: Anvil) -> None:
    bomb = contracts.deploy(anvil, "Bomb", wei=ETH)
    before = anvil.balance(OURS)
    bomb.send("blow", OURS)
    anvil.mine()
    assert anvil.balance(OURS) - before == ETH


@pytest.mark.node
def test_some_contracts_take_no_plain_payment(anvil: Anvil) -> None:
    refuser, hungry = contracts.deploy(anvil, "Refuser"), contracts.deploy(anvil, "Hungry")
    payment = {"from": anvil.stranger(), "value": hex(ETH)}
    with pytest.raises(RpcError, match="no ETH here"):
        anvil.rpc("eth_estimateGas", {**payment, "to": refuser.address})
    refused = anvil.send(refuser.address, wei=ETH, gas=21_000)
    starved = anvil.send(hungry.address, wei=ETH, gas=21_000)
    anvil.mine()
    assert _failed(anvil, refused)
    assert _failed(anvil, starved)
    anvil.pay(hungry.address, ETH)
    anvil.mine()
    assert anvil.balance(hungry.address) == ETH


@pytest.mark.node
def test_a_forwarder_pays_its_target_and_its_bare_code_burns(own_anvil: Anvil) -> None:
    forwarder = contracts.deploy(own_anvil, "Forwarder", OTHER)
    own_anvil.pay(forwarder.address, ETH)
    own_anvil.mine()
    assert own_anvil.balance(OTHER) == ETH
    own_anvil.set_code(OURS, contracts.runtime("Forwarder"))
    burnt = own_anvil.pay(OURS, ETH)
    own_anvil.mine()
    assert _logged(own_anvil, burnt) == []
    assert own_anvil.balance(OURS) == 0
