"""A coin is shown by its chain tx alone, in a block of the active chain, whatever states the node
has forgotten; a copy, another's coin and our own sends are none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from engine.chain import Spend
from engine.errors import NodeDown
from engine.sending import Send
from tests.engine.families.evm.doctored import doctored, refused, with_field
from tests.nodes.anvil import Anvil
from tests.nodes.contracts import deploy
from tests.nodes.payer_hands import EvmPayerHands, signed

pytestmark = pytest.mark.node
UNITS = 1_000_000


@pytest.fixture
def on(anvil: Anvil, tmp_path: Path) -> Iterator[EvmPayerHands]:
    with closing(EvmPayerHands.open(anvil, tmp_path, kinds=("LIAR",))) as hands:
        yield hands


def _coin(on: EvmPayerHands) -> Spend:
    txid = on.node.pay(on.deposit, UNITS)
    on.mine()
    return Spend(txid, "tx", UNITS, on.deposit)


def _token(on: EvmPayerHands) -> Spend:
    txid = on.tokens["GOOD"].send("transfer", on.deposit, UNITS)
    on.mine()
    return Spend(txid, "log:0", UNITS, on.deposit)


def test_coins_and_tokens_that_came_are_shown(on: EvmPayerHands) -> None:
    assert on.payer.received(_coin(on), currency="ETH")
    assert on.payer.received(_token(on), currency="GOOD")


def test_no_state_is_asked_for(on: EvmPayerHands) -> None:
    spends = [(_coin(on), "ETH"), (_token(on), "GOOD")]
    chain, node = doctored(on)
    node.changes = {each: refused() for each in ("eth_call", "eth_getBalance", "eth_getCode")}
    with closing(chain):
        assert all(chain.received(spend, currency=currency) for spend, currency in spends)


def test_another_amount_address_place_or_currency_is_another_coin(on: EvmPayerHands) -> None:
    coin, token = _coin(on), _token(on)
    for other in (
        replace(coin, units=UNITS + 1),
        replace(coin, units=UNITS - 1),
        replace(coin, address=on.hot),
        replace(coin, address=on.stranger()),
        replace(coin, index="log:0"),
        replace(coin, index="call:0"),
        replace(coin, index="balance:x"),
        replace(coin, txid=token.txid),
        replace(coin, txid="block:" + coin.txid),
        replace(coin, txid=""),
    ):
        assert not on.payer.received(other, currency="ETH"), other
    for other in (
        replace(token, units=UNITS + 1),
        replace(token, address=on.hot),
        replace(token, index="tx"),
        replace(token, index="log:1"),
        replace(token, index="log:-1"),
        replace(token, index="log:x"),
    ):
        assert not on.payer.received(other, currency="GOOD"), other
    assert not on.payer.received(coin, currency="GOOD")
    assert not on.payer.received(token, currency="ETH")
    assert not on.payer.received(token, currency="LIAR")
    assert not on.payer.received(token, currency="BTC")


def test_less_than_the_log_says_is_shown_by_it(on: EvmPayerHands) -> None:
    token = _token(on)
    assert on.payer.received(replace(token, units=UNITS - 1), currency="GOOD")


def test_what_failed_or_waits_or_left_the_chain_is_not_shown(on: EvmPayerHands) -> None:
    txid = on.tokens["GOOD"].send("transferAndRevert", on.deposit, UNITS, gas=200_000)
    on.mine()
    assert not on.payer.received(Spend(txid, "log:0", UNITS, on.deposit), currency="GOOD")
    waiting = on.node.pay(on.deposit, UNITS)
    coin = Spend(waiting, "tx", UNITS, on.deposit)
    assert not on.payer.received(coin, currency="ETH")
    on.mine()
    assert on.payer.received(coin, currency="ETH")
    on.reorg(1)
    assert not on.payer.received(coin, currency="ETH")


def test_what_we_sent_ourselves_is_no_coin_that_came(on: EvmPayerHands) -> None:
    made = signed(on, Send(on.hot, "ETH", on.deposit, UNITS))
    on.payer.send(made.raw)
    on.mine()
    assert not on.payer.received(Spend(made.txid, "tx", UNITS, on.deposit), currency="ETH")


def test_a_call_of_a_contract_is_shown_where_the_node_traces(
    on: EvmPayerHands, anvil: Anvil
) -> None:
    start = anvil.tip()
    deploy(anvil, "Splitter").send("pay", [on.deposit], wei=UNITS)
    on.mine()
    (seen,) = on.payer.scan(start).arrivals
    coin = Spend(seen.txid, seen.index, UNITS, on.deposit)
    assert seen.index.startswith("call:")
    assert on.payer.received(coin, currency="ETH")
    assert not on.payer.received(replace(coin, index="call:7"), currency="ETH")
    assert not on.payer.received(replace(coin, units=1), currency="ETH")


@pytest.mark.parametrize("method", ["eth_getTransactionReceipt", "eth_getTransactionByHash"])
@pytest.mark.parametrize("value", [5, "0x", [], {}])
def test_answers_of_nonsense_are_a_node_that_is_down(
    on: EvmPayerHands, method: str, value: object
) -> None:
    coin = _coin(on)
    chain, node = doctored(on)
    node.changes[method] = lambda _answer: value
    with closing(chain), suppress(NodeDown):
        assert not chain.received(coin, currency="ETH")


@pytest.mark.parametrize("name", ["status", "from", "blockHash", "blockNumber", "logs"])
def test_a_receipt_of_nonsense_is_a_node_that_is_down(on: EvmPayerHands, name: str) -> None:
    token = _token(on)
    chain, node = doctored(on)
    node.changes["eth_getTransactionReceipt"] = with_field(name, 5)
    with closing(chain), pytest.raises(NodeDown):
        chain.received(token, currency="GOOD")


def test_a_log_of_which_a_person_was_asked_is_shown_in_its_block_only(on: EvmPayerHands) -> None:
    token = _token(on)
    block = on.tip().hash
    asked = replace(token, txid=f"block:{block}", index=f"{token.txid}:log:0")
    assert on.payer.received(asked, currency="GOOD")
    for other in (
        replace(asked, txid=f"block:{token.txid}"),
        replace(asked, index=f"{token.txid}:log:1"),
        replace(asked, index=f"{token.txid}:tx"),
        replace(asked, index=token.txid),
        replace(asked, units=UNITS + 1),
        replace(asked, address=on.hot),
        replace(token, txid=block, index=f"{token.txid}:log:0"),
    ):
        assert not on.payer.received(other, currency="GOOD"), other
    assert not on.payer.received(asked, currency="ETH")
