"""What the demo writes as cashier.toml is what it meant."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from demo import toml

_TEXTS = some.text(some.characters(exclude_categories=["Cs"]), max_size=20)
_PLAIN = _TEXTS | some.booleans() | some.integers(-(2**60), 2**60)
_VALUES = some.recursive(
    _PLAIN,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=6,
)


@given(some.dictionaries(some.from_regex(r"[a-z_]{1,8}", fullmatch=True), _VALUES, max_size=4))
def test_every_table_is_read_back_as_it_was(table: dict[str, Any]) -> None:
    assert tomllib.loads(toml.dump({"web": table, "currency.LTC": table})) == {
        "web": table,
        "currency": {"LTC": table},
    }


@pytest.mark.parametrize("value", [None, 0.5, object()])
def test_what_has_no_place_in_a_configuration_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="no place"):
        toml.dump({"web": {"key": value}})
