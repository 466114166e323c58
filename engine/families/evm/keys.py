"""The keys of one EVM chain: a BIP-39 seed, and the addresses and keys that BIP-32 derives of it.

Read by the engine's process only; a `Keys` never shows itself. Derivation and encryption are
eth-account's and eth-keyfile's.
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from eth_account.hdaccount import key_from_seed, seed_from_mnemonic
from eth_account.hdaccount.mnemonic import Mnemonic
from eth_account.types import Language
from eth_keyfile.keyfile import create_keyfile_json, decode_keyfile_json
from eth_keys.datatypes import PrivateKey
from eth_utils.exceptions import ValidationError

from engine.config import Currency
from engine.errors import NodeRefused
from engine.families.evm.recursion import bound_recursion

bound_recursion()

DEPOSITS = "m/44'/60'/0'/0/"
HOT = "m/44'/60'/1'/0/0"
ENTROPY_BYTES = 32  # 24 words
NO_CODE = 0  # no node said it
HOLDS = "BIP-39 entropy of 24 words"


class Keys:
    """One seed. `address` and `private_key` take a path such as m/44'/60'/0'/0/7."""

    __slots__ = ("_hot", "_seed")

    def __init__(self, words: str) -> None:
        self._seed = seed_from_mnemonic(words, "")
        self._hot = self._derived(HOT)  # asked for with each payment

    def address(self, path: str) -> str:
        """The address of `path` in its EIP-55 form."""
        key = PrivateKey(self.private_key(path))
        return str(key.public_key.to_checksum_address())

    def private_key(self, path: str) -> bytes:
        """The secret itself: for the one call that signs."""
        return self._hot if path == HOT else self._derived(path)

    def _derived(self, path: str) -> bytes:
        return bytes(key_from_seed(self._seed, path))

    def __repr__(self) -> str:
        return "Keys(secret)"


def open_keys(currency: Currency) -> Keys:
    """The keys that cashier.toml names. Raises NodeRefused in words when they are of no use."""
    given = currency.keys
    if given is None:
        raise _unusable("cashier.toml names none", 'give keys = { mnemonic = "env:…" }')
    if given.mnemonic is not None:
        return _of_words(given.mnemonic.reveal())
    if given.keystore is None or given.passphrase is None:
        raise _unusable("cashier.toml names no mnemonic and no keystore", "name one of them")
    return _of_words(read_keystore(given.keystore.reveal(), given.passphrase.reveal()))


def _of_words(words: str) -> Keys:
    try:
        return Keys(" ".join(words.split()))
    except (ValidationError, ValueError, TypeError):
        raise _unusable("the words are no BIP-39 mnemonic", "check them one by one") from None


def new_keystore(passphrase: str) -> str:
    """A keystore file with fresh keys, encrypted by `passphrase`: the JSON that wallets write
    (version 3), around the entropy of 24 words instead of a single key."""
    entropy = secrets.token_bytes(ENTROPY_BYTES)
    keys = Keys(_words_of(entropy))
    made: dict[str, Any] = create_keyfile_json(entropy, passphrase.encode(), kdf="scrypt")
    made["address"] = keys.address(HOT)[2:].lower()
    made["holds"] = HOLDS
    return json.dumps(made, indent=2) + "\n"


def read_keystore(text: str, passphrase: str) -> str:
    """The words in a keystore that `new_keystore` made. Raises NodeRefused."""
    try:
        parsed = json.loads(text)
        if parsed.get("holds") != HOLDS:
            raise _unusable("the keystore is not one of `cashier keys new`", "make one with it")
        entropy = bytes(decode_keyfile_json(parsed, passphrase.encode()))
    except (AttributeError, KeyError, TypeError, ValueError):
        raise _unusable("the keystore does not open", "check the file and its passphrase") from None
    return _words_of(entropy)


def _words_of(entropy: bytes) -> str:
    return str(Mnemonic(Language.ENGLISH).to_mnemonic(entropy))


def _unusable(why: str, cure: str) -> NodeRefused:
    return NodeRefused(f"the keys cannot be used: {why}; {cure}", rpc_code=NO_CODE)
