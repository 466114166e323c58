"""Single values of replies: what is not of its form is odd, never guessed at."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from engine.families.evm import values
from engine.families.evm.blocks import block_of
from engine.families.evm.values import OddValue

HASH = "0x" + "0a" * 32
ADDRESS = "0x" + "Ab" * 20


def test_good_values_are_read() -> None:
    assert values.hash_of(HASH) == HASH
    assert values.quantity_of("0xde0b6b3a7640000") == 10**18
    assert values.address_of(ADDRESS) == ADDRESS.lower()
    assert values.word_of("0x" + "f" * 64) == 2**256 - 1
    assert values.data_of("0x00ff") == b"\x00\xff"
    assert values.table_of({"a": 1}) == {"a": 1}
    assert values.list_of([1]) == [1]
    assert values.is_hash(HASH)


@pytest.mark.parametrize(
    "value", [None, 1, True, "", "0x", "ff", "0x" + "f" * 65, "0xg", "-0x1", []]
)
@pytest.mark.parametrize(
    "read", [values.hash_of, values.quantity_of, values.address_of, values.word_of]
)
def test_what_is_none_is_odd(read: Callable[[object], object], value: object) -> None:
    with pytest.raises(OddValue):
        read(value)


@pytest.mark.parametrize(
    ("read", "value"),
    [
        (values.data_of, "0x0"),
        (values.data_of, None),
        (values.table_of, []),
        (values.list_of, {}),
        (values.list_of, None),
        (values.hash_of, HASH.upper()),
    ],
)
def test_a_value_of_another_shape_is_odd(read: Callable[[object], object], value: object) -> None:
    with pytest.raises(OddValue):
        read(value)


def test_what_cannot_be_a_hash_is_never_asked_for() -> None:
    assert not values.is_hash("00" * 32)
    assert not values.is_hash(None)


@pytest.mark.parametrize("key", ["number", "hash", "parentHash", "timestamp"])
def test_a_header_without_one_of_its_values_is_odd(key: str) -> None:
    header = {"number": "0x1", "hash": HASH, "parentHash": HASH, "timestamp": "0x5"}
    assert block_of(header).height == 1
    with pytest.raises(OddValue):
        block_of({**header, key: None})
