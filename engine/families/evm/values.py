"""Reading single values of a node's replies strictly: the right type and form, or OddValue.

Hashes and addresses are lower-case hex with 0x here; how an address is written for people is
`addresses`' matter.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_HASH = re.compile(r"0x[0-9a-f]{64}", re.ASCII)
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}", re.ASCII)
_DATA = re.compile(r"0x(?:[0-9a-fA-F]{2})*", re.ASCII)
_WORD = re.compile(r"0x[0-9a-fA-F]{64}", re.ASCII)


class OddValue(Exception):
    """A value of a reply is not of the type and form that it must have."""


def is_hash(value: object) -> bool:
    """Whether `value` has the form of a block hash or txid, so that a node can be asked for it."""
    return isinstance(value, str) and _HASH.fullmatch(value) is not None


def hash_of(value: object) -> str:
    """A block hash or txid. Raises OddValue."""
    if not isinstance(value, str) or not _HASH.fullmatch(value):
        raise OddValue("a hash in it is no hash")
    return value


def quantity_of(value: object) -> int:
    """A number that the node writes in hex. Raises OddValue."""
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise OddValue("a number in it is none")
    return int(value, 16)


def address_of(value: object) -> str:
    """An address in lower case. Raises OddValue."""
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise OddValue("an address in it is none")
    return value.lower()


def word_of(value: object) -> int:
    """A 32-byte word as a number: what contracts return for one. Raises OddValue."""
    if not isinstance(value, str) or not _WORD.fullmatch(value):
        raise OddValue("a contract's answer is no number")
    return int(value, 16)


def data_of(value: object) -> bytes:
    """Bytes. Raises OddValue."""
    if not isinstance(value, str) or not _DATA.fullmatch(value):
        raise OddValue("data in it are no bytes")
    return bytes.fromhex(value[2:])


def table_of(value: object) -> Mapping[str, Any]:
    """A reply, or a part of it, that must be a JSON object. Raises OddValue."""
    if not isinstance(value, dict):
        raise OddValue("not an object")
    return value


def list_of(value: object) -> list[Any]:
    """A reply, or a part of it, that must be a list. Raises OddValue."""
    if not isinstance(value, list):
        raise OddValue("not a list")
    return value
