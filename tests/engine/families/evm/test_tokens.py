"""What a token's contract says of itself is read, and never trusted with a terminal."""

from __future__ import annotations

import pytest

from engine.families.evm.tokens import TokenWords, token_words
from engine.families.evm.transport import Transport
from tests.nodes.anvil import Anvil
from tests.nodes.canned import CannedNode
from tests.nodes.contracts import deploy


@pytest.mark.parametrize(
    ("symbol", "text"),
    [
        ("0x" + "4d4b52".ljust(64, "0"), "MKR"),
        ("0x" + f"{32:064x}{3:064x}" + b"ABC".hex().ljust(64, "0"), "ABC"),
        ("0x" + f"{32:064x}{3:064x}" + b"A\x1bC".hex().ljust(64, "0"), "AC"),
        ("0x", None),
    ],
)
def test_a_symbol_is_read_in_either_form_and_without_control_letters(
    symbol: str, text: str | None
) -> None:
    replies = {"eth_getCode": "0x60", "eth_call": symbol}
    with CannedNode(replies) as canned:
        node = Transport(canned.url)
        assert token_words(node, "0x" + "ab" * 20).symbol == text
        node.close()


@pytest.mark.node
def test_a_contract_that_says_nothing_is_there_all_the_same(anvil: Anvil) -> None:
    node = Transport(anvil.url())
    silent = deploy(anvil, "Refuser").address
    assert token_words(node, silent) == TokenWords(exists=True)
    assert token_words(node, anvil.stranger()) == TokenWords(exists=False)
    node.close()
