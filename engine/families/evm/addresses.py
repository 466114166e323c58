"""Addresses of ours: made one after the other from the seed, and written as EIP-55 has it."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from eth_utils.address import to_checksum_address

from engine.chain import NewAddress
from engine.families.evm.keys import DEPOSITS, Keys
from engine.ours import Ours

_FORM = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)


@lru_cache(maxsize=10_000)  # one send asks for the same few more than ten times
def written(address: str) -> str:
    """An address in its EIP-55 form, whatever its letters' case was."""
    return str(to_checksum_address(address))


def new_addresses(keys: Keys, ours: Ours, count: int) -> list[NewAddress]:
    """The next `count` deposit addresses after those that were stored. Until they are, the same
    come again: which index is used is decided by the database, once for ever."""
    newest = ours.newest_path(DEPOSITS)
    start = 0 if newest is None else int(newest.removeprefix(DEPOSITS)) + 1
    paths = (f"{DEPOSITS}{number}" for number in range(start, start + count))
    return [NewAddress(keys.address(path), path) for path in paths]


def is_ours(open_keys: Callable[[], Keys], ours: Ours, address: str) -> bool:
    """Whether our seed makes this address by the path that is stored with it."""
    path = ours.path_of(address)
    return path is not None and open_keys().address(path) == address


def spelled(address: str) -> str | None:
    """An address from outside in its EIP-55 form; None for what is none. Letters in two cases are a
    checksum, which must be right."""
    if not _FORM.fullmatch(address):
        return None
    found = written(address)
    return found if address in {found, address.lower()} else None
