"""Who took a number: found by halving, named by the block, and never guessed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from engine.chain import Standing
from engine.errors import NodeDown, NodeRefused
from engine.sending import Send
from tests.engine.families.evm.doctored import doctored, refused
from tests.nodes.anvil import Anvil
from tests.nodes.payer_hands import EvmPayerHands, signed

pytestmark = pytest.mark.node


@pytest.fixture
def on(anvil: Anvil, tmp_path: Path) -> Iterator[EvmPayerHands]:
    with closing(EvmPayerHands.open(anvil, tmp_path)) as hands:
        yield hands


def _foreign(on: EvmPayerHands, units: int = 5) -> str:
    """Sent with our key by somebody else."""
    txid = on.node.send(on.stranger(), wei=units, by=on.hot)
    on.mine()
    return txid


def test_whoever_uses_our_key_elsewhere_is_named(on: EvmPayerHands) -> None:
    number, send = on.payer.mined_nonce(on.hot), Send(on.hot, "ETH", on.stranger(), 9)
    ours = signed(on, send)
    txid = _foreign(on)
    placed = on.tip()
    on.mine(300)
    found = on.payer.user_of(on.hot, number, tip=on.tip())
    assert found is not None
    assert (found.txid, found.standing, found.block) == (txid, Standing.MINED, placed)
    became = on.payer.outcomes({ours.txid: send}, tip=on.tip())[ours.txid]
    assert became.fact.standing is Standing.ABSENT
    assert on.payer.user_of(on.hot, number, tip=placed) == found


def test_the_search_takes_some_dozens_of_questions_at_most(on: EvmPayerHands) -> None:
    number = on.payer.mined_nonce(on.hot)
    _foreign(on)
    on.mine(300)
    chain, node = doctored(on)
    with closing(chain):
        assert chain.user_of(on.hot, number, tip=on.tip()) is not None
    assert len(node.asked) < 40


def test_a_node_without_the_states_of_before_cannot_tell(on: EvmPayerHands) -> None:
    number = on.payer.mined_nonce(on.hot)
    _foreign(on)
    on.mine(3)
    chain, node = doctored(on)
    node.changes["eth_getTransactionCount"] = refused()
    with closing(chain):
        assert chain.user_of(on.hot, number, tip=on.tip()) is None
        with pytest.raises(NodeRefused):
            chain.mined_nonce(on.hot)


def test_the_states_that_a_node_keeps_are_enough_where_they_reach_far_enough(
    on: EvmPayerHands,
) -> None:
    number = on.payer.mined_nonce(on.hot)
    txid = _foreign(on)
    placed = on.tip().height
    on.mine(120)
    chain, node = doctored(on)
    with closing(chain):
        for forgot, known in ((placed, True), (placed - 1, True), (placed + 1, False)):
            node.forgot = forgot
            found = chain.user_of(on.hot, number, tip=on.tip())
            assert (found is not None and found.txid == txid) is known


@pytest.mark.parametrize("value", [None, 5, "0x", "", "zz", [], {}, "0x" + "1" * 65])
def test_a_count_of_nonsense_is_a_node_that_is_down(on: EvmPayerHands, value: object) -> None:
    chain, node = doctored(on)
    node.changes["eth_getTransactionCount"] = lambda _answer: value
    with closing(chain):
        with pytest.raises(NodeDown, match="malformed"):
            chain.mined_nonce(on.hot)
        with pytest.raises(NodeDown, match="malformed"):
            chain.user_of(on.hot, 0, tip=on.tip())


@pytest.mark.parametrize("row", [5, "0xab", {}, {"from": None}, {"nonce": "zz"}])
def test_a_block_of_nonsense_names_nobody(on: EvmPayerHands, row: object) -> None:
    number = on.payer.mined_nonce(on.hot)
    _foreign(on)
    chain, node = doctored(on)

    def change(block: dict[str, Any]) -> object:
        rows = block["transactions"]
        full = rows and isinstance(rows[0], dict)
        if not full:
            return block
        broken = {**rows[0], **row} if isinstance(row, dict) and row else row
        return {**block, "transactions": [broken]}

    node.changes["eth_getBlockByNumber"] = change
    with closing(chain), suppress(NodeDown):
        assert chain.user_of(on.hot, number, tip=on.tip()) is None
