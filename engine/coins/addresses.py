"""Addresses of the Bitcoin family, read without a node.

Base58Check, Bech32 (BIP-173, BIP-350) and CashAddr: which of a network's forms a text has, by its
prefix and its checksum, and the script that it stands for. Whether the address is anybody's, only
the node knows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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
_TO_SCRIPT_HASH = 1  # CashAddr's type bits; 2 and 3 are the same with room for tokens


@dataclass(frozen=True, slots=True)
class ReadAddress:
    """An address: its form, the one text by which it is compared, the script that it pays (hex),
    and the version byte of a Base58 form or of a witness program, else 0."""

    form: AddressForm
    canonical: str
    script: str
    version: int = 0


def address_form(network: Network, text: str) -> AddressForm | None:
    """Which of `network`'s address forms `text` has; None if none, or a checksum is wrong."""
    found = read_address(network, text)
    return None if found is None else found.form


def read_address(network: Network, text: str) -> ReadAddress | None:
    """`text` as an address of `network`; None if it is none, or a checksum is wrong."""
    if not text.isascii() or len(text) > _LENGTH_MAX:
        return None
    return (
        _read_bech32(text, network.bech32_hrp)
        or _read_cashaddr(text, network.cashaddr_prefix)
        or _read_base58(text, network)
    )


def _read_base58(text: str, network: Network) -> ReadAddress | None:
    raw = _base58_payload(text)
    if raw is None:
        return None
    version, digest = raw[0], raw[1:].hex()
    if version in network.base58_pubkey:
        return ReadAddress("pubkey", text, f"76a914{digest}88ac", version)
    if version in network.base58_script:
        return ReadAddress("script", text, f"a914{digest}87", version)
    return None


def _base58_payload(text: str) -> bytes | None:
    """Version byte and 20-byte hash of a Base58Check text."""
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
    return raw[:-4] if digest[:4] == raw[-4:] else None


def _read_bech32(text: str, hrp: str | None) -> ReadAddress | None:
    plain = _one_case(text)
    if not hrp or plain is None or not plain.startswith(f"{hrp}1"):
        return None
    values = _base32(plain[len(hrp) + 1 :])
    if values is None or len(values) < 8:
        return None
    version, program = values[0], _bytes_of(values[1:-6])
    if version > 16 or program is None or not 2 <= len(program) <= 40:
        return None
    if not version and len(program) not in {20, 32}:
        return None
    head = [ord(letter) >> 5 for letter in hrp] + [0] + [ord(letter) & 31 for letter in hrp]
    state = _polymod(head + values, _BECH32_STEPS, _BECH32_BITS)
    if state != (_BECH32M if version else _BECH32):
        return None
    opcode = 0x50 + version if version else 0
    return ReadAddress("bech32", plain, f"{opcode:02x}{len(program):02x}{program.hex()}", version)


def _read_cashaddr(text: str, prefix: str | None) -> ReadAddress | None:
    plain = _one_case(text)
    if not prefix or plain is None:
        return None
    body = plain.removeprefix(f"{prefix}:")
    values = _base32(body)
    if values is None or len(values) != 42:  # version byte, 20-byte hash, 40-bit checksum
        return None
    head = [ord(letter) & 31 for letter in prefix] + [0]
    if _polymod(head + values, _CASHADDR_STEPS, _CASHADDR_BITS) != 1:
        return None
    raw = _bytes_of(values[:-8])
    if raw is None or raw[0] & 0b10000111 or raw[0] >> 3 > 3:
        return None
    digest = raw[1:].hex()
    is_script = raw[0] >> 3 & 1 == _TO_SCRIPT_HASH
    script = f"a914{digest}87" if is_script else f"76a914{digest}88ac"
    return ReadAddress("cashaddr", f"{prefix}:{body}", script)


def _one_case(text: str) -> str | None:
    """`text` in lower case; None if it mixes cases, which both encodings forbid."""
    return text.lower() if text in {text.lower(), text.upper()} else None


def _base32(text: str) -> list[int] | None:
    values = [_BASE32.find(letter) for letter in text]
    return None if -1 in values else values


def _bytes_of(values: Sequence[int]) -> bytes | None:
    """Groups of five bits as bytes; None unless less than a group is left over, and it is zero."""
    number = 0
    for value in values:
        number = number << 5 | value
    length, odd_bits = divmod(len(values) * 5, 8)
    if odd_bits > 4 or number & ((1 << odd_bits) - 1):
        return None
    return (number >> odd_bits).to_bytes(length, "big")


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
