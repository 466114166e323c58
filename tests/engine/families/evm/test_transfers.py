"""What logs brought: never more than the balance grew by, to the unit."""

from __future__ import annotations

import pytest

from engine.families.evm.transfers import BALANCE_OF, TRANSFER, Brought, Transfer, brought

TOKEN, US, THEM = "0x" + "cc" * 20, "0x" + "aa" * 20, "0x" + "bb" * 20
OURS = (TOKEN, US)


def log(place: int, units: int, *, to: str = US, sender: str = THEM) -> Transfer:
    return Transfer("0x" + "01" * 32, place, TOKEN, sender, to, units)


def test_topic_and_selector_are_those_of_the_standard() -> None:
    assert TRANSFER == "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
    assert BALANCE_OF == "0x70a08231"


@pytest.mark.parametrize(
    ("said", "grown", "units"),
    [
        ([100], 100, [100]),
        ([100], 98, [98]),
        ([100], 0, [0]),
        ([100], -5, [0]),
        ([100, 50], 150, [100, 50]),
        ([100, 50], 120, [100, 20]),
        ([100, 50], 90, [90, 0]),
        ([100], 130, [100]),
        ([100, 50], None, [None, None]),
    ],
)
def test_logs_bring_what_the_balance_grew_by(
    said: list[int], grown: int | None, units: list[int | None]
) -> None:
    logs = [log(place, each) for place, each in enumerate(said)]
    came = list(brought(logs, {OURS: grown}).values())
    assert [each.units for each in came] == units
    good = grown is not None and grown >= sum(said)
    assert {each.proved for each in came} == {good}


def test_what_left_the_address_in_the_same_block_is_added_again() -> None:
    logs = [log(0, 100), log(1, 30, to=THEM, sender=US)]
    assert brought(logs, {OURS: 70}) == {0: Brought(100, proved=True)}


def test_other_addresses_are_no_business_of_ours() -> None:
    assert brought([log(0, 100, to=THEM)], {OURS: 0}) == {}
