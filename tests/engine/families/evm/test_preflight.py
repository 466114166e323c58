"""Keys against the addresses that are stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.errors import NodeRefused
from engine.families.evm.keys import HOT, Keys
from engine.families.evm.preflight import foreign_addresses
from tests.nodes.anvil_hands import WORDS, ether

PATHS = ("m/44'/60'/0'/0/0", "m/44'/60'/0'/0/1", HOT)


def test_an_address_of_other_keys_or_another_path_is_foreign(tmp_path: Path) -> None:
    keys, currency = Keys(WORDS), ether(tmp_path, "http://h:1", {})
    known = [(keys.address(path), path) for path in PATHS]
    assert foreign_addresses(currency, known) == []
    swapped = (known[0][0], known[1][1])
    assert foreign_addresses(currency, [swapped, known[2]]) == [known[0][0]]


def test_keys_that_are_none_are_refused_in_words(tmp_path: Path) -> None:
    currency = ether(tmp_path, "http://h:1", {}, keys={"mnemonic": "no words"})
    with pytest.raises(NodeRefused, match="cannot be used"):
        foreign_addresses(currency, [])
