"""Addresses of EVM chains, read without a node: 20 bytes in hex, whose capitals are a checksum.

EIP-55: a letter is a capital where the Keccak-256 of the lower-case digits says so. Text all in one
case carries no checksum; it is read, and written with one from then on.
"""

from __future__ import annotations

import re
from functools import lru_cache

EVM_FORM = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
_KEPT_MAX = 4_096  # of addresses that were written last: pages and lists write the same few again
_CAPITAL_FROM = 8  # of the hash's digit at the letter's place


def read_evm_address(text: str) -> str | None:
    """`text` in its EIP-55 form; None if it is no address, or its capitals contradict it."""
    if not EVM_FORM.fullmatch(text):
        return None
    found = written(text)
    digits = text[2:]
    is_one_case = digits in {digits.lower(), digits.upper()}
    return found if is_one_case or text == found else None


@lru_cache(maxsize=_KEPT_MAX)
def written(address: str) -> str:
    """An address (0x and 40 hex digits in any case) in its EIP-55 form."""
    from Crypto.Hash import keccak  # takes a tenth of a second, which only EVM chains need

    digits = address[2:].lower()
    checks = keccak.new(digest_bits=256, data=digits.encode("ascii")).hexdigest()
    letters = (
        letter.upper() if int(check, 16) >= _CAPITAL_FROM else letter
        for letter, check in zip(digits, checks, strict=False)
    )
    return f"0x{''.join(letters)}"
