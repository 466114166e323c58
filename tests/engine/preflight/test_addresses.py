"""An address is what both the node and we read it as."""

from __future__ import annotations

import pytest

from engine.chain import NewAddress
from engine.coins import COINS, Network
from engine.preflight.addresses import disagreement

HASH = "751e76e8199196d454941c45d1b3a323f1433bd6"
MAIN = COINS["BTC"].networks["main"]
SEGWIT = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4"  # from BIP-173
LEGACY = "1BgGZ9tcN4rm9KBzDn7KprQz87SZ26SAMH"  # the same key's hash


@pytest.mark.parametrize(
    ("address", "script"), [(SEGWIT, f"0014{HASH}"), (LEGACY, f"76a914{HASH}88ac")]
)
def test_the_same_form_on_both_sides_agrees(address: str, script: str) -> None:
    assert disagreement(MAIN, NewAddress(address, script)) == ""


@pytest.mark.parametrize(
    ("network", "address", "script"),
    [
        (MAIN, SEGWIT, f"76a914{HASH}88ac"),
        (MAIN, LEGACY, f"0014{HASH}"),
        (MAIN, LEGACY, f"a914{HASH}87"),
        (MAIN, SEGWIT, f"0014{HASH}00"),
        (MAIN, SEGWIT[:-1] + "5", f"0014{HASH}"),
        (COINS["LTC"].networks["main"], SEGWIT, f"0014{HASH}"),
    ],
)
def test_another_form_or_network_is_told(network: Network, address: str, script: str) -> None:
    assert address in disagreement(network, NewAddress(address, script))


def test_addresses_of_other_families_are_not_judged_here() -> None:
    assert disagreement(Network(), NewAddress("0x" + "ab" * 20, "")) == ""
