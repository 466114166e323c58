"""The form of an address of the Bitcoin family, decided without a node.

Base58Check, Bech32 (BIP-173, BIP-350) and CashAddr: which of a network's forms a text has, by its
prefix and its checksum. Whether the address is anybody's, only the node knows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Literal

from engine.coins.model import Network

AddressForm = Literal["pubkey", "script", "bech32", "cashaddr"]

_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BASE32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_STEPS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32_BITS, _BECH32, _BECH32M = 30, 1, 0x2BC830A3
_CASHADDR_STEPS = (0x98F2BC8E61, 0x79B76D99E2, 0xF33E5FB3C4, 0xAE2EABE2A8, 0x1E4F43E470)
_CASHADDR_BITS = 40
_LENGTH_MAX = 120
_HASH_BYTES = 20


def address_form(network: Network, text: str) -> AddressForm | None:
    """Which of `network`'s address forms `text` has; None if none, or a checksum is wrong."""
    if not text.isascii() or len(text) > _LENGTH_MAX:
        return None
    if network.bech32_hrp and _is_bech32(text, network.bech32_hrp):
        return "bech32"
    if network.cashaddr_prefix and _is_cashaddr(text, network.cashaddr_prefix):
        return "cashaddr"
    version = _base58_version(text)
    if version in network.base58_pubkey:
        return "pubkey"
    return "script" if version in network.base58_script else None


def _base58_version(text: str) -> int | None:
    """The version byte of a Base58Check text that holds a 20-byte hash."""
    number = 0
    for letter in text:
        digit = _BASE58.find(letter)
        if digit < 0:
            return None
        number = number * 58 + digit
    if number.bit_length() > 8 * (1 + _HASH_BYTES + 4):
        return None
    raw = number.to_bytes(1 + _HASH_BYTES + 4, "big")
    zeros = len(raw) - len(raw.lstrip(b"\0"))
    if len(text) - len(text.lstrip("1")) != zeros:
        return None
    digest = hashlib.sha256(hashlib.sha256(raw[:-4]).digest()).digest()
    return raw[0] if digest[:4] == raw[-4:] else None


def _is_bech32(text: str, hrp: str) -> bool:
    plain = _one_case(text)
    if plain is None or not plain.startswith(f"{hrp}1"):
        return False
    values = _base32(plain[len(hrp) + 1 :])
    if values is None or len(values) < 8:
        return False
    version, program = values[0], values[1:-6]
    length, odd_bits = divmod(len(program) * 5, 8)
    if (
        version > 16
        or odd_bits > 4
        or not 2 <= length <= 40
        or (not version and length not in {20, 32})
    ):
        return False
    head = [ord(letter) >> 5 for letter in hrp] + [0] + [ord(letter) & 31 for letter in hrp]
    state = _polymod(head + values, _BECH32_STEPS, _BECH32_BITS)
    return state == (_BECH32M if version else _BECH32)


def _is_cashaddr(text: str, prefix: str) -> bool:
    plain = _one_case(text)
    values = _base32(plain.removeprefix(f"{prefix}:")) if plain else None
    if values is None or len(values) != 42:  # version byte, 20-byte hash, 40-bit checksum
        return False
    head = [ord(letter) & 31 for letter in prefix] + [0]
    return _polymod(head + values, _CASHADDR_STEPS, _CASHADDR_BITS) == 1


def _one_case(text: str) -> str | None:
    """`text` in lower case; None if it mixes cases, which both encodings forbid."""
    return text.lower() if text in {text.lower(), text.upper()} else None


def _base32(text: str) -> list[int] | None:
    values = [_BASE32.find(letter) for letter in text]
    return None if -1 in values else values


def _polymod(values: Iterable[int], steps: tuple[int, ...], bits: int) -> int:
    """The remainder that both encodings use as their checksum, `bits` wide."""
    state = 1
    for value in values:
        top = state >> (bits - 5)
        state = (state & ((1 << (bits - 5)) - 1)) << 5 ^ value
        for place, step in enumerate(steps):
            if top >> place & 1:
                state ^= step
    return state
