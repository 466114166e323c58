"""The chain over a node that says strange things: errors of two kinds come out, and no others."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.chain import Expectation, Sending, Standing
from engine.config import Currency
from engine.errors import NodeDown, NodeError, NodeRefused
from engine.families.bitcoin import BitcoinChain, open_chain
from engine.families.bitcoin.calls import DEPOSITS
from engine.families.bitcoin.chain import ASKED_ONE_BY_ONE_MAX
from engine.families.bitcoin.raw_tx import read_raw
from tests.nodes.canned import CannedNode
from tests.nodes.currencies import currency_of

RAW = f"0200000001{'ab' * 32}0000000000fdffffff01{'01' * 8}015100000000"  # a coin in, one out
TXID, TIP = "cd" * 32, "ab" * 32
ANYTHING = Expectation(None, None, "rltc1qexample", 0)
QUESTIONS: dict[str, Callable[[BitcoinChain], object]] = {
    "identity": lambda chain: chain.identity(),
    "health": lambda chain: chain.health(ANYTHING, now_s=0),
    "send": lambda chain: chain.send(RAW),
    "scan": lambda chain: chain.scan(TIP),
    "block": lambda chain: chain.block(TIP),
    "facts": lambda chain: chain.facts([TXID]),
    "in_mempool": lambda chain: chain.in_mempool([TXID] * (ASKED_ONE_BY_ONE_MAX + 1)),
    "new_addresses": lambda chain: chain.new_addresses(2),
    "coins": lambda chain: chain.coins(TIP),
    "coins_mark": lambda chain: chain.coins_mark(),
    "spenders": lambda chain: chain.spenders([(TXID, "vout:0")], since=3),
}
METHODS = sorted(DEPOSITS | {"sendrawtransaction"})


@pytest.fixture(scope="module")
def currency(tmp_path_factory: pytest.TempPathFactory) -> Currency:
    return currency_of(tmp_path_factory.mktemp("currency"), "LTC")


@pytest.fixture(scope="module")
def node() -> Iterator[CannedNode]:
    with CannedNode({}) as canned:
        yield canned


@pytest.fixture
def chain(node: CannedNode, currency: Currency) -> Iterator[BitcoinChain]:
    node.replies.clear()
    node.asked.clear()
    opened = open_chain(currency, node.url)
    yield opened
    opened.close()


_KEYS = st.sampled_from(
    ["transactions", "lastblock", "confirmations", "details", "bestblockhash", "height", "hash"]
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=4),
    max_leaves=6,
)


@pytest.mark.parametrize("question", sorted(QUESTIONS))
@given(replies=st.fixed_dictionaries(dict.fromkeys(METHODS, _json)))
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_whatever_a_node_says_only_node_errors_come_out(
    node: CannedNode, chain: BitcoinChain, question: str, replies: dict[str, Any]
) -> None:
    node.replies = replies
    try:
        QUESTIONS[question](chain)
    except NodeError as error:
        assert "secret-word" not in str(error) + error.detail


def test_a_reply_that_cannot_be_read_costs_the_connection(
    node: CannedNode, chain: BitcoinChain
) -> None:
    node.replies["getblockchaininfo"] = {"bestblockhash": "many"}
    before = chain._transport._connection
    with pytest.raises(NodeDown, match="malformed") as caught:
        chain.health(ANYTHING, now_s=0)
    assert "a hash in it is no hash" in caught.value.detail
    assert chain._transport._connection is not before


@pytest.mark.parametrize(
    "reply", [{"confirmations": "many"}, {"confirmations": 3, "blockhash": 7}, [], "gone", {}]
)
def test_nonsense_about_one_chain_tx_says_nothing_about_others(
    node: CannedNode, chain: BitcoinChain, reply: object
) -> None:
    """Rule 10: one poisoned row is parked, and holds up no other."""
    node.replies["gettransaction"] = reply
    before = chain._transport._connection
    (fact,) = chain.facts([TXID]).values()
    assert fact.standing is Standing.UNREADABLE
    assert fact.words
    assert chain._transport._connection is before


def test_a_refusal_keeps_the_connection_and_its_code(node: CannedNode, chain: BitcoinChain) -> None:
    node.replies["gettransaction"] = {"__error__": {"code": -18, "message": "no wallet"}}
    before = chain._transport._connection
    with pytest.raises(NodeRefused) as caught:
        chain.facts([TXID])
    assert caught.value.rpc_code == -18
    assert chain._transport._connection is before


ODD_CODE = {"__error__": {"code": -1, "message": "the peer-to-peer functions are off"}}
LISTED = {"confirmations": 0, "details": []}
IN_A_BLOCK = {"confirmations": 2, "blockhash": TIP, "blockheight": 7, "details": []}


@pytest.mark.parametrize(
    ("told", "in_mempool", "outcome"),
    [
        (None, False, Sending.REFUSED),
        (None, True, Sending.ACCEPTED),
        (LISTED, False, Sending.REFUSED),
        (LISTED, True, Sending.ACCEPTED),
        (IN_A_BLOCK, False, Sending.MINED),
    ],
)
def test_a_broadcast_refused_for_whatever_reason_is_looked_up_by_its_id(
    node: CannedNode,
    chain: BitcoinChain,
    told: dict[str, object] | None,
    *,
    in_mempool: bool,
    outcome: Sending,
) -> None:
    """A code that says nothing of the bytes holds up no other payment, and no word is matched."""
    node.replies["sendrawtransaction"] = ODD_CODE
    txid = json.dumps([read_raw(RAW).txid])
    node.replies["gettransaction"] = {"__by_params__": {} if told is None else {txid: told}}
    node.replies["getmempoolentry"] = {"__by_params__": {txid: {}} if in_mempool else {}}
    reply = chain.send(RAW)
    assert reply.outcome is outcome
    assert "peer-to-peer" in reply.words


def test_a_broadcast_of_which_the_node_tells_nonsense_stays_unknown(
    node: CannedNode, chain: BitcoinChain
) -> None:
    node.replies |= {"sendrawtransaction": ODD_CODE, "gettransaction": {"confirmations": "many"}}
    node.replies["getmempoolentry"] = {"__by_params__": {}}
    with pytest.raises(NodeRefused) as caught:
        chain.send(RAW)
    assert caught.value.rpc_code == -1


def test_a_node_that_knows_no_broadcast_is_not_asked_what_became_of_it(
    node: CannedNode, chain: BitcoinChain
) -> None:
    with pytest.raises(NodeRefused, match="does not know a call"):
        chain.send(RAW)
    assert node.methods() == {"sendrawtransaction"}


def test_a_node_that_refuses_to_tell_of_itself_is_down(
    node: CannedNode, chain: BitcoinChain
) -> None:
    node.replies["getblockchaininfo"] = {"__error__": {"code": -1, "message": "no"}}
    with pytest.raises(NodeDown, match="the node refused a call"):
        chain.health(ANYTHING, now_s=0)


def test_a_block_that_rows_share_is_asked_for_once_a_scan(
    node: CannedNode, chain: BitcoinChain
) -> None:
    rows = [
        {
            "address": "rltc1qexample",
            "category": "receive",
            "amount": 1,
            "vout": vout,
            "confirmations": 1,
            "blockhash": TIP,
            "txid": TXID,
        }
        for vout in range(5)
    ]
    node.replies["listsinceblock"] = {"transactions": rows, "removed": [], "lastblock": TIP}
    node.replies["getblockheader"] = {"height": 7}
    assert {each.block and each.block.height for each in chain.scan(None).arrivals} == {7}
    assert [method for method, _ in node.asked] == ["listsinceblock", "getblockheader"]


def test_many_are_looked_up_in_one_list_of_the_mempool(
    node: CannedNode, chain: BitcoinChain
) -> None:
    few = [f"{number:064x}" for number in range(ASKED_ONE_BY_ONE_MAX)]
    node.replies["getmempoolentry"] = {"__by_params__": {json.dumps([few[3]]): {"vsize": 1}}}
    assert chain.in_mempool(few) == {few[3]}
    assert chain.calls() == ASKED_ONE_BY_ONE_MAX
    node.replies["getrawmempool"] = [TXID, few[3]]
    assert chain.in_mempool([*few, TXID]) == {few[3], TXID}
    assert chain.calls() == ASKED_ONE_BY_ONE_MAX + 1


def test_the_first_block_after_a_fork_is_asked_where_a_chain_has_one(
    node: CannedNode, tmp_path: Path
) -> None:
    bch = currency_of(tmp_path, "BCH", network="main")
    node.replies.clear()
    genesis, fork = "11" * 32, "22" * 32
    node.replies["getblockhash"] = {"__by_params__": {"[0]": genesis, "[478559]": fork}}
    chain = open_chain(bch, node.url)
    assert (chain.identity().genesis, chain.identity().fork) == (genesis, fork)
    too_high = {"__error__": {"code": -8, "message": "Block height out of range"}}
    node.replies["getblockhash"]["__by_params__"]["[478559]"] = too_high
    assert chain.identity().fork is None
    chain.close()
