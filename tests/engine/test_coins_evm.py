"""Addresses of EVM chains are read with their checksum, and their chains are known by number."""

from __future__ import annotations

import pytest
from eth_utils.address import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from engine.coins import EVM_CHAINS, read_evm_address
from engine.coins.eip55 import written

# From EIP-55 itself: all capitals, all small, and mixed.
VECTORS = [
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]
TWENTY_BYTES = st.binary(min_size=20, max_size=20).map(lambda raw: f"0x{raw.hex()}")


@pytest.mark.parametrize("address", VECTORS)
def test_what_the_standard_writes_is_read_in_every_case(address: str) -> None:
    for text in (address, f"0x{address[2:].lower()}", f"0x{address[2:].upper()}"):
        assert read_evm_address(text) == address


@given(TWENTY_BYTES)
def test_it_is_written_as_the_nodes_own_library_writes_it(address: str) -> None:
    assert written(address) == to_checksum_address(address)
    assert read_evm_address(written(address)) == written(address)


@given(TWENTY_BYTES, st.integers(2, 41))
def test_one_letter_in_the_wrong_case_is_no_address(address: str, place: int) -> None:
    good = written(address)
    letter = good[place]
    changed = f"{good[:place]}{letter.swapcase()}{good[place + 1 :]}"
    digits = changed[2:]
    if not letter.isalpha() or digits in {digits.lower(), digits.upper()}:
        return
    assert read_evm_address(changed) is None


@given(st.text(max_size=60))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    assert read_evm_address(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "0x",
        "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed0",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\n",
        " 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0x" + "\uff11" * 40,
    ],
)
def test_another_form_is_no_address(text: str) -> None:
    assert read_evm_address(text) is None


def test_no_two_chains_have_one_name_and_test_chains_are_marked() -> None:
    names = [chain.name for chain in EVM_CHAINS.values()]
    assert len(set(names)) == len(names)
    assert {chain_id for chain_id, chain in EVM_CHAINS.items() if chain.test} >= {
        *(5, 17_000, 560_048, 11_155_111),
    }
    assert not any(EVM_CHAINS[chain_id].test for chain_id in (1, 10, 56, 137, 8_453, 42_161))
