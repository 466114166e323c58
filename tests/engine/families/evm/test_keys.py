"""Keys: the addresses that other wallets make of the same words, and a file that keeps them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.chain import NewAddress
from engine.errors import NodeRefused
from engine.families.evm.addresses import is_ours, new_addresses, written
from engine.families.evm.keys import HOT, Keys, new_keystore, open_keys, read_keystore
from tests.nodes.anvil_hands import WORDS, Memory, ether

JUNK = "test test test test test test test test test test test junk"


def test_the_words_make_the_addresses_that_everybody_makes_of_them() -> None:
    keys = Keys(JUNK)  # the development words of hardhat and anvil, whose accounts are public
    assert keys.address("m/44'/60'/0'/0/0") == "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
    assert keys.address("m/44'/60'/0'/0/9") == "0xa0Ee7A142d267C1f36714E4a8F75612F20a79720"
    assert len(keys.private_key(HOT)) == 32


def test_keys_do_not_show_themselves() -> None:
    keys = Keys(JUNK)
    assert "junk" not in repr(keys) + str(keys)


def test_addresses_follow_what_was_stored_and_come_again_until_they_are() -> None:
    """Case 34."""
    keys, memory = Keys(JUNK), Memory()
    first = new_addresses(keys, memory, 2)
    assert new_addresses(keys, memory, 2) == first
    memory.made += first
    assert [new.script for new in new_addresses(keys, memory, 2)] == [
        "m/44'/60'/0'/0/2",
        "m/44'/60'/0'/0/3",
    ]


def test_an_address_is_ours_if_our_seed_makes_it_where_we_say() -> None:
    keys, memory = Keys(JUNK), Memory()
    memory.made = new_addresses(keys, memory, 2)
    ours, other = memory.made[1].address, new_addresses(Keys(WORDS), memory, 1)[0]
    assert is_ours(lambda: keys, memory, ours)
    assert not is_ours(lambda: Keys(WORDS), memory, ours)
    assert not is_ours(lambda: keys, memory, other.address)
    memory.made[0] = NewAddress(ours, memory.made[0].script)
    assert not is_ours(lambda: keys, memory, ours)


def test_an_address_is_written_with_its_checksum() -> None:
    assert written("0x" + "FB6916095CA1DF60BB79CE92CE3EA74C37C5D359".lower()) == (
        "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359"
    )


def test_a_keystore_opens_with_its_passphrase_and_no_other() -> None:
    text = new_keystore("good passphrase")
    words = read_keystore(text, "good passphrase")
    assert len(words.split()) == 24
    assert json.loads(text)["address"] == Keys(words).address(HOT)[2:].lower()
    with pytest.raises(NodeRefused, match="does not open"):
        read_keystore(text, "another passphrase")
    assert words not in text


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"holds": "a single key"}', "\x00"])
def test_what_is_no_keystore_says_so(text: str) -> None:
    with pytest.raises(NodeRefused, match="keystore"):
        read_keystore(text, "x")


def test_a_currency_opens_its_words_or_its_keystore(tmp_path: Path) -> None:
    path = "m/44'/60'/0'/0/0"
    assert open_keys(ether(tmp_path, "http://h:1", {})).address(path) == Keys(WORDS).address(path)
    (tmp_path / "eth.keystore").write_text(new_keystore("a passphrase"))
    kept = {"keystore": f"file:{tmp_path}/eth.keystore", "passphrase": "a passphrase"}
    assert open_keys(ether(tmp_path, "http://h:1", {}, keys=kept)).address(path)


def test_words_with_a_wrong_one_are_refused_without_being_told(tmp_path: Path) -> None:
    wrong = {"mnemonic": WORDS.replace("yellow", "zoo")}
    with pytest.raises(NodeRefused, match="no BIP-39") as caught:
        open_keys(ether(tmp_path, "http://h:1", {}, keys=wrong))
    assert "legal" not in f"{caught.value} {caught.value.detail}"
