"""Units are exact at any size, flags are flags, and nothing else gets in."""

from __future__ import annotations

from decimal import Decimal

import pytest

from db.fields import FlagField, UnitsField
from db.models import Balance, Client

SIZES = (0, 1, -1, 2**63 - 1, 2**63, -(2**63) - 1, 10**18 * 10**9, 2**200, -(2**200), 2**256)


def test_units_of_any_size_come_back_as_they_went_in(database: str) -> None:
    assert database
    for units in SIZES:
        Balance.create(account=f"client:{units}", currency="ETH", units=units)
    found = [row.units for row in Balance.select()]
    assert {type(units) for units in found} == {int}
    assert sorted(found) == sorted(SIZES)


@pytest.mark.parametrize("bad", [1.0, "1", True, Decimal(1), b"1"])
def test_what_is_no_integer_is_no_units(bad: object) -> None:
    with pytest.raises(TypeError, match="units must be an integer"):
        UnitsField().db_value(bad)


def test_no_units_stay_none() -> None:
    assert UnitsField().db_value(None) is None
    assert UnitsField().python_value(None) is None


def test_flags_come_back_as_booleans_and_are_found_by_number(database: str) -> None:
    assert database
    for name, blocked in (("ann", True), ("bob", False)):
        Client.create(id=name, created_at="", blocked=blocked)
    assert [row.id for row in Client.select().where(Client.blocked == 1)] == ["ann"]
    assert [row.id for row in Client.select().where(Client.blocked == 0)] == ["bob"]
    assert Client.get_by_id("ann").blocked is True
    assert Client.get_by_id("bob").blocked is False


def test_a_flag_may_be_unknown() -> None:
    assert FlagField().db_value(None) is None
    assert FlagField().python_value(None) is None
